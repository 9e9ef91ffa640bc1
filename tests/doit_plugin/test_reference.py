"""Every command has help, and the documentation is that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doit_plugin.conftest import REPOSITORY
from vbmake.doit_plugin import words
from vbmake.doit_plugin.program import Program
from vbmake.doit_plugin.reference import commands_page


def test_the_documentation_of_the_commands_is_their_own_help() -> None:
    page = Path(REPOSITORY / "docs" / "commands.md").read_text("utf-8")
    assert page == commands_page(), "run: python -m vbmake.doit_plugin.reference > docs/commands.md"


@pytest.mark.parametrize("name", words.COMMANDS)
def test_every_command_of_vbmakes_own_says_what_it_is_for(name: str) -> None:
    command = words.load(name)
    assert command.get_name() == name
    assert command.doc_purpose
    assert command.doc_description
    for option in command.cmd_options:
        assert option["help"]


def test_no_command_of_vbmakes_own_is_an_entry_point() -> None:
    import tomllib

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    overridden = set(project["entry-points"]["doit.COMMAND"])
    assert not overridden & set(words.COMMANDS)
    core = {cls.get_name() for cls in Program.__mro__[1].DOIT_CMDS}
    assert overridden == core, "every core command must know films, or say that it is not for them"
