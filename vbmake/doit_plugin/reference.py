"""The page of all commands, `docs/commands.md`, made of the commands' own help."""

from __future__ import annotations

import sys
import textwrap
from typing import Any

from vbmake.doit_plugin import words
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program

HEAD = """\
# Commands

<!-- Made by `python -m vbmake.doit_plugin.reference > docs/commands.md`; a test keeps it so. -->

In a directory with a `video.yaml` (or below one), `doit` and `vbmake` are the same program: `doit plan` is `vbmake
plan`, and with no command both build. Exit codes: 0 built, 1 a job failed, 2 could not run, 3 the declaration or the
command line is wrong, 130 interrupted.

Where a `dodo.py` stands beside the declaration, `doit` means the `dodo.py`; `load_video_tasks` of `vbmake.doit_plugin`
brings a film into it. Every build appends to `.vbmake/events.jsonl`.
"""


def commands_page() -> str:
    """The page, in Markdown: vbmake's own commands first, then those of doit that work on films."""
    program = Program(task_loader=VideoLoader(), config_filenames=())
    commands = {cls.get_name(): cls for cls in Program.DOIT_CMDS} | {name: words.load(name) for name in words.COMMANDS}
    order = ["run", *words.COMMANDS, *sorted(set(commands) - set(words.COMMANDS) - {"run"})]
    rows = "\n".join(f"| [`vbmake {name}`](#{name}) | {commands[name].doc_purpose} |" for name in order)
    sections = [_section(name, commands[name], program) for name in order]
    return "\n".join([HEAD, f"| command | does |\n|---|---|\n{rows}\n", *sections])


def _section(name: str, command: Any, program: Program) -> str:
    made = command(task_loader=VideoLoader(), config={}, bin_name="vbmake", cmds=program.get_cmds())
    text = textwrap.dedent(made.help()).strip()
    return f"## {name}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(commands_page())
