"""`doit help`: doit's own; where a film is concerned, with vbmake's commands and in its words."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit import cmd_help
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin import where, words
from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.unknown import alike

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

    foresees = True

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        if isinstance(self.loader, VideoLoader):
            self.cmds.update({name: words.load(name) for name in words.COMMANDS})
            if len(args) > 1:
                raise InvalidCommand(f"help takes one word, found {' '.join(args)}; such as `{self.bin_name} help run`")
            if args and args[0] != "task" and args[0] not in self.cmds:
                self._seek(params, args[0])
        return super().perform(params, args)

    def _seek(self, params: Any, word: str) -> None:
        """Prepare for looking a word up among the jobs. Raises InvalidCommand where there are none."""
        if self.loader.root is None and where.nearest(Path(params.get("cwdPath") or ".").resolve()) is None:
            near = alike(word, self.cmds)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            raise InvalidCommand(f"{word} is no command; {hint}`{self.bin_name} help` shows the commands")
        super().adopt(params)

    def _execute(self, pos_args: list[str]) -> bool:
        found = bool(super()._execute(pos_args))
        if not found and isinstance(self.loader, VideoLoader):
            raise InvalidCommand(self._unknown(pos_args[0]))
        return found

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
