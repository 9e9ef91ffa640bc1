"""The question at the terminal, before a build that may cost more than its `budget: {confirm: ...}`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from vbmake.errors import WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.run.spending import agree

if TYPE_CHECKING:
    from vbmake.doit_plugin.project import FilmProject


def confirm(project: FilmProject, jobs: Iterable[JobSpec]) -> None:
    """Have it agreed to that these jobs ask providers. Raises WorkspaceError when nobody does."""
    agree(project.workspace.studio, jobs, _ask)


def _ask(what: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise WorkspaceError(f"{what}: nobody is here to be asked; say --yes to agree")
    sys.stderr.write(f"{what}. Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
