"""How long the tasks of a kind take, and so how many of them a worker is given at once."""

from __future__ import annotations

QUICK = 0.02  # seconds: what one worker is given at once should take no longer
LARGEST = 32  # tasks that one worker is given at once
HASTY = 0.0006  # seconds: a call that takes no longer is Python alone, which two threads do no faster than one
SLOW = 0.005  # seconds: who takes so long once is not of that kind


class Pace:
    """What was seen of each kind (a rule, a group of the user's tasks)."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}  # that the last one took
        self._hasty: set[str] = set()

    def learn(self, kind: str, seconds: float, call: bool = False) -> None:
        """Note how long one took; `call`: it is a function, of which it is told whether it is Python alone."""
        self._seconds[kind] = seconds
        if kind in self._hasty:
            if seconds >= SLOW:
                self._hasty.remove(kind)
        elif call and seconds < HASTY:
            self._hasty.add(kind)

    def hasty(self, kind: str) -> bool:
        """Whether they are Python alone: threads that do nothing else only wait for each other."""
        return kind in self._hasty

    def batch(self, kind: str, waiting: int, workers: int) -> int:
        """How many of those that wait to hand over at once: more than one where that takes longer than the task.

        `workers` is how many there may be, all of which should end at about the same time.
        """
        seconds = self._seconds.get(kind)
        if seconds is None:
            return 1
        share = waiting // (2 * (1 if self.hasty(kind) else workers))
        return max(1, min(LARGEST, share, int(QUICK / max(seconds, QUICK / LARGEST))))
