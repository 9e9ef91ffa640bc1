"""Live bars on a terminal: one for each running job with its count, one for the build with the time left."""

from __future__ import annotations

import threading
from typing import Any

import rich.live
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from vbmake.doit_plugin.encoding import takes

SPINNER = "\u2800\u28ff"  # of what a spinner of dots is made


class Live:
    """The bars. `progress` may be called from any thread; the rest from the dispatching one."""

    def __init__(self, stream: Any, console: Console | None = None, *, shown: bool = True) -> None:
        self.console = console or Console(file=stream, highlight=False, markup=False)
        # Never started itself: it would draw its bars for each that comes, thousands of times.
        self.bars = Progress(
            SpinnerColumn("dots" if takes(self.console.file, SPINNER) else "line"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=self.console,
            auto_refresh=False,
        )
        self._drawn: rich.live.Live | None = None
        self._lock = threading.Lock()
        self._rows: dict[str, TaskID] = {}
        self._expected: dict[str, float | None] = {}
        self._finished: set[str] = set()
        self._known = 0  # of those that are expected and not finished: of how many it is known how long they take
        self._work = 0.0  # seconds that these take
        self._whole = self.bars.add_task("film", total=None, left="")
        self._note = ""
        if shown:
            self.resume()

    def expect(self, seconds: dict[str, float | None]) -> None:
        """The jobs that will run, with what each took last time."""
        for name, known in seconds.items():
            self._expect(name, known)
        self._refresh()

    def start(self, name: str) -> None:
        """Show a bar for a job that begins."""
        with self._lock:
            if name not in self._rows:
                self._rows[name] = self.bars.add_task(name, total=None, left="")
        self._expect(name, None)
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
        if name in self._expected and name not in self._finished:
            self._finished.add(name)
            self._count(self._expected[name], -1)
        self._refresh()

    def waiting(self, counts: dict[str, str]) -> None:
        """Tell which pools jobs wait for."""
        self._note = ", ".join(f"waiting for {pool} ({count})" for pool, count in counts.items())
        self._refresh()

    def print(self, text: str) -> None:
        """A line above the bars."""
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Take the bars away. Where they can no longer be drawn, the terminal gets its cursor back all the same."""
        drawn, self._drawn = self._drawn, None
        if drawn is None:
            return
        try:
            drawn.stop()
        finally:
            self.console.show_cursor(True)

    def resume(self) -> None:
        """Show the bars, at first and again after `close`: a thread draws them at its own pace."""
        if self._drawn is None:
            self._drawn = rich.live.Live(
                console=self.console, get_renderable=self.bars.get_renderable, transient=True, refresh_per_second=8
            )
            self._drawn.start()

    def left(self) -> float | None:
        """Seconds of work left, from what the jobs took last time; None when too little is known."""
        remaining = len(self._expected) - len(self._finished)
        if not remaining or self._known * 2 < remaining:
            return None
        return max(0.0, self._work) * remaining / self._known

    def _expect(self, name: str, seconds: float | None) -> None:
        if name not in self._expected:
            self._expected[name] = seconds
            self._count(seconds, 1)

    def _count(self, seconds: float | None, sign: int) -> None:
        if seconds is not None:
            self._known += sign
            self._work += sign * seconds

    def _refresh(self) -> None:
        left = self.left()
        text = f"about {left:.0f} s of work left" if left is not None else ""
        self.bars.update(
            self._whole,
            total=len(self._expected) or None,
            completed=len(self._finished),
            left="  ".join(part for part in (text, self._note) if part),
        )
