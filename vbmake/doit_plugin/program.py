"""The program `vbmake`: doit with the film's loader as default and vbmake's own commands."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from doit.doit_cmd import DoitMain

from vbmake.doit_plugin import prompted, words
from vbmake.doit_plugin.cmd_clean import Clean
from vbmake.doit_plugin.cmd_core import Forget, Ignore, TabCompletion
from vbmake.doit_plugin.cmd_help import Help
from vbmake.doit_plugin.cmd_info import Info
from vbmake.doit_plugin.cmd_list import List
from vbmake.doit_plugin.cmd_run import Run
from vbmake.doit_plugin.command import INTERRUPTED
from vbmake.doit_plugin.encoding import bear_all
from vbmake.doit_plugin.hearing import as_before, stand_in, tell_all, to_the_end
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.errors import VbmakeError

_EMPTY = "\0"  # no argument of a program can hold it
# doit's commands that speak of its own state file or of shell actions mean nothing in a film's project
LEFT_OUT = ("dumpdb", "reset-dep", "strace")


class Program(DoitMain):  # type: ignore[misc]  # doit has no types
    """doit's main program under vbmake's name."""

    BIN_NAME = "vbmake"
    DOIT_CMDS: ClassVar[tuple[Any, ...]] = (Help, Run, List, Info, Clean, Forget, Ignore, TabCompletion)

    def get_cmds(self) -> Any:
        commands = super().get_cmds()
        for name in LEFT_OUT:
            commands.pop(name, None)
        for name in words.COMMANDS:
            commands[name] = words.load(name)
        return commands

    def process_args(self, cmd_args: list[str]) -> list[str]:
        """As doit's, which cannot take an empty argument."""
        kept = super().process_args([arg or _EMPTY for arg in cmd_args])
        return ["" if arg == _EMPTY else arg for arg in kept]

    @staticmethod
    def print_version() -> None:
        print(f"vbmake {program_version()}")

    def run(self, all_args: list[str]) -> Any:
        if all_args and all_args[0] in ("--help", "-h"):
            all_args = ["help"]
        return super().run(all_args)


def program_version() -> str:
    """The version of vbmake, as installed."""
    try:
        return version("vbmake")
    except PackageNotFoundError:
        return "(not installed)"


def _build(root: Path, options: list[str]) -> int:
    return int(Program(task_loader=VideoLoader(root)).run(["run", *options]) or 0)


def _means_value(given: list[str]) -> bool:
    """Whether every empty argument is for a command of vbmake's own to judge: a value, or the name of a project."""
    own = given[0] in words.COMMANDS or prompted.is_meant(given)
    after = all(given[index - 1].startswith("--") for index, argument in enumerate(given) if not argument)
    return given[0] == "new" or (own and after)


def _perform(given: list[str]) -> int:
    if prompted.is_meant(given):
        return prompted.run(given, _build)
    return int(Program(task_loader=VideoLoader()).run(given) or 0)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    stand_in()
    bear_all()
    if "" in given and not _means_value(given):
        sys.stderr.write("an empty argument names no command, job or target; `vbmake help` lists the commands\n")
        return 3
    try:
        with as_before():
            tell_all()
            return int(to_the_end(lambda: _perform(given)))
    except VbmakeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
