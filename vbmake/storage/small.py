"""Small named bytes in one SQLite file, written a little later and many at once: a file for each costs far more.

Not durable on purpose: what a kill takes are the writes of the last moment, what a power cut can take is the whole
file. It keeps what can be made again. A file that is damaged is moved aside and begun anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

DELAY = 0.2  # seconds that a write may wait for others to be written with it
BATCH = 4 << 20  # bytes that wait at most
PATIENCE = 20.0  # seconds that a reader or writer waits for those of other processes
TOGETHER = 250  # objects stored by one statement: Python's own lock is let go and taken again for each
DAY = 86_400  # seconds: uses are noted no more exactly than this
DAMAGED = ".damaged"

Over = Literal["nothing", "other size", "anything"]  # what new bytes take the place of
_STORED: dict[Over, str] = {
    "nothing": "INSERT OR IGNORE INTO small VALUES {}",
    "other size": (
        "INSERT INTO small VALUES {} ON CONFLICT (name) DO UPDATE SET data = excluded.data, used = excluded.used "
        "WHERE length(data) <> length(excluded.data)"
    ),
    "anything": "INSERT OR REPLACE INTO small VALUES {}",
}
_SCHEMA = "CREATE TABLE IF NOT EXISTS small (name TEXT PRIMARY KEY, data BLOB NOT NULL, used REAL NOT NULL)"
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # the last: another table


class Row(NamedTuple):
    """One object, without its bytes: when it was last used (seconds since 1970), and its size in bytes."""

    used: float
    size: int
    name: str


class _Change(NamedTuple):
    """A write that waits: new bytes, with what may stand in their way, or None to remove the name."""

    data: bytes | None
    over: Over


class SmallObjects:
    """Bytes by name. Safe to use from many threads and, on one file, by many processes.

    Reading raises OSError for a file that cannot be used, writing for a failure of this write or of those before it.
    `flush` and `close` see everything written; after `close` the file is opened again when it is needed.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._place = str(path)
        self._clock = clock
        self._lock = threading.Lock()  # guards the four that follow
        self._changed = threading.Condition(self._lock)  # (held by the lock itself, which Ctrl-C cannot leave held)
        self._waiting: dict[str, _Change] = {}
        self._writing: dict[str, _Change] = {}  # taken from `_waiting`, and not yet in the file
        self._used: set[str] = set()
        self._size = 0  # bytes that wait
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._told = _Told(path)
        self._reading = threading.Lock()
        self._committing = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """The bytes of a name, or None. Marks them as used."""
        change = self._change(name)
        if change is not None:
            return change.data
        row = self._one("SELECT data, used FROM small WHERE name = ?", name)
        if row is None or not isinstance(row[0], bytes):
            return None
        if not isinstance(row[1], float) or self._clock() - row[1] > DAY:
            with self._lock:
                self._used.add(name)
        return row[0]

    def size(self, name: str) -> int | None:
        """How many bytes a name has, or None."""
        change = self._change(name)
        if change is not None:
            return None if change.data is None else len(change.data)
        row = self._one("SELECT length(data) FROM small WHERE name = ?", name)
        return None if row is None else int(row[0])

    def put(self, name: str, data: bytes, over: Over) -> bool:
        """Store bytes: if there are none of that name, in place of bytes of another size, or in any case.

        False when others of this process were faster. Those of another process, or of the file, decide when it is
        written.
        """
        with self._lock:
            standing = self._change(name)
            if standing is not None:
                if standing.data is not None and over == "nothing":
                    return False
                if standing.data is None or (name in self._waiting and standing.over == "anything"):
                    over = "anything"  # a removal waits with it
            self._note(name, _Change(data, over))
            return True

    def drop(self, name: str) -> None:
        """Remove a name; a missing one is fine."""
        with self._lock:
            if name in self._waiting or name in self._writing or self.path.exists():
                self._note(name, _Change(None, "anything"))

    def rows(self) -> list[Row]:
        """Every object that is in the file, the longest unused first."""
        self.flush()
        found = self._all("SELECT CAST(used AS REAL), length(data), name FROM small ORDER BY 1, 3")
        return [Row(used, size, str(name)) for used, size, name in found]

    def contents(self, prefix: str) -> list[bytes]:
        """The bytes of every object whose name begins so, without marking them as used."""
        self.flush()
        found = self._all("SELECT data FROM small WHERE name >= ? AND name < ?", prefix, prefix + "\U0010ffff")
        return [bytes(data) for (data,) in found if isinstance(data, bytes)]

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(row.name for row in self.rows())

    def remove(self, names: list[str]) -> None:
        """Remove many names at once and give their room back to the disk."""
        for name in names:
            self.drop(name)
        self.flush()
        with self._committing, self._told:
            writer = self._connected_writer()
            writer.executescript("PRAGMA incremental_vacuum")  # (`execute` would free one page)

    def flush(self) -> None:
        """Have everything written that waits. Raises OSError when that, or an earlier write, failed."""
        self._write()
        with self._lock:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Flush, and let go of the file. Raises OSError as `flush` does."""
        with self._lock:
            thread = self._thread
            self._closing = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        try:
            self.flush()
        finally:
            self._closing = False
            with self._committing, self._reading:
                self._disconnect()

    # what waits

    def _change(self, name: str) -> _Change | None:
        return self._waiting.get(name) or self._writing.get(name)

    def _note(self, name: str, change: _Change) -> None:
        """Have a change written before long. Called under the lock; raises what an earlier write failed of."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        self._waiting[name] = change
        if change.data is not None:
            self._size += len(change.data)
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="cache-small", daemon=True)
            self._thread.start()
        elif len(self._waiting) == 1 or self._size > BATCH:
            self._changed.notify()

    def _serve(self) -> None:
        """The thread that writes: what comes together is written together."""
        while True:
            with self._lock:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                self._changed.wait_for(lambda: self._closing or self._size > BATCH, DELAY)
                if self._closing:  # who closes writes the rest
                    self._thread = None
                    return
            self._write()

    def _write(self) -> None:
        with self._committing:
            with self._lock:
                if not self._waiting and not self._used:
                    return
                self._writing, self._waiting = self._waiting, {}
                used, self._used = self._used, set()
                self._size = 0
            try:
                with self._told:
                    self._commit(self._writing, used)
            except OSError as error:
                with self._lock:
                    if self._writing:  # a use that is not noted harms nobody
                        self._failure = error
            finally:
                with self._lock:
                    self._writing = {}

    # the file

    def _commit(self, changes: dict[str, _Change], used: set[str]) -> None:
        """Everything in one transaction. A damaged file is begun anew, once."""
        now = self._clock()
        for attempt in range(2):
            try:
                writer = self._connected_writer()
                writer.execute("BEGIN IMMEDIATE")
                try:
                    _store(writer, changes, now)
                    writer.executemany("UPDATE small SET used = ? WHERE name = ?", ((now, name) for name in used))
                    writer.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        writer.execute("ROLLBACK")
                    raise
                return
            except sqlite3.DatabaseError as error:
                if attempt or not _is_damage(error):
                    raise
                self._begin_anew()

    def _one(self, query: str, name: str) -> tuple[Any, ...] | None:
        found = self._all(query, name)
        return found[0] if found else None

    def _all(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no file, or a damaged one."""
        if self._reader is None and not os.access(self._place, os.F_OK):  # (asked for each name of an empty cache)
            return []
        with self._told:
            try:
                with self._reading:
                    return self._connected_reader().execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            with self._committing:
                self._begin_anew()
        return []

    def _connected_reader(self) -> sqlite3.Connection:
        if self._reader is None:
            # (What a killed writer left half done is undone first.)
            address = f"{self.path.absolute().as_uri()}?mode=rw"
            self._reader = sqlite3.connect(address, uri=True, timeout=PATIENCE, check_same_thread=False)
        return self._reader

    def _connected_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                # No write-ahead log: it needs memory that is shared, which a home on a network has not, and a
                # folder that can be written even to be read.
                for line in ("auto_vacuum=INCREMENTAL", "journal_mode=TRUNCATE", "synchronous=OFF"):
                    writer.execute(f"PRAGMA {line}").fetchall()
                writer.execute(_SCHEMA)
            except BaseException:
                writer.close()
                raise
            self._writer = writer
        return self._writer

    def _disconnect(self) -> None:
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _begin_anew(self) -> None:
        """Move the damaged file aside, where it can be looked at until it is trimmed. Under `_committing`."""
        with self._reading:
            self._disconnect()
            if _sound(self.path):
                return  # another process was faster
            self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)  # of those bytes, not of new ones
            with contextlib.suppress(FileNotFoundError):
                os.replace(self.path, self.path.with_name(f"{self.path.name}{DAMAGED}"))


class _Told:
    """A block in which an error of the library's is told as one of the file. (A generator would take longer.)"""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise OSError(None, str(error), str(self._path)) from error


def _store(writer: sqlite3.Connection, changes: dict[str, _Change], now: float) -> None:
    """Carry changes out; each name is in them once, so their order does not matter."""
    gone = [(name,) for name, change in changes.items() if change.data is None]
    writer.executemany("DELETE FROM small WHERE name = ?", gone)
    for over, statement in _STORED.items():
        stored = [(name, one.data, now) for name, one in changes.items() if one.data is not None and one.over == over]
        for first in range(0, len(stored), TOGETHER):
            rows = stored[first : first + TOGETHER]
            marks = ",".join(["(?, ?, ?)"] * len(rows))
            writer.execute(statement.format(marks), [value for row in rows for value in row])


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is not what was written here; else it is in use, full, or out of reach."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNREADABLE


def _sound(path: Path) -> bool:
    """Whether the file can be read from end to end; one that is missing, or has nothing in it yet, is."""
    if not path.exists():
        return True
    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchall()
            if connection.execute("SELECT 1 FROM sqlite_schema").fetchall():
                connection.execute("SELECT name, data, used FROM small LIMIT 1").fetchall()
        except sqlite3.DatabaseError as error:
            return not _is_damage(error)
    return found == [("ok",)]
