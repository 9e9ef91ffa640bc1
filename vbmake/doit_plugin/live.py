"""Live bars on a terminal: one for each running job with its count, one for the build with the time left."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

import rich.live
from rich.console import Console, OverflowMethod, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from vbmake.doit_plugin.amounts import about
from vbmake.doit_plugin.encoding import takes
from vbmake.errors import VbmakeError

DOTS = "\u2800\u28ff\u2026"  # of what a spinner is made, and the sign of what is cut
NARROW = 60  # columns, below which there is no room for bars


class OrderlyConsole(Console):
    """A console that one thread at a time has, from the first look at what is drawn to the last byte of a line.

    rich alone would let a line that a thread writes bring bars back that another has taken away meanwhile.
    """

    def __init__(self, **options: Any) -> None:
        self.lock = threading.RLock()
        super().__init__(**options)

    def __enter__(self) -> Self:
        self.lock.acquire()
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        finally:
            self.lock.release()

    def print(self, *objects: Any, **options: Any) -> None:
        with self.lock:
            super().print(*objects, **options)


class _Pen(threading.Thread):
    """Draws the bars eight times a second. Not rich's own thread, whose lock and the console's may block each other."""

    def __init__(self, drawn: rich.live.Live, lock: threading.RLock) -> None:
        super().__init__(daemon=True)
        self._drawn, self._lock = drawn, lock
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(1 / 8):
            with (
                self._lock,
                contextlib.suppress(VbmakeError, OSError, KeyboardInterrupt),
            ):  # whoever writes next meets it
                if not self._over.is_set():
                    self._drawn.refresh()

    def lift(self) -> None:
        """Draw no more. Called with the lock."""
        self._over.set()


class Live:
    """The bars. `progress` may be called from any thread; the rest from the dispatching one."""

    def __init__(self, stream: Any, console: OrderlyConsole | None = None, *, shown: bool = True) -> None:
        self.console = console or OrderlyConsole(file=stream, highlight=False, markup=False)
        self._drawn: rich.live.Live | None = None
        self._pen: _Pen | None = None
        self._lock = threading.Lock()
        self._rows: dict[str, TaskID] = {}
        self._expected: dict[str, float | None] = {}
        self._finished: set[str] = set()
        self._known = 0  # of those that are expected and not finished: of how many it is known how long they take
        self._work = 0.0  # seconds that these take
        self._waiting = ""
        self.bars = _Bars(self.console, self.note)
        self._whole = self.bars.add_task("film", total=None)
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
                self._rows[name] = self.bars.add_task(name, total=None)
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
        self._waiting = ", ".join(f"waiting for {pool} ({count})" for pool, count in counts.items())

    def note(self) -> str:
        """What is said below the bars."""
        left = self.left()
        text = f"{about(left)} of work left" if left is not None else ""
        return "  ".join(part for part in (text, self._waiting) if part)

    def print(self, text: str) -> None:
        """A line above the bars."""
        self.console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Take the bars away. Where they can no longer be drawn, the terminal gets its cursor back all the same."""
        drawn, pen, self._drawn, self._pen = self._drawn, self._pen, None, None
        if drawn is None or pen is None:
            return
        with self.console.lock:
            pen.lift()
            try:
                drawn.stop()
            finally:
                self.console.show_cursor(True)

    def resume(self) -> None:
        """Show the bars, at first and again after `close`: a thread draws them at its own pace."""
        if self._drawn is None:
            self._drawn = rich.live.Live(
                console=self.console, get_renderable=self.bars.get_renderable, transient=True, auto_refresh=False
            )
            with self.console.lock:
                self._drawn.start()
            self._pen = _Pen(self._drawn, self.console.lock)
            self._pen.start()

    def left(self) -> float | None:
        """Seconds of work left, from what the jobs took last time; None when too little is known.

        Of a job that runs, what it has done is taken off: as it says itself, or else by the time it has taken.
        """
        remaining, known, work = len(self._expected) - len(self._finished), self._known, self._work
        if known < 1 or known * 2 < remaining:
            return None
        with self._lock:
            rows = {row: self._expected.get(name) for name, row in self._rows.items()}
        done = sum(_done(task, rows[task.id] or 0) for task in self.bars.tasks if task.id in rows)
        return max(0.0, work * remaining / known - done)

    def _expect(self, name: str, seconds: float | None) -> None:
        if name not in self._expected:
            self._expected[name] = seconds
            self._count(seconds, 1)

    def _count(self, seconds: float | None, sign: int) -> None:
        if seconds is not None:
            self._known += sign
            self._work += sign * seconds

    def _refresh(self) -> None:
        self.bars.update(self._whole, total=len(self._expected) or None, completed=len(self._finished))


def _done(task: Task, seconds: float) -> float:
    """Seconds of work that a job has done of so many."""
    if task.total:
        return seconds * min(1.0, task.completed / task.total)
    return min(seconds, task.elapsed or 0.0)


class _Name(ProgressColumn):
    """The name of a job on one line: of all columns the one that is cut where there is no room for all."""

    def __init__(self, overflow: OverflowMethod) -> None:
        super().__init__()
        self._overflow = overflow

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow=self._overflow)


class _Bars(Progress):
    """The bars with a line below them, as the terminal has room for: in a narrow one the bars proper are left out.

    Never started itself: it would draw its bars for each that comes, thousands of times.
    """

    def __init__(self, console: Console, note: Callable[[], str]) -> None:
        dots = takes(console.file, DOTS)
        self._overflow: OverflowMethod = "ellipsis" if dots else "crop"
        self._said, self._terminal = note, console
        self._bar = BarColumn(bar_width=30, table_column=Column(no_wrap=True))
        self._others = (
            SpinnerColumn("dots" if dots else "line"),
            _Name(self._overflow),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        super().__init__(console=console, auto_refresh=False)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The rows that the terminal has lines for, and the line below them."""
        width, height = self._terminal.size
        spinner, name, *rest = self._others
        self.columns = (spinner, name, *([self._bar] if width >= NARROW else []), *rest)
        rows = self.tasks
        room = max(1, height - 2)
        note = [f"{len(rows) - room} more jobs run"] if len(rows) > room else []
        note += [self._said()] if self._said() else []
        yield self.make_tasks_table(rows[:room])
        if note:
            yield Text("  ".join(note), no_wrap=True, overflow=self._overflow)
