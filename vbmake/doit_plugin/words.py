"""vbmake's own commands by name, and where each lives.

They are no doit plugins on purpose: doit takes the name of every installed command away from every project's tasks, so
that a foreign one with a task called `plan` would break as soon as vbmake is installed. Under the name `vbmake` they
are ordinary commands; under `doit` the `run` command takes such a word for a command only where it cannot be a task.
"""

from __future__ import annotations

import importlib
from typing import Any

COMMANDS = {
    "plan": "vbmake.doit_plugin.cmd_plan:Plan",
    "why": "vbmake.doit_plugin.cmd_why:Why",
    "frame": "vbmake.doit_plugin.cmd_frame:Frame",
    "watch": "vbmake.doit_plugin.cmd_watch:Watch",
    "sync": "vbmake.doit_plugin.cmd_sync:Sync",
    "costs": "vbmake.doit_plugin.cmd_costs:Costs",
    "reroll": "vbmake.doit_plugin.cmd_reroll:Reroll",
    "resume": "vbmake.doit_plugin.cmd_resume:Resume",
    "verify": "vbmake.doit_plugin.cmd_verify:Verify",
    "gc": "vbmake.doit_plugin.cmd_gc:Collect",
    "trace": "vbmake.doit_plugin.cmd_trace:Trace",
    "init": "vbmake.doit_plugin.cmd_init:Init",
    "new": "vbmake.doit_plugin.cmd_new:New",
    "schema": "vbmake.doit_plugin.cmd_schema:Schema",
    "doctor": "vbmake.doit_plugin.cmd_doctor:Doctor",
}
ANYWHERE = ("init", "new", "schema", "doctor", "gc")  # these need no project


def load(name: str) -> Any:
    """The command class of a word."""
    module, _, attribute = COMMANDS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
