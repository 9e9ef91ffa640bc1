"""A whole project in a directory of its own: declared as plain data, built by the product, and looked at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from vbmake.run.build import BuildResult, run_build
from vbmake.run.executor import ThreadExecutor

REPOSITORY = Path(__file__).parents[2]
SMALL: Mapping[str, Any] = {"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft"}
"""The head of a declaration whose film is made fast."""


@dataclass(frozen=True)
class Built:
    """What a build did: the ids of jobs by how they were done, and the bytes of every final target by its path."""

    ran: frozenset[str]
    fetched: frozenset[str]
    current: frozenset[str]
    targets: Mapping[str, bytes]
    result: BuildResult


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class World:
    """A project's directory and the local cache that its builds use."""

    root: Path
    cache: Path
    variables: Mapping[str, str] = field(default_factory=dict)  # of the environment, for every build

    def declare(self, declaration: Mapping[str, Any] | str) -> World:
        """Write `video.yaml`: plain data as JSON (which is YAML), or the text itself."""
        self.root.mkdir(parents=True, exist_ok=True)
        text = declaration if isinstance(declaration, str) else json.dumps(declaration, indent=1, ensure_ascii=False)
        (self.root / "video.yaml").write_text(text, encoding="utf-8")
        return self

    def write(self, path: str, content: bytes | str) -> World:
        """Write a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def add(self, *files: Path) -> World:
        """Copy media into the project, by their names."""
        self.root.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copyfile(file, self.root / file.name)
        return self

    def build(self, jobs: int = 2) -> Built:
        """Build in this process. Every job must succeed."""
        with self._environment():
            result = run_build(self.root, executor=ThreadExecutor(jobs), publish=False)
        assert result.ok, {name: str(error) for name, error in result.failures.items()}

        def how(word: str) -> frozenset[str]:
            return frozenset(name for name, outcome in result.outcomes.items() if outcome.how == word)

        targets = {path: (self.root / path).read_bytes() for path in result.targets}
        return Built(how("ran"), how("fetched"), how("current"), targets, result)

    def doit(self, *args: str, cwd: Path | None = None, **variables: str) -> Ended:
        """`vbmake ARGS` in the project, as a program of its own."""
        told = {**self.variables, **variables}
        return run_program(["-m", "tests.scenarios.program", *args], cwd or self.root, self.cache, **told)

    def copy(self, root: Path, cache: Path | None = None) -> World:
        """The same project, with all that was built, elsewhere; with a copy of its cache where a place is given."""
        shutil.copytree(self.root, root, symlinks=True)
        if cache is not None and self.cache.exists():
            shutil.copytree(self.cache, cache)
        return World(root, cache or self.cache, self.variables)

    def cold(self, root: Path, cache: Path) -> World:
        """The same sources elsewhere, with nothing built and an empty cache: a fresh clone."""
        shutil.copytree(self.root, root, symlinks=True, ignore=shutil.ignore_patterns(".vbmake", "build"))
        return World(root, cache, self.variables)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        with mock.patch.dict(os.environ, {"VBMAKE_CACHE_DIR": str(self.cache), **self.variables}):
            yield


def environment(cache: Path, **variables: str) -> dict[str, str]:
    """What programs see: nothing of the settings of whoever runs the tests. A warning of the product's is an error."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("VBMAKE", "DOIT"))}
    own |= {"PYTHONPATH": str(REPOSITORY), "VBMAKE_CACHE_DIR": str(cache)}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error", **variables}


def run_program(args: list[str], cwd: Path, cache: Path, **variables: str) -> Ended:
    """Run Python in `environment`."""
    ended = subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env=environment(cache, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)
