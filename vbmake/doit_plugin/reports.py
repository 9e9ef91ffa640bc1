"""What becomes of each job, told to those who watch: the record of the build, and doit's reporter.

Whichever reporter the user has chosen: one of doit's own is told in doit's words, vbmake's is told more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from doit.exceptions import UnmetDependency

from vbmake.doit_plugin.events import Events
from vbmake.doit_plugin.project import FilmProject, JobHandle, job_of


class Reports:
    """Tells of jobs. `events` gives the record of a project. Used by the dispatching thread alone."""

    def __init__(self, reporter: Any, events: Callable[[FilmProject], Events]) -> None:
        self._reporter = reporter
        self._events = events
        self._done: set[str] = set()  # jobs that ended well
        self._records: dict[FilmProject, Events] = {}  # of each plan that something was told of

    def began(self, task: Any, handle: JobHandle | None, pool: str, at: float | None = None) -> None:
        """A job, or a task of the user's, begins; `at` (s since 1970): it began then, and has ended."""
        self._reporter.execute_task(task)
        if handle is not None:
            self._note(handle, "start", at, pool=pool)

    def ended(self, task: Any, handle: JobHandle, how: str, seconds: float, at: float | None = None) -> None:
        """A job ended well, now or `at`: `how` is ran, fetched or current.

        What an earlier round did is current in the next: of that nothing is recorded.
        """
        if how != "current" or task.name not in self._done:
            self._note(handle, "job", at, how=how, seconds=round(seconds, 3))
        self._done.add(task.name)
        if hasattr(self._reporter, "ended"):
            self._reporter.ended(task, how, seconds)
        elif how == "current":
            self._reporter.skip_uptodate(task)
        else:
            self._reporter.add_success(task)

    def remade(self, task: Any, seconds: float, at: float) -> None:
        """A job that was told as current was done again, until `at` (s since 1970): its bytes were gone everywhere."""
        handle = job_of(task)
        assert handle is not None
        self._note(handle, "start", at - seconds, pool=handle.job.pool)
        self._note(handle, "job", at, how="ran", seconds=round(seconds, 3))
        if hasattr(self._reporter, "ended"):
            self._reporter.ended(task, "ran", seconds)

    def retry(self, task: Any, handle: JobHandle, seconds: float, error: str) -> None:
        """A job failed in a way that may pass; it is tried again in so many seconds."""
        self._note(handle, "retry", seconds=seconds, error=error)
        if hasattr(self._reporter, "retry"):
            self._reporter.retry(task, seconds, error)

    def failed(self, task: Any, handle: JobHandle, failure: Any, seconds: float) -> None:
        """A job failed; `failure` is doit's word for it."""
        self._note(
            handle,
            "job",
            how="failed",
            seconds=round(seconds, 3),
            error=failure.message,
            place=handle.place,
        )
        self._reporter.add_failure(task, failure)

    def blocked(self, task: Any, handle: JobHandle, by: list[str]) -> None:
        """A job is not tried, because these failed."""
        self._note(handle, "job", how="blocked", seconds=0.0)
        if hasattr(self._reporter, "blocked"):
            self._reporter.blocked(task)
        else:
            self._reporter.add_failure(task, UnmetDependency(" ".join(by)))

    def ignored(self, task: Any, handle: JobHandle) -> None:
        """A job is left out, as the user has asked."""
        self._reporter.skip_ignore(task)
        self._note(handle, "job", how="ignored", seconds=0.0)

    def waiting(self, pools: Mapping[str, str]) -> None:
        """Jobs wait for these pools, which are so full (`openai: 2/2`)."""
        if hasattr(self._reporter, "waiting"):
            self._reporter.waiting(pools)

    def flush(self) -> None:
        """Have everything told that was noted: before one waits. Raises WorkspaceError."""
        for events in self._records.values():
            events.flush()
        if hasattr(self._reporter, "flush"):
            self._reporter.flush()

    def _note(self, handle: JobHandle, event: str, at: float | None = None, **fields: Any) -> None:
        project = handle.project
        events = self._records.get(project)
        if events is None:
            events = self._records[project] = self._events(project)
        events.note(event, at, job=handle.job.id, **fields)
