"""What a build may cost, before it begins: estimates for each job, and the question when that is much."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vbmake.errors import WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.switches import YES, is_on

if TYPE_CHECKING:
    from vbmake.doit_plugin.project import FilmProject
    from vbmake.providers.money import Estimate


def estimate_of(project: FilmProject, job: JobSpec) -> Estimate | None:
    """What a job may cost when it is asked for; None for jobs that ask no provider."""
    if not job.account:
        return None
    from vbmake.providers.asked import generation_of

    return project.workspace.studio.prices.estimate(generation_of(job.options))


def confirm(project: FilmProject, jobs: Iterable[JobSpec], ask: Any = None) -> None:
    """Have a build that may cost more than `budget: {confirm: ...}` agreed to.

    What it has spent in earlier rounds of planning counts. Asks on a terminal; elsewhere `--yes` (or VBMAKE_YES=1)
    agrees. Raises WorkspaceError when nobody does.
    """
    budget = project.workspace.studio.budget
    asked = [job for job in jobs if job.account]
    if budget is None or budget.confirm is None or not asked or is_on(os.environ, YES):
        return
    from vbmake.providers.money import add_up, told

    studio = project.workspace.studio
    estimates = [estimate for job in asked if (estimate := estimate_of(project, job)) is not None]
    amount = (add_up(estimates).high or Decimal(0)) + studio.spent
    if amount <= max(budget.confirm, studio.agreed):
        return
    count = "1 request" if len(asked) == 1 else f"{len(asked)} requests"
    what = f"this build may cost up to {told(amount)} ({count}), more than {told(budget.confirm)}"
    if ask is None and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"{what}. Go on? [y/N] ")
        sys.stderr.flush()
        ask = sys.stdin.readline
    if ask is None:
        raise WorkspaceError(f"{what}: nobody is here to be asked; say --yes to agree")
    if ask().strip().lower() not in ("y", "yes"):
        raise WorkspaceError(f"{what}: not agreed to, so nothing more was asked of any provider")
    studio.agreed = amount
