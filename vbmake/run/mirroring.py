"""Mirror the final targets of a built project to a place where people fetch them, under their names."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from vbmake.cache.mirror import Synced, View, Writer, sync
from vbmake.errors import WorkspaceError
from vbmake.plan.types import BuildPlan
from vbmake.process import is_gone, process_mark
from vbmake.run.complete import final_targets
from vbmake.run.workspace import Workspace
from vbmake.storage.address import storage_at

BUILD = "build/"  # what is published has its path below this folder


def mirror(
    workspace: Workspace,
    plan: BuildPlan,
    address: str,
    *,
    delete: bool = False,
    dry_run: bool = False,
    check: bool = False,
    view: View | None = None,
    base: str = "",
) -> Synced:
    """Make the place at `address` hold every final target of the plan. `base` leads to the project, in messages.

    Raises WorkspaceError when something is not built as it is declared, or when the place cannot be used.
    """
    storage = storage_at(address, notes=workspace.uploads)
    files = published_files(workspace, plan, base)
    digest = workspace.digests.of
    writer = this_writer()
    return sync(storage, files, digest, writer=writer, delete=delete, dry_run=dry_run, check=check, view=view)


def published_files(workspace: Workspace, plan: BuildPlan, base: str = "") -> dict[str, Path]:
    """The final targets by the names under which they are published. Raises WorkspaceError unless all are current."""
    statuses = workspace.survey(plan)
    behind = [job for job in plan.jobs if job.final and statuses[job.id].state != "current"]
    if behind or plan.pending:
        shown = ", ".join(os.path.join(base, path) for job in behind[:3] for path in job.outputs.values())
        more = f" and {len(behind) - 3} more" if len(behind) > 3 else ""
        what = f"{shown}{more}" if behind else "the film"
        raise WorkspaceError(f"not built as declared: {what}; build first, then sync")
    paths = final_targets(plan)
    cut = len(BUILD) if all(path.startswith(BUILD) for path in paths) else 0
    return {path[cut:]: workspace.root / path for path in paths}


def this_writer() -> Writer:
    """This process among all that may sync to the same place."""
    host = socket.gethostname()

    def dead(name: str) -> bool:
        there, _, mark = name.partition("/")
        return there == host and is_gone(mark)

    return Writer(f"{host}/{process_mark(os.getpid())}", dead)
