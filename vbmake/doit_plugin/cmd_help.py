"""`doit help`: doit's own, with vbmake's commands where they may be used."""

from __future__ import annotations

from typing import Any

from doit import cmd_help

from vbmake.doit_plugin import words
from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.loader import VideoLoader


class Help(ProjectCommand, cmd_help.Help):  # type: ignore[misc]  # doit has no types
    """doit's `help`."""

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        if isinstance(self.loader, VideoLoader):
            self.cmds.update({name: words.load(name) for name in words.COMMANDS})
        return super().perform(params, args)

    def adopt(self, params: Any) -> None:
        """As for every command, but help is given also where there is no project."""
        explicit = isinstance(self.loader, VideoLoader)
        if not explicit:
            super().adopt(params)
