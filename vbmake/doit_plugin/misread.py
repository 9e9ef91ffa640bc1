"""What is wrong with the options of a command line, in a line: doit's own words list every option object there is."""

from __future__ import annotations

import getopt
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

_WRONG_TYPE = re.compile(r"Error parsing parameter '(?P<name>\w+)' <class 'int'>\..*: '(?P<found>.*)'\s*", re.DOTALL)
_NO_VALUE = r" requires argument\Z"


def misread(command: Any, error: Exception) -> str:
    """What to say of an error that parsing the options of a command ended with."""
    listing = f"`{command.bin_name} help {command.name}` lists the options"
    cause = error if isinstance(error, getopt.GetoptError) else error.__context__
    if not isinstance(cause, getopt.GetoptError):
        if wrong := _WRONG_TYPE.fullmatch(str(error)):
            return f"{_flag(command, wrong['name'])} wants a whole number, not {wrong['found']}; {listing}"
        return f"{' '.join(str(error).split())}; {listing}"
    if "not recognized" not in cause.msg:
        return f"{re.sub(_NO_VALUE, ' wants a value', cause.msg.removeprefix('option '))}; {listing}"
    flag = f"--{cause.opt}" if len(cause.opt) > 1 else f"-{cause.opt}"
    others = [name for name, flags in _flags_of_others(command) if flag in flags]
    near = get_close_matches(flag, _flags(command.cmdparser.options), 1, 0.75)
    hint = ""
    if others:
        verb = "has" if len(others) == 1 else "have"
        hint = f"{', '.join(others)} {verb} it, as in `{command.bin_name} {others[0]} {flag}`; "
    elif near:
        hint = f"did you mean {near[0]}? "
    return f"{command.name} has no option {flag}; {hint}{listing}"


def _flag(command: Any, name: str) -> str:
    """An option as it is written, by its name within."""
    option = command.cmdparser[name]
    return "/".join(_flags([option]))


def _flags_of_others(command: Any) -> Iterator[tuple[str, list[str]]]:
    """The commands of a film, but for this one, and their options as they are written."""
    from vbmake.doit_plugin.loader import VideoLoader
    from vbmake.doit_plugin.program import Program
    from vbmake.doit_plugin.words import COMMANDS

    program = Program(task_loader=VideoLoader())
    commands = program.get_cmds()
    for name in dict.fromkeys(["run", *COMMANDS, *sorted(commands)]):
        if name != command.name:
            found = commands.get_plugin(name)
            made = found(task_loader=program.task_loader, config={}, bin_name=command.bin_name, cmds=commands)
            yield name, _flags(made.cmdparser.options)


def _flags(options: Iterable[Any]) -> list[str]:
    """Options as they are written."""
    long = [f"--{option.long}" for option in options if option.long]
    return [*(f"-{option.short}" for option in options if option.short), *long]
