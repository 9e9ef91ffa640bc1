"""The page of all commands, `docs/commands.md`, made of the commands' own help."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from vbmake.doit_plugin import words
from vbmake.doit_plugin.cmd_help import PURPOSES, purpose
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program
from vbmake.switches import OFFLINE, YES

HEAD = """\
# Commands

<!-- Made by `python -m vbmake.doit_plugin.reference > docs/commands.md`; a test keeps it so. -->

In a directory with a `video.yaml` (or below one), `doit` and `vbmake` are the same program: `doit plan` is `vbmake
plan`, and with no command both build. Exit codes: 0 built, 1 a job failed, 2 could not run, 3 the declaration or the
command line is wrong, 130 interrupted.

Where a `dodo.py` stands beside the declaration, `doit` means the `dodo.py`; `load_video_tasks` of `vbmake.doit_plugin`
brings a film into it. Every build appends to `.vbmake/events.jsonl`.
"""


# What doit's own options do for a film, and in which order they are told; `help` tells doit's words for all of them.
OPTIONS = {
    "run": {
        "num_process": "how many jobs run at once; without it as many as there are processors",
        "continue": "go on with all that does not need a job that failed",
        "always": "do every job again, whatever its state",
        "single": "do only the named jobs, not those that they need",
        "reporter": "how it is told: `console`, `executed-only`, `error-only`, `json`, `zero`",
        "outfile": "write what is told into a file",
        "offline": f"ask no provider: fail rather than call (as `{OFFLINE}=1`)",
        "yes": f"agree to what the build may cost, where `budget: {{confirm: ...}}` would ask (as `{YES}=1`)",
        "open_film": "show the film when it is built (the first of the named ones), also when nothing was to do",
    },
    "list": {
        "subtasks": "every job, not only final targets and groups",
        "status": "the state: R runs, U is up to date, I is ignored",
        "quiet": "names only",
        "list_deps": "the source files of each",
    },
    "info": {"hide_status": "without the state and its reasons"},
    "clean": {
        "dryrun": "tell what would be removed; remove nothing",
        "cleandep": "also what the named jobs need",
        "cleanforget": "also drop the record of what is removed",
    },
    "forget": {"forget_sub": "also the jobs that the named ones need"},
    "tabcompletion": {"shell": "`bash` or `zsh`"},
}
DIRECTORY = """\
Every command that works on a film takes `-d DIR, --dir=DIR`: the project's directory, or one below it. What else
doit's own commands take is told by `vbmake help COMMAND`.
"""


def commands_page() -> str:
    """The page, in Markdown: vbmake's own commands first, then those of doit that work on films."""
    commands = {cls.get_name(): cls for cls in Program.DOIT_CMDS} | {name: words.load(name) for name in words.COMMANDS}
    order = ["run", *words.COMMANDS, *(name for name in PURPOSES if name != "run")]
    rows = "\n".join(f"| [`vbmake {name}`](#{name}) | {purpose(name, commands[name])} |" for name in order)
    return "\n".join(
        [HEAD, f"| command | does |\n|---|---|\n{rows}\n", DIRECTORY, *map(_section, order, map(commands.get, order))]
    )


def _section(name: str, command: Any) -> str:
    about = command.doc_description if name in words.COMMANDS else f"{purpose(name, command)}."
    usage = " ".join(["vbmake", name, *str(command.doc_usage or "").split()])
    parts = [f"## {name}", f"`{usage}`", f"{about[0].upper()}{about[1:]}"]
    rows = [f"| `{option.help_param()}` | {told} |" for option, told in _options(name, command)]
    if rows:
        parts.append("\n".join(["| option | does |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _options(name: str, command: Any) -> Iterator[tuple[Any, str]]:
    """The options of a command with what is said of them."""
    made = command(task_loader=VideoLoader(), config={}, bin_name="vbmake", cmds=Program().get_cmds())
    own = {option.name: option for option in made.cmdparser.options if not option.section}
    if name in OPTIONS:
        yield from ((own[option], told) for option, told in OPTIONS[name].items())
    elif name in words.COMMANDS:
        for option in own.values():
            default = option.default if option.type in (str, int) and option.default else ""
            yield option, option.help + (f" [default: {default}]" if default and "[default" not in option.help else "")


if __name__ == "__main__":
    sys.stdout.write(commands_page())
