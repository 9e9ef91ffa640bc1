"""How the jobs of a build ended, counted and told in one line."""

from __future__ import annotations

from collections import Counter

ORDER = ("ran", "fetched", "current", "ignored", "failed", "blocked")
SHOWN = {"blocked": "not built"}


class Tally:
    """How each job ended. A job that ran in one round and is current in the next has run."""

    def __init__(self) -> None:
        self._how: dict[str, str] = {}

    def add(self, job: str, how: str) -> bool:
        """Note how a job ended; False when it had done something in an earlier round and is merely seen again."""
        if how == "current" and job in self._how:
            return False
        self._how[job] = how
        return True

    def how(self, job: str) -> str | None:
        """How a job ended, None when it did not."""
        return self._how.get(job)

    def totals(self) -> dict[str, int]:
        """The counts, in the order they are told; nothing that is zero."""
        counts = Counter(self._how.values())
        return {how: counts[how] for how in ORDER if counts[how]}


def sentence(totals: dict[str, int], seconds: float, interrupted: bool = False) -> str:
    """`14 jobs: 3 ran, 2 fetched, 9 current in 4.2 s`."""
    count = sum(totals.values())
    parts = ", ".join(f"{number} {SHOWN.get(how, how)}" for how, number in totals.items())
    head = f"{count} {'job' if count == 1 else 'jobs'}" + (f": {parts}" if parts else "")
    return f"{head} in {seconds:.1f} s" + (" (interrupted)" if interrupted else "")
