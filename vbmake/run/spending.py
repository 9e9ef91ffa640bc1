"""What a build may cost, and that somebody agrees to it before anybody is asked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from vbmake.errors import WorkspaceError
from vbmake.plan.types import JobSpec
from vbmake.run.studio import Studio
from vbmake.switches import YES, is_on

Confirm = Callable[[str], bool]
"""Is told what a build may cost, and says whether it goes on."""


def agree(studio: Studio, jobs: Iterable[JobSpec], confirm: Confirm) -> None:
    """Have `confirm` agree to these jobs where they may cost more than `budget: {confirm: ...}`.

    What the build has spent in earlier rounds of planning counts. VBMAKE_YES=1 agrees to all. Raises WorkspaceError
    when it is not agreed to.
    """
    budget = studio.budget
    asked = [job for job in jobs if job.account]
    if budget is None or budget.confirm is None or not asked or is_on(os.environ, YES):
        return
    from vbmake.providers.money import add_up, told

    estimates = [estimate for job in asked if (estimate := studio.estimate(job)) is not None]
    amount = (add_up(estimates).high or Decimal(0)) + studio.spent
    if amount <= max(budget.confirm, studio.agreed):
        return
    what = f"this build may cost up to {told(amount)} ({_requests(len(asked))}), more than {told(budget.confirm)}"
    if not confirm(what):
        raise WorkspaceError(f"{what}: not agreed to, so nothing more was asked of any provider")
    studio.agreed = amount


def obstacles(studio: Studio, jobs: Iterable[JobSpec]) -> Iterator[str]:
    """What would keep a build from asking for these jobs of providers: keys that are not there, and the budget."""
    # (The times of words may come by themselves.)
    due = [job for job in jobs if job.account and job.options.get("kind") != "words"]
    for name, count in Counter(job.account for job in due).items():
        if variable := studio.keyless(name):
            yield f"{name} has no key: set the environment variable {variable} ({_requests(count)} to ask)"
    budget = studio.budget
    if budget is None or not due:
        return
    from vbmake.providers.money import add_up, told

    estimates = [estimate for job in due if (estimate := studio.estimate(job)) is not None]
    unpriced = sum(estimate.high is None for estimate in estimates)
    if unpriced and not budget.unpriced:
        yield (
            f"{_requests(unpriced)} of models without a known price: under a budget they are refused; say what they "
            "cost in `prices`, or `unpriced: allow`"
        )
    limits = [budget.total - studio.spent_ever if budget.total is not None else None, budget.run]
    left = min((limit for limit in limits if limit is not None), default=None)
    most = add_up([estimate for estimate in estimates if estimate.high is not None]).high or Decimal(0)
    if left is not None and most > left:
        yield f"this may cost up to {told(most)}, and the budget has {told(max(left, Decimal(0)))} left: see `budget`"


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
