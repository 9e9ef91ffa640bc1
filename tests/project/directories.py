"""Projects written to a temporary directory, and their mistakes as lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbmake.errors import Problem, ProjectError
from vbmake.project.load import load_project
from vbmake.project.models import Film, Project, Scene


def write(root: Path, text: str | bytes, files: dict[str, str | bytes] | None = None) -> Path:
    """Write a declaration and other files (empty media hold one byte)."""
    for name, content in {"video.yaml": text, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def load(root: Path, text: str | bytes, files: dict[str, str | bytes] | None = None) -> Project:
    return load_project(write(root, text, files))


def film(root: Path, text: str, files: dict[str, str | bytes] | None = None) -> Film:
    """The one film of a declaration; `vbmake: 1` is added."""
    return load(root, "vbmake: 1\n" + text, files).films[0]


def scenes(root: Path, text: str, files: dict[str, str | bytes] | None = None) -> list[Scene]:
    return film(root, text, files).scenes


def mistakes(root: Path, text: str | bytes, files: dict[str, str | bytes] | None = None) -> list[Problem]:
    """The problems of a declaration that is wrong."""
    with pytest.raises(ProjectError) as caught:
        load(root, text, files)
    return list(caught.value.problems)


def mistake(root: Path, text: str, files: dict[str, str | bytes] | None = None) -> Problem:
    """The only problem of a declaration; `vbmake: 1` is its first line."""
    found = mistakes(root, "vbmake: 1\n" + text, files)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]
