"""What a build may cost, and that somebody agrees to it before anybody is asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
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
    count = "1 request" if len(asked) == 1 else f"{len(asked)} requests"
    what = f"this build may cost up to {told(amount)} ({count}), more than {told(budget.confirm)}"
    if not confirm(what):
        raise WorkspaceError(f"{what}: not agreed to, so nothing more was asked of any provider")
    studio.agreed = amount
