"""What was asked of providers and how far each request came, so that no kill makes it paid twice.

One JSON line for each step of a key, on the disk before the step after it is taken:

    intent     it is about to be sent
    accepted   the provider took it and will answer later: `handle` says where to ask
    result     the answer is known, and its body lies in the key's directory
    fetched    every file of the result lies in the key's directory
    done       what it made is recorded by the build
    failed     it came to nothing, and nothing is open
    abandoned  its outcome is unknown, and a person said not to ask again
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from vbmake.errors import WorkspaceError

State = Literal["intent", "accepted", "result", "fetched", "done", "failed", "abandoned"]
_STATES = frozenset(get_args(State))


@dataclass(frozen=True, slots=True)
class Step:
    """How far the request of a key came. `facts` are those of all its steps since it was last begun."""

    key: str
    state: State
    time: str
    facts: dict[str, Any] = field(default_factory=dict)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """The steps of a project's requests. Thread-safe; one process at a time (builds hold the project's lock).

    A line that was torn by a kill, or damaged, is left out. `checkpoint(state)` is called after each step is on the
    disk: a seam for tests that end the process there.
    """

    def __init__(self, path: Path, clock: Callable[[], str] = _now, checkpoint: Callable[[str], None] = lambda _: None):
        self.path = path
        self._clock = clock
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        self._steps: dict[str, Step] | None = None

    def get(self, key: str) -> Step | None:
        """The last step of a key, or None."""
        with self._lock:
            return self._read().get(key)

    def all(self) -> list[Step]:
        """The last step of every key, in the order in which they were begun."""
        with self._lock:
            return list(self._read().values())

    def write(self, key: str, state: State, **facts: Any) -> Step:
        """Take a step: it is on the disk when this returns. Raises WorkspaceError when that cannot be."""
        record = {"key": key, "state": state, "time": self._clock(), **facts}
        with self._lock:
            self._read()
            self._append(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
            step = self._apply(record)
        self._checkpoint(state)
        return step

    def _read(self) -> dict[str, Step]:
        if self._steps is None:
            self._steps = {}
            try:
                lines = self.path.read_bytes().split(b"\n")
            except FileNotFoundError:
                lines = []
            except OSError as error:
                self._steps = None
                raise WorkspaceError(f"{self.path} cannot be read: {error.strerror or error}") from error
            for line in lines:
                try:
                    record = json.loads(line)
                    if record["state"] in _STATES and isinstance(record["key"], str):
                        self._apply(record)
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
        return self._steps

    def _apply(self, record: dict[str, Any]) -> Step:
        assert self._steps is not None
        key, state = record["key"], record["state"]
        before = self._steps.get(key)
        facts = {name: value for name, value in record.items() if name not in ("key", "state", "time")}
        if state != "intent" and before is not None:
            facts = {**before.facts, **facts}
        step = self._steps[key] = Step(key, state, str(record.get("time", "")), facts)
        return step

    def _append(self, line: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                end = os.lseek(handle, 0, os.SEEK_END)
                torn = bool(end) and os.pread(handle, 1, end - 1) != b"\n"
                os.write(handle, (b"\n" if torn else b"") + line + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            if new:
                sync_directory(self.path.parent)
        except OSError as error:
            raise WorkspaceError(f"{self.path} cannot be written: {error.strerror or error}") from error


def sync_directory(path: Path) -> None:
    """Have the names in a directory on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
