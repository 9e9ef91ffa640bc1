"""The words of a command line, as doit reads them: names, each followed by its task's own options and arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from doit.cmdparse import CmdOption, TaskParse


def named(selection: Sequence[str], tasks: Mapping[str, Any]) -> list[str]:
    """The words that name something. Raises CmdParseError for an option that its task does not have."""
    found: list[str] = []
    rest = list(selection)
    while rest:
        word = rest.pop(0)
        found.append(word)
        task = tasks.get(word)
        if task is None or "*" in word:
            continue
        if rest and task.options is None:
            options = TaskParse([CmdOption(option) for option in (*task.params, *task.creator_params)])
            if task.cfg_values is not None:
                options.overwrite_defaults(task.cfg_values)
            rest = list(options.parse(rest)[1])
        if task.pos_arg is not None and task.pos_arg_val is None:
            break
    return found
