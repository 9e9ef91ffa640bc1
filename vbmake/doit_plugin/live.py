"""Live bars on a terminal: one for each running job with its count, one for the build with the time left."""

from __future__ import annotations

import threading
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Live:
    """The bars. `progress` may be called from any thread; the rest from the dispatching one."""

    def __init__(self, stream: Any, console: Console | None = None) -> None:
        self.console = console or Console(file=stream, highlight=False, markup=False)
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=self.console,
            transient=True,
            refresh_per_second=8,
        )
        self._lock = threading.Lock()
        self._rows: dict[str, TaskID] = {}
        self._expected: dict[str, float | None] = {}
        self._finished: set[str] = set()
        self._whole = self.bars.add_task("film", total=None, left="")
        self._note = ""
        self.bars.start()

    def expect(self, seconds: dict[str, float | None]) -> None:
        """The jobs that will run, with what each took last time."""
        for name, known in seconds.items():
            self._expected.setdefault(name, known)
        self._refresh()

    def start(self, name: str) -> None:
        """Show a bar for a job that begins."""
        with self._lock:
            if name not in self._rows:
                self._rows[name] = self.bars.add_task(name, total=None, left="")
        self._expected.setdefault(name, None)
        self._refresh()

    def progress(self, name: str, done: int, total: int) -> None:
        """Move a job's bar."""
        with self._lock:
            if (row := self._rows.get(name)) is not None:
                self.bars.update(row, completed=done, total=total or None)

    def stop(self, name: str) -> None:
        """Take a job's bar away without counting it as finished."""
        with self._lock:
            if (row := self._rows.pop(name, None)) is not None:
                self.bars.remove_task(row)

    def done(self, name: str) -> None:
        """A job ended."""
        self.stop(name)
        if name in self._expected:
            self._finished.add(name)
        self._refresh()

    def waiting(self, counts: dict[str, str]) -> None:
        """Tell which pools jobs wait for."""
        self._note = ", ".join(f"waiting for {pool} ({count})" for pool, count in counts.items())
        self._refresh()

    def print(self, text: str) -> None:
        """A line above the bars."""
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Take the bars away."""
        self.bars.stop()

    def left(self) -> float | None:
        """Seconds of work left, from what the jobs took last time; None when too little is known."""
        remaining = [seconds for name, seconds in self._expected.items() if name not in self._finished]
        known = [seconds for seconds in remaining if seconds is not None]
        if not remaining or len(known) * 2 < len(remaining):
            return None
        return sum(known) * len(remaining) / len(known)

    def _refresh(self) -> None:
        left = self.left()
        text = f"about {left:.0f} s of work left" if left is not None else ""
        self.bars.update(
            self._whole,
            total=len(self._expected) or None,
            completed=len(self._finished),
            left="  ".join(part for part in (text, self._note) if part),
        )
