"""`doit help`: doit's own; where a film is concerned, with vbmake's commands and in its words."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from doit import cmd_help

from vbmake.doit_plugin import words
from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.loader import VideoLoader

# What doit's commands do for a film; their own purposes speak of dodo files and of doit's state file.
PURPOSES = {
    "run": "build: everything, or the jobs, groups and targets that are named (so does no command at all)",
    "list": "list what is built; --all lists every job, -s its state",
    "info": "show a job: rule, inputs, outputs, log, state",
    "clean": "remove what was built, all or the named; sources are never touched",
    "forget": "drop the record of jobs, so that they are built (or fetched) anew",
    "ignore": "leave jobs out of builds, until `forget`",
    "help": "show this, or the usage of a command",
    "tabcompletion": "print a script by which bash or zsh complete commands and jobs",
}


def purpose(name: str, command: Any) -> str:
    """What a command does, in one line, for someone who makes films."""
    return PURPOSES.get(name) or str(command.doc_purpose)


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

    def print_usage(self, cmds: Mapping[str, Any]) -> None:
        """The list of commands."""
        if not isinstance(self.loader, VideoLoader):
            super().print_usage(cmds)
            return
        first = ["run", *words.COMMANDS]
        order = [*first, *(name for name in PURPOSES if name not in first and name in cmds)]
        rows = "\n".join(f"  {self.bin_name} {name:<14} {purpose(name, cmds[name])}" for name in order)
        sys.stdout.write(
            f"vbmake: make for video. `{self.bin_name}` in a directory with a video.yaml builds its films.\n\n"
            f"{rows}\n\n"
            f"  {self.bin_name} help COMMAND   the usage and the options of a command\n"
            f"  {self.bin_name} --prompt TEXT --output DIR   from a prompt straight to the film (options: help new)\n"
        )
