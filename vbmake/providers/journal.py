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

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from vbmake.providers.book import explained

State = Literal["intent", "accepted", "result", "fetched", "done", "failed", "abandoned"]
_STATES: Final = frozenset(get_args(State))
_OVER: Final = frozenset({"done", "failed"})  # as if it had never been asked
LONG: Final = 4096  # lines: a longer file is written anew
_Stamp = tuple[int, int, int]


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
    """The steps of a project's requests. Thread-safe; one process at a time writes (builds hold the project's lock).

    A line that was torn by a kill, or damaged, is left out. Lines of requests that are over are dropped now and then.
    `checkpoint(state)` is called after each step is on the disk: a seam for tests that end the process there.
    """

    def __init__(self, path: Path, clock: Callable[[], str] = _now, checkpoint: Callable[[str], None] = lambda _: None):
        self.path = path
        self._clock = clock
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}
        self._lines = 0
        self._seen: _Stamp | None = None  # the file as it was read or written last

    def get(self, key: str) -> Step | None:
        """The last step of a key, or None. Raises WorkspaceError when the file cannot be read."""
        with self._lock:
            return self._read().get(key)

    def all(self) -> list[Step]:
        """The last step of every key, in the order in which they were begun. Raises WorkspaceError."""
        with self._lock:
            return list(self._read().values())

    def write(self, key: str, state: State, **facts: Any) -> Step:
        """Take a step: it is on the disk when this returns. Raises WorkspaceError when that cannot be."""
        record = {"key": key, "state": state, "time": self._clock(), **facts}
        with self._lock:
            self._read()
            with explained("write", self.path):
                self._shorten()
                self._append(_line(record))
                self._seen = _stamp(self.path)
            self._lines += 1
            step = self._apply(record)
        self._checkpoint(state)
        return step

    def _read(self) -> dict[str, Step]:
        """The steps, read anew when another process wrote the file."""
        with explained("read", self.path):
            stamp = _stamp(self.path)
            if stamp != self._seen:
                self._steps, self._lines = {}, 0
                for line in self.path.read_bytes().split(b"\n") if stamp is not None else ():
                    self._lines += 1
                    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                        record = json.loads(line)
                        if record["state"] in _STATES and isinstance(record["key"], str):
                            self._apply(record)
                self._seen = stamp
        return self._steps

    def _apply(self, record: dict[str, Any]) -> Step:
        key, state = record["key"], record["state"]
        before = self._steps.get(key)
        facts = {name: value for name, value in record.items() if name not in ("key", "state", "time")}
        if state == "intent":
            self._steps.pop(key, None)  # begun anew: the last in order
        elif before is not None:
            facts = {**before.facts, **facts}
        step = self._steps[key] = Step(key, state, str(record.get("time", "")), facts)
        return step

    def _shorten(self) -> None:
        """Write a long file anew with one line for each request that is not over, in one piece by renaming it."""
        open_steps = {key: step for key, step in self._steps.items() if step.state not in _OVER}
        if self._lines < LONG or self._lines < 4 * len(open_steps):
            return
        lines = [_line({"key": s.key, "state": s.state, "time": s.time, **s.facts}) for s in open_steps.values()]
        temporary = self.path.with_name(f"{self.path.name}.part")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write(handle, b"".join(lines))
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(self.path.parent)
        self._steps, self._lines = open_steps, len(lines)

    def _append(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            torn = bool(end) and os.pread(handle, 1, end - 1) != b"\n"
            try:
                _write(handle, (b"\n" if torn else b"") + line)
                os.fsync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, end)  # what was not written whole was not said
                raise
        finally:
            os.close(handle)
        if new:
            sync_directory(self.path.parent)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def sync_directory(path: Path) -> None:
    """Have the names in a directory on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
