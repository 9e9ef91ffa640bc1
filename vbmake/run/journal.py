"""A file of JSON lines that only grows: one record a line, the last of a name counts, damage costs its own line."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vbmake.disk import explained
from vbmake.errors import WorkspaceError
from vbmake.plan.keys import plain_record
from vbmake.run.publish import replacing

_GONE = b'"gone":true}'
SLACK = 1_000_000  # bytes of superseded lines that are not worth writing a file anew


class Journal:
    """Records by name, kept in memory and on disk. Thread-safe.

    A record is a JSON object with the field `name_field`; a record with that field and `"gone": true` removes the name,
    and may say `why`. A line is written with one system call, so that a kill loses at most the line being written; a
    stump or a corrupt line is skipped when reading. Deleting the file costs only time.

    A line is understood when its record is asked for: a film of ten thousand scenes has megabytes of them, of which a
    build that begins needs few.
    """

    def __init__(self, path: Path, name_field: str, parse: Callable[[bytes], Any] = json.loads) -> None:
        """`parse` understands a line; `canonical.quickly` where records hold no integers of over 64 bits."""
        self.path = path
        self.name_field = name_field
        self._parse = parse
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, Any]] = {}  # those that were asked for, or put
        self._unread: dict[str, list[bytes]] = {}  # lines of other names, in the order of the file
        self._head = f'{{"{name_field}":"'.encode()  # how lines begin that tell their name at a glance
        self._dropped: dict[str, str] = {}  # the names that were known, and why they are not any more
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
            self._records, self._unread, self._dropped, self._sizes = {}, {}, {}, {}
            self._lines = self._bytes = 0
            self._mark = _mark(self.path)
            self._load()
            return True

    def get(self, name: str) -> dict[str, Any] | None:
        record = self._records.get(name)
        if record is not None:
            return record
        if name in self._unread:
            with self._lock:
                self._understand(name)
        return self._records.get(name)  # (another thread may have understood it meanwhile)

    def __contains__(self, name: object) -> bool:
        return name in self._records or name in self._unread

    def dropped(self, name: str) -> str | None:
        """Why a name that was known is not any more, "" where nobody said; None for any other name.

        As far as the file still tells.
        """
        return self._dropped.get(name)

    def names(self) -> list[str]:
        """Every name, sorted."""
        with self._lock:
            self._understand_all()
            return sorted(self._records)

    def __len__(self) -> int:
        return len(self.names())

    def put(self, record: dict[str, Any], *, durable: bool = False) -> None:
        """Remember a record and append its line, which survives a power cut where it is to be `durable`.

        Raises WorkspaceError when the disk is full or read-only.
        """
        line = _line(record)
        with self._lock:
            self._append(line, 1)
            if durable and self._open is not None:
                with explained("write", self.path):
                    os.fsync(self._open)
            self._take(record)

    def put_all(self, records: list[dict[str, Any]]) -> None:
        """Many records with one write."""
        with self._lock:
            self._append(b"".join(map(_line, records)), len(records))
            for record in records:
                self._take(record)

    def drop(self, name: str, why: str = "") -> None:
        """Forget a name."""
        told = {"why": why} if why else {}
        with self._lock:
            if name in self._records or name in self._unread:
                self._append(_line({self.name_field: name, **told, "gone": True}), 1)
                self._lose(name, why)

    def compact(self) -> None:
        """Write the file anew when much of it is superseded. Only for the holder of the project's lock."""
        with self._lock:
            few = self._lines < 2 * (len(self._records) + len(self._unread)) + 500
            if few and self._bytes < 1.5 * sum(self._sizes.values()) + SLACK:  # the line of a long film is long
                return
            self._understand_all()
            self._close()
            with explained("write", self.path), replacing(self.path, durable=True) as stream:
                stream.writelines(_line(record) for record in self._records.values())
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
        """Read the file, and of its lines what can be seen at a glance."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise WorkspaceError(f"{self.path} cannot be read: {error.strerror}") from None
        head, first = self._head, len(self._head)
        for line in lines:
            if not line:
                continue
            self._lines += 1
            self._bytes += len(line)
            end = line.find(b'"', first)
            written = line[first:end] if end > 0 and line.startswith(head) else b"\\"
            if b"\\" in written or line.endswith(_GONE):
                self._look_closely(line)
                continue
            try:
                name = written.decode()  # of a line as this class writes it
            except UnicodeDecodeError:
                self._look_closely(line)
                continue
            self._sizes[name] = len(line)
            if name in self._unread:
                self._unread[name].append(line)
            else:
                self._unread[name] = [line]
            if name in self._records:
                del self._records[name]
            if name in self._dropped:
                del self._dropped[name]

    def _look_closely(self, line: bytes) -> None:
        record = self._parsed(line)
        name = record.get(self.name_field) if isinstance(record, dict) else None
        if not isinstance(name, str):
            return
        self._unread.pop(name, None)
        if record.get("gone") is True:
            self._lose(name, str(record.get("why", "")))
        else:
            self._take(record)
            self._sizes[name] = len(line)

    def _understand(self, name: str) -> None:
        """Take the record of the last line of a name that is whole."""
        for line in reversed(self._unread.get(name, ())):
            record = self._parsed(line)
            if isinstance(record, dict) and record.get(self.name_field) == name:
                if record.get("gone") is True:
                    self._lose(name, str(record.get("why", "")))
                else:
                    self._records[name] = record
                break
        self._unread.pop(name, None)  # last: who reads without the lock finds it in one place or the other

    def _parsed(self, line: bytes) -> Any:
        """The value of a JSON line; None for a damaged one."""
        try:
            return self._parse(line)
        except (ValueError, RecursionError):
            return None

    def _understand_all(self) -> None:
        for name in list(self._unread):
            self._understand(name)

    def _take(self, record: dict[str, Any]) -> None:
        name = record[self.name_field]
        self._unread.pop(name, None)
        self._records[name] = record
        self._dropped.pop(name, None)

    def _lose(self, name: str, why: str) -> None:
        self._unread.pop(name, None)
        self._records.pop(name, None)
        self._sizes.pop(name, None)
        self._dropped[name] = why

    def _append(self, lines: bytes, count: int) -> None:
        """Write so many whole lines with one system call."""
        data = lines
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
        self._lines += count


def _mark(path: Path) -> tuple[int, int]:
    """By what a file that another process wrote to is noticed: it grew, or is another one."""
    try:
        stat = os.stat(path)
    except OSError:
        return (0, 0)
    return (stat.st_ino, stat.st_size)


def _line(record: dict[str, Any]) -> bytes:
    return plain_record(record) + b"\n"
