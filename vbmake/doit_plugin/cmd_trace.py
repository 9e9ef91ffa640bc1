"""`doit trace`: the last build as a Chrome trace."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

from doit.cmd_base import Command

from vbmake.doit_plugin.chrome_trace import chrome_trace, read_events, runs_of
from vbmake.doit_plugin.command import FreeOrder, Rooted
from vbmake.doit_plugin.encoding import json_for
from vbmake.doit_plugin.events import EVENTS
from vbmake.doit_plugin.loader import OPTION_DIR
from vbmake.doit_plugin.option import flag, option
from vbmake.errors import WorkspaceError

OUTPUT = option("output", "the file to write, - for standard output", "trace.json", metavar="FILE", short="o")
ALL = flag("all", "every run that is recorded, not only the last in which a job ran", name="all_runs", short="a")


class Trace(FreeOrder, Rooted, Command):  # type: ignore[misc]  # doit has no types
    """Writes the trace."""

    name = "trace"
    doc_purpose = "write a Chrome trace of the last build: which job ran when, beside which"
    doc_usage = ""
    doc_description = (
        "Made from .vbmake/events.jsonl. Open it in chrome://tracing or ui.perfetto.dev: a row for each job that ran "
        "beside others, a bar for each job, with its pool and how it ended."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (OUTPUT, ALL, OPTION_DIR)

    def perform(self, params: Any, args: list[str]) -> int:
        path = self.root(params) / EVENTS
        try:
            runs = runs_of(read_events(path.read_bytes()))
        except FileNotFoundError:
            runs = {}
        except OSError as error:
            raise WorkspaceError(f"cannot read {path}: {error.strerror or error}") from error
        worked = [run for run, events in runs.items() if any(event["event"] == "start" for event in events)]
        if not worked:
            raise WorkspaceError(f"no job is recorded in {path}: build first")
        chosen = runs if params["all_runs"] else {worked[-1]: runs[worked[-1]]}
        trace = chrome_trace(chosen)
        if params["output"] == "-":
            sys.stdout.write(json_for(sys.stdout, trace))
            return 0
        try:
            Path(params["output"]).write_text(json_for(None, trace), "utf-8")
        except OSError as error:
            raise WorkspaceError(f"cannot write {params['output']}: {error.strerror or error}") from error
        sys.stdout.write(f"{params['output']}: open it in chrome://tracing or ui.perfetto.dev\n")
        return 0
