"""Every error that vbmake raises on purpose, as one family.

VbmakeError
├── ProjectError      the declaration (or a rule file) is wrong; carries every Problem found (exit 3)
├── MissingTool       a program that a rule needs is not on this machine (exit 2)
├── WorkspaceError    the project directory cannot be used: locked, read-only, full (exit 2)
└── JobError          one job failed (exit 1)
    ├── RetryableError    it may work later: `retry_after` seconds
    │   └── RateLimited       a provider said "not now"; waiting for it is no failed try
    └── FatalError        trying again cannot help
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where something stands in a file of the project: 1-based line and column, and its path in the document.

    A tuple, because a large declaration has a hundred thousand of them.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        position = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{position}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, what was found, what is allowed and what to do next. Nothing of it looks like a key."""

    place: Place
    message: str
    found: str = ""
    allowed: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        from vbmake.redact import HIDDEN, redacted, suspicious  # only where there are mistakes: patterns take a while

        kept = {name: redacted(getattr(self, name)) for name in ("message", "allowed", "hint")}
        kept["found"] = HIDDEN if suspicious(self.found) else self.found
        for name, value in [*kept.items(), ("place", self.place._replace(path=redacted(self.place.path)))]:
            object.__setattr__(self, name, value)

    def __str__(self) -> str:
        head = f"{self.place}: {self.place.path + ': ' if self.place.path else ''}{self.message}"
        rows = [("found", self.found), ("allowed", self.allowed), ("hint", self.hint)]
        return "\n".join([head, *(f"    {name}: {text}" for name, text in rows if text)])


class VbmakeError(Exception):
    """The root of the family; `exit_code` is what the program ends with."""

    exit_code = 2


class ProjectError(VbmakeError):
    """The declaration is wrong. `problems` holds every mistake that was found, in the order of the file."""

    exit_code = 3

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class MissingTool(VbmakeError):
    """A program that a rule needs is not on this machine; `hint` says how to get it, `place` who asks for it."""

    def __init__(self, tool: str, hint: str = "", place: Place | None = None) -> None:
        self.tool = tool
        self.hint = hint
        self.place = place
        head = "" if place is None else f"{place}: {place.path + ': ' if place.path else ''}"
        super().__init__(f"{head}{tool} is needed and was not found" + (f": {hint}" if hint else ""))


class WorkspaceError(VbmakeError):
    """The project's directory cannot be used: locked by another build, read-only, full."""


class JobError(VbmakeError):
    """One job failed. The message says what happened and what to do next."""

    exit_code = 1


class RetryableError(JobError):
    """A failure that may pass: the job is tried again after `retry_after` seconds (None: the engine's own backoff)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(RetryableError):
    """A provider has no room now. Nothing was asked and nothing is wrong: waiting costs time, and no try."""


class FatalError(JobError):
    """A failure that no second try can mend."""
