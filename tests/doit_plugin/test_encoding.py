"""Terminals and pipes that do not take every character."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doit_plugin.conftest import Shell, declare

TITLE = "Größe — ✓"


def titled(shell: Shell, **more: Any) -> None:
    declare(shell.here, {"id": "copy:a", "makes": {"o": "build/a.txt"}, "title": TITLE, "final": True, **more})


@pytest.mark.parametrize("coding", ["latin-1", "ascii", "utf-8"])
def test_a_build_on_a_terminal_shows_bars_of_what_its_encoding_has(shell: Shell, coding: str) -> None:
    began = shell.here / "tries"
    declare(
        shell.here,
        {"id": "copy:a", "makes": {"o": "a.txt"}, "title": TITLE},
        {
            "id": "sleep:b",
            "reads": {"a": ["copy:a#o"]},
            "makes": {"o": "b.txt"},
            "options": {"began": str(began), "seconds": "0.3"},
            "final": True,
        },
    )
    shown = shell.on_terminal(PYTHONIOENCODING=coding)
    assert (shown.code, shown.in_order) == (0, True), shown.data
    assert b"sleep:b" in shown.data
    assert b"\\u" not in shown.data
    assert ("\u2801" <= max(shown.data.decode(coding)) <= "\u28ff") is (coding == "utf-8")


@pytest.mark.parametrize("command", ["list --all", "info copy:a", "plan --all", "why copy:a", "run", "help"])
def test_what_an_encoding_lacks_is_told_with_backslashes(shell: Shell, command: str) -> None:
    titled(shell)
    ended = shell.doit(*command.split(), PYTHONIOENCODING="ascii")
    assert "Error" not in ended.err
    assert (r"Gr\xf6\xdfe \u2014 \u2713" in ended.out) is (command in ("list --all", "info copy:a"))


def test_json_is_json_in_any_encoding(shell: Shell) -> None:
    titled(shell, id=f"copy:{TITLE}")
    for coding in ("ascii", "utf-8"):
        (job,) = json.loads(shell.doit("plan", "--json", PYTHONIOENCODING=coding).out)["jobs"]
        assert job["id"] == f"copy:{TITLE}"


def test_a_foreign_project_keeps_the_errors_of_its_streams(shell: Shell) -> None:
    (shell.here / "dodo.py").write_text(
        "import sys\nprint(sys.stdout.errors)\ndef task_a():\n    return {'actions': []}\n"
    )
    assert shell.doit("list", PYTHONIOENCODING="ascii").out.splitlines()[0] == "strict"
