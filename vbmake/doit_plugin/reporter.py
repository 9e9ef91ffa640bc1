"""What a build says: live bars on a terminal, elsewhere one line a finished job; where the films are, and a summary.

The user's own tasks in the same `dodo.py` are told as doit's console reporter tells them.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from doit.action import PythonAction
from doit.reporter import ConsoleReporter

from vbmake.doit_plugin.project import is_group, job_of
from vbmake.doit_plugin.tally import Tally, sentence
from vbmake.doit_plugin.terminal import drawable, harmless

if TYPE_CHECKING:
    from vbmake.doit_plugin.live import Live


class FilmReporter(ConsoleReporter):  # type: ignore[misc]  # doit has no types
    """A doit reporter that also hears of progress, retries and outcomes of jobs."""

    desc = "films: live bars on a terminal, elsewhere one line a finished job, and a summary"

    def __init__(self, outstream: Any, options: Any, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(outstream, options)
        self._clock = clock
        self._began = clock()
        self._live: Live | None = None
        self._told: set[str] = set()
        self._talking: set[str] = set()  # tasks of the user's that have the terminal to themselves
        self.tally = Tally()
        self.interrupted = False

    @functools.cached_property
    def foresees(self) -> bool:
        """Whether it shows what is to come: only then is it worth finding out."""
        return drawable(self.outstream)

    def expect(self, seconds: dict[str, float | None]) -> None:
        """The jobs that are likely to run, with what each took last time (None: not known). Some may run already."""
        if seconds and self.foresees:
            self._bars().expect(seconds)

    def _bars(self) -> Live:
        if self._live is None:
            from vbmake.doit_plugin.live import Live  # rich: only where bars are shown

            self._live = Live(self.outstream, shown=not self._talking)
        return self._live

    def note(self, text: str) -> None:
        """Something the plan decided that its author should know of; told once."""
        if text not in self._told:
            self._told.add(text)
            self.write(f"note: {text}\n")

    def write(self, text: str) -> None:
        if self._live is not None:
            self._live.print(text.rstrip("\n"))
        else:
            self.outstream.write(text)

    def execute_task(self, task: Any) -> None:
        if job_of(task) is not None:
            if self.foresees:
                self._bars().start(task.name)
        elif not is_group(task):
            super().execute_task(task)
            if talks(task):
                self._talking.add(task.name)
                if self._live is not None:
                    self._live.close()

    def add_success(self, task: Any) -> None:
        super().add_success(task)
        self._quiet(task)

    def _quiet(self, task: Any) -> None:
        """A task of the user's has ended: where it was the last that had the terminal, the bars come back."""
        if task.name in self._talking:
            self._talking.discard(task.name)
            if self._live is not None and not self._talking:
                self._live.resume()

    def progress(self, name: str, done: int, total: int) -> None:
        """A job has done so much of so much. Called from the job's own thread."""
        if self._live is not None:
            self._live.progress(name, done, total)

    def waiting(self, counts: dict[str, str]) -> None:
        """Pools that jobs wait for, with how full each is (`openai: 2/2`)."""
        if self._live is not None:
            self._live.waiting(counts)

    def retry(self, task: Any, seconds: float, error: str) -> None:
        """A job failed in a way that may pass."""
        first = harmless(error.splitlines()[0]) if error else "failed"
        self.write(f"{'again':<9}{task.name} in {seconds:.1f} s: {first}\n")
        if self._live is not None:
            self._live.stop(task.name)

    def ended(self, task: Any, how: str, seconds: float) -> None:
        """A job ended well: ran, fetched or current."""
        if not self.tally.add(task.name, how):
            return
        if self._live is not None:
            self._live.done(task.name)
        final = self._final(task)
        if how != "current" and (final or self._live is None):
            self.write(f"{how:<9}{task.name}  {seconds:.1f} s{final}\n")

    def flush(self) -> None:
        """Let the reader see what was written so far: the runner is about to wait."""
        getattr(self.outstream, "flush", lambda: None)()

    @staticmethod
    def _final(task: Any) -> str:
        """What is said of a job whose targets the user asked for: where they are."""
        handle = job_of(task)
        return f"  -> {', '.join(task.targets)}" if handle is not None and handle.job.final else ""

    def blocked(self, task: Any) -> None:
        """A job was not tried because one that it needs failed."""
        self.tally.add(task.name, "blocked")
        if self._live is not None:
            self._live.done(task.name)

    def skip_ignore(self, task: Any) -> None:
        if job_of(task) is None:
            super().skip_ignore(task)
        else:
            self.tally.add(task.name, "ignored")
            if self._live is not None:
                self._live.done(task.name)

    def add_failure(self, task: Any, fail: Any) -> None:
        if job_of(task) is None:
            super().add_failure(task, fail)
            self._quiet(task)
            return
        self.tally.add(task.name, "failed")
        if self._live is not None:
            self._live.done(task.name)
        self.write(f"{'failed':<9}{task.name}\n{_indented(fail.get_msg())}\n")

    def close(self) -> None:
        """Take the bars away."""
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def complete_run(self) -> None:
        self.close()
        super().complete_run()
        totals = self.tally.totals()
        if totals or self.interrupted:
            self.outstream.write(sentence(totals, self._clock() - self._began, self.interrupted) + "\n")


def talks(task: Any) -> bool:
    """Whether a task of the user's writes to the terminal itself, or may have a debugger do so."""
    debugged = PythonAction.pm_pdb and any(isinstance(action, PythonAction) for action in task.actions)
    return debugged or getattr(task.io, "capture", True) is False


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else "" for line in harmless(text.rstrip()).splitlines())
