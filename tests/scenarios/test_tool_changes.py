"""Another release of a tool remakes what it made, also where a build has been remembered as complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from tests.scenarios.world import REPOSITORY, SMALL, World

TOOL = '#!/bin/sh\nif [ "$1" = --version ]; then echo {version}; else cp "$1" "$2"; fi\n'


def program(folder: Path, version: str) -> None:
    """A program whose name begins like Python's."""
    path = folder / "python-tool"
    path.write_text(TOOL.format(version=version))
    path.chmod(0o755)


def package(folder: Path, version: str) -> None:
    """A Python package that is installed where PYTHONPATH leads."""
    for info in folder.glob("*.dist-info"):
        (info / "METADATA").unlink()
        info.rmdir()
    info = folder / f"tested-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tested\nVersion: {version}\n")


def declare(world: World, *needs: str) -> None:
    """A film with a picture that the program makes."""
    rule = {
        "rule": "own",
        "about": "Of a test.",
        "version": 1,
        "reads": {"image": "files"},
        "makes": {"picture": "png"},
    }
    command = ["python-tool", "{{ image[0] }}", "{{ picture }}"]
    told = {**rule, "needs": list(dict.fromkeys(["python-tool", *needs])), "command": command}
    world.write("rules/own.yaml", yaml.safe_dump(told))
    cv2.imwrite(str(world.root / "a.png"), np.full((36, 64, 3), 99, np.uint8))
    layers = [{"make": "own", "image": "a.png"}]
    world.declare({**SMALL, "scenes": [{"id": "one", "duration": "1s", "layers": layers}]})


@pytest.mark.parametrize(("tool", "install"), [("python-tool", program), ("python:tested", package)])
def test_another_release_is_noticed(
    world: World, tmp_path: Path, tool: str, install: Callable[[Path, str], None]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    program(tools, "1.0")
    install(tools, "1.0")
    declare(world, tool)
    variables = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": f"{REPOSITORY}:{tools}"}
    for _ in range(5):
        assert world.doit("run", **variables).code == 0
        if (world.root / ".vbmake/stamp.json").exists():
            break
    assert (world.root / ".vbmake/stamp.json").exists()
    install(tools, "2.0")
    assert "ran      own:" in world.doit("run", **variables).out


@pytest.mark.parametrize("mode", [None, 0o644])
def test_another_program_that_comes_first_is_noticed(world: World, tmp_path: Path, mode: int | None) -> None:
    """Also one that was there before, and could not be run."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    program(second, "1.0")
    if mode is not None:
        program(first, "2.0")
        (first / "python-tool").chmod(mode)
    declare(world)
    variables = {"PATH": f"{first}:{second}:{os.environ['PATH']}"}
    for _ in range(5):
        assert world.doit("run", **variables).code == 0
        if (world.root / ".vbmake/stamp.json").exists():
            break
    assert "nothing to do" in world.doit("run", **variables).out or "current" in world.doit("run", **variables).out
    if mode is None:
        program(first, "2.0")
    (first / "python-tool").chmod(0o755)
    again = world.doit("run", **variables)
    assert "ran      own:" in again.out, again.text
