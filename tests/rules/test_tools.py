"""Tools: found, named for the key, or missing with a way to get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.workshop import own, shipped
from vbmake.errors import MissingTool
from vbmake.rules.tools import TOOLS, find_tool, tool_identity


def program(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one empty folder of ours, beside the shell's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize("name", ["pdftoppm", "dot", "fluidsynth"])
def test_a_missing_tool_is_told_with_the_packages_that_bring_it(name: str, bare_path: Path) -> None:
    with pytest.raises(MissingTool) as caught:
        tool_identity(name)
    assert caught.value.tool == name
    for how in (TOOLS[name].apt, TOOLS[name].brew, TOOLS[name].winget):
        assert how
        assert how in caught.value.hint


def test_a_missing_python_package_is_told_with_its_install_command() -> None:
    with pytest.raises(MissingTool, match="pip install no-such-package-at-all"):
        tool_identity("python:no-such-package-at-all")


def test_chromium_goes_by_many_names(bare_path: Path) -> None:
    program(bare_path / "google-chrome", "echo Google Chrome 140.0.1")
    assert find_tool("chromium") == str(bare_path / "google-chrome")
    assert tool_identity("chromium") == "Google Chrome 140.0.1"


def test_the_identity_is_the_version_line_of_either_stream(bare_path: Path) -> None:
    program(bare_path / "dot", "echo warning: no display; echo 'dot - graphviz  version 12.1.0 (2024)' >&2")
    assert tool_identity("dot") == "dot - graphviz version 12.1.0 (2024)"


def test_a_replaced_program_has_another_identity(bare_path: Path) -> None:
    program(bare_path / "mytool", "echo mytool 1.0")
    before = tool_identity("mytool")
    program(bare_path / "mytool", "echo mytool 1.0.1")
    assert (before, tool_identity("mytool")) == ("mytool 1.0", "mytool 1.0.1")


def test_a_program_that_tells_no_version_is_known_by_its_bytes_and_not_by_its_place(bare_path: Path) -> None:
    program(bare_path / "silent", "exit 3")
    program(bare_path / "copied", "exit 3")
    assert tool_identity("silent").startswith("sha256 ")
    assert tool_identity("silent") == tool_identity("copied")


def test_a_variable_names_another_program(bare_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = program(tmp_path / "other", "echo dot 9.9")
    monkeypatch.setenv("VBMAKE_DOT", str(other))
    assert (find_tool("dot"), tool_identity("dot")) == (str(other), "dot 9.9")
    monkeypatch.setenv("VBMAKE_DOT", str(tmp_path / "gone"))
    with pytest.raises(MissingTool, match=r"VBMAKE_DOT is .*gone"):
        find_tool("dot")


def test_a_soundfont_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    font = tmp_path / "piano.sf2"
    font.write_bytes(b"RIFF one")
    monkeypatch.setenv("VBMAKE_SOUNDFONT", str(font))
    one = tool_identity("soundfont")
    font.write_bytes(b"RIFF two!")
    assert one != tool_identity("soundfont")
    assert str(tmp_path) not in one


def test_the_machines_soundfont_is_needed_only_where_the_project_gives_none() -> None:
    rule = shipped("midi-music")
    assert rule.tools() == ("fluidsynth", "soundfont")
    assert rule.tools({"midi", "soundfont"}) == ("fluidsynth",)


def test_editing_a_rules_own_file_or_command_makes_another_key(tmp_path: Path) -> None:
    text = "makes: {note: txt}\nneeds: [python, ./draw.py]\ncommand: [python, ./draw.py, '{{ note }}']\n"
    rule = own(tmp_path, text)
    script = tmp_path / "rules" / "draw.py"
    script.write_text("one")
    before = tool_identity("./draw.py", rule)
    script.write_text("other")
    assert before != tool_identity("./draw.py", rule)
    assert rule.recipe() != own(tmp_path, text.replace("'{{", "--fast, '{{")).recipe()
    assert shipped("shot").recipe() == ""
