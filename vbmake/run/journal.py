"""A file of JSON lines that only grows: one record a line, the last of a name counts, damage costs its own line."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vbmake.errors import WorkspaceError
from vbmake.plan.keys import plain_record
from vbmake.run.disk import explained

SLACK = 1_000_000  # bytes of superseded lines that are not worth writing a file anew


class Journal:
    """Records by name, kept in memory and on disk. Thread-safe.

    A record is a JSON object with the field `name_field`; a record with only that field and `"gone": true` removes the
    name. A line is written with one system call, so that a kill loses at most the line being written; a stump or a
    corrupt line is skipped when reading. Deleting the file costs only time.
    """

    def __init__(self, path: Path, name_field: str) -> None:
        self.path = path
        self.name_field = name_field
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Any]] = {}
        self._dropped: set[str] = set()
        self._lines = 0
        self._bytes = 0  # of the file when it was read
        self._sizes: dict[str, int] = {}  # of the line of each name then
        self._open: int | None = None
        self._mark = _mark(path)
        self._load()

    def refresh(self) -> bool:
        """Read the file again if another process has written to it since. Tells whether it had."""
        with self._lock:
            if _mark(self.path) == self._mark:
                return False
            self._close()
            self._records, self._dropped, self._sizes = {}, set(), {}
            self._lines = self._bytes = 0
            self._mark = _mark(self.path)
            self._load()
            return True

    def get(self, name: str) -> dict[str, Any] | None:
        return self._records.get(name)

    def dropped(self, name: str) -> bool:
        """Whether the name was known and then forgotten, as far as the file still tells."""
        return name in self._dropped

    def names(self) -> list[str]:
        """Every name, sorted."""
        with self._lock:
            return sorted(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def put(self, record: dict[str, Any]) -> None:
        """Remember a record and append its line. Raises WorkspaceError when the disk is full or read-only."""
        with self._lock:
            self._append([record])
            self._records[record[self.name_field]] = record
            self._dropped.discard(record[self.name_field])

    def put_all(self, records: list[dict[str, Any]]) -> None:
        """Many records with one write."""
        with self._lock:
            self._append(records)
            self._records.update({record[self.name_field]: record for record in records})
            self._dropped.difference_update(record[self.name_field] for record in records)

    def drop(self, name: str) -> None:
        """Forget a name."""
        with self._lock:
            if name in self._records:
                self._append([{self.name_field: name, "gone": True}])
                del self._records[name]
                self._dropped.add(name)

    def compact(self) -> None:
        """Write the file anew when much of it is superseded. Only for the holder of the project's lock."""
        with self._lock:
            few = self._lines < 2 * len(self._records) + 500
            if few and self._bytes < 1.5 * sum(self._sizes.values()) + SLACK:  # the line of a long film is long
                return
            self._close()
            temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
            try:
                with explained("write", self.path), open(temporary, "wb") as stream:
                    stream.writelines(_line(record) for record in self._records.values())
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(temporary, self.path)
            finally:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
            self._lines, self._bytes = len(self._records), self.path.stat().st_size
            self._mark = _mark(self.path)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _load(self) -> None:
        for record, size in self._read():
            name = record[self.name_field]
            if record.get("gone") is True:
                self._sizes.pop(name, None)
                self._records.pop(name, None)
                self._dropped.add(name)
            else:
                self._records[name] = record
                self._sizes[name] = size
                self._dropped.discard(name)

    def _read(self) -> Iterator[tuple[dict[str, Any], int]]:
        """The records in the order of the file, with the bytes of their lines."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise WorkspaceError(f"{self.path} cannot be read: {error.strerror}") from None
        lines = [line for line in lines if line]
        self._lines += len(lines)
        for record, line in zip(_parsed(lines), lines, strict=True):
            self._bytes += len(line)
            if isinstance(record, dict) and isinstance(record.get(self.name_field), str):
                yield record, len(line)

    def _append(self, records: list[dict[str, Any]]) -> None:
        data = b"".join(map(_line, records))
        with explained("write", self.path):
            if self._open is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._open = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
                found = os.fstat(self._open)
                size = found.st_size
                if self._mark == (0, 0):
                    self._mark = (found.st_ino, 0)
                if size and os.pread(self._open, 1, size - 1) != b"\n":
                    data = b"\n" + data  # a writer was killed in mid-line: keep its stump to itself
            written = os.write(self._open, data)
            if written != len(data):  # the disk is full: the stump is skipped when read
                self._close()
                raise OSError(28, os.strerror(28), str(self.path))
            self._mark = (self._mark[0], self._mark[1] + written)
        self._lines += len(records)


def _mark(path: Path) -> tuple[int, int]:
    """By what a file that another process wrote to is noticed: it grew, or is another one."""
    try:
        stat = os.stat(path)
    except OSError:
        return (0, 0)
    return (stat.st_ino, stat.st_size)


def _parsed(lines: list[bytes]) -> Iterator[Any]:
    """The values of JSON lines; None for damaged ones."""
    try:
        found = json.loads(b"[" + b",".join(lines) + b"]")  # all at once: three times as fast
        if len(found) == len(lines):
            yield from found
            return
    except (ValueError, RecursionError):
        pass
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield None


def _line(record: dict[str, Any]) -> bytes:
    return plain_record(record) + b"\n"
