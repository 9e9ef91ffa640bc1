"""What a build may cost, before it begins: estimates for each job, and the question when that is much."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vbmake.errors import WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.run.studio import is_on

if TYPE_CHECKING:
    from vbmake.doit_plugin.project import FilmProject
    from vbmake.providers.money import Estimate

YES = "VBMAKE_YES"


def estimate_of(project: FilmProject, job: JobSpec) -> Estimate | None:
    """What a job may cost when it is asked for; None for jobs that ask no provider."""
    if not job.account:
        return None
    from vbmake.providers.asked import generation_of

    return project.workspace.studio.prices.estimate(generation_of(job.options))


def obstacles(project: FilmProject, jobs: Iterable[JobSpec]) -> Iterator[str]:
    """What would keep a build from asking for these jobs of providers: keys that are not there, and the budget."""
    studio = project.workspace.studio
    due = [
        job for job in jobs if job.account and job.options.get("kind") != "words"
    ]  # word times may come by themselves
    for name, count in Counter(job.account for job in due).items():
        if variable := studio.keyless(name):
            yield f"{name} has no key: set the environment variable {variable} ({_requests(count)} to ask)"
    budget = studio.budget
    if budget is None or not due:
        return
    from vbmake.providers.book import COSTS, read_book
    from vbmake.providers.money import add_up, told

    estimates = [estimate for job in due if (estimate := estimate_of(project, job)) is not None]
    unpriced = sum(estimate.high is None for estimate in estimates)
    if unpriced and not budget.unpriced:
        yield (
            f"{_requests(unpriced)} of models without a known price: under a budget they are refused; say what they "
            "cost in `prices`, or `unpriced: allow`"
        )
    spent = sum((entry.counts for entry in read_book(project.root / COSTS).entries), Decimal(0))
    limits = [budget.total - spent if budget.total is not None else None, budget.run]
    left = min((limit for limit in limits if limit is not None), default=None)
    most = add_up([estimate for estimate in estimates if estimate.high is not None]).high or Decimal(0)
    if left is not None and most > left:
        yield f"this may cost up to {told(most)}, and the budget has {told(max(left, Decimal(0)))} left: see `budget`"


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


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
    what = f"this build may cost up to {told(amount)} ({_requests(len(asked))}), more than {told(budget.confirm)}"
    if ask is None and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"{what}. Go on? [y/N] ")
        sys.stderr.flush()
        ask = sys.stdin.readline
    if ask is None:
        raise WorkspaceError(f"{what}: nobody is here to be asked; say --yes to agree")
    if ask().strip().lower() not in ("y", "yes"):
        raise WorkspaceError(f"{what}: not agreed to, so nothing more was asked of any provider")
    studio.agreed = amount
