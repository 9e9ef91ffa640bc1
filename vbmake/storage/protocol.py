"""What vbmake asks of a place that keeps named bytes: a directory or a bucket, not knowing what it stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from vbmake.errors import WorkspaceError

Data = bytes | Path
Sent = Callable[[int], None]  # told of so many bytes more


class StorageError(WorkspaceError):
    """The place cannot be reached or used: refused, timed out, full. What is merely absent is no error."""


class StorageRefusal(StorageError):
    """The place answers, and does not do it: not allowed, full, no such bucket. Other requests may be granted."""


class ContentChanged(StorageError):
    """A file has other bytes than its sender said: it was written meanwhile. Nothing was stored."""


class Storage(Protocol):
    """Named bytes. Names are relative POSIX paths ("v1/ac/ab/abcd.json"); data is bytes or the path of a file.

    Every method raises StorageError when the place cannot be reached or used, ValueError for a name that leaves it.
    """

    conditional: bool
    """Whether conditional writes are what they say; else two writers at once may undo each other (not known before
    the first such write)."""

    @property
    def url(self) -> str:
        """Where this is, for people."""
        ...

    @property
    def address(self) -> str:
        """Which place this is, among all whose `url` may be alike (a bucket of that name at another endpoint)."""
        ...

    def read(self, name: str) -> bytes | None:
        """The bytes of that name, or None."""
        ...

    def download(self, name: str, path: Path) -> bool:
        """Write the bytes of that name to a file. False when there is no such name (then no file is left).

        Raises WorkspaceError, and no StorageError, when it is the file that cannot be written.
        """
        ...

    def write(self, name: str, data: Data, *, content_type: str = "") -> None:
        """Store under that name, in one step: a reader sees the old bytes or the new ones, never a part."""
        ...

    def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
        """Store unless the name exists (of two writers at once, the first wins). False when it existed."""
        ...

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        """The bytes with a token of their version, for `write_version`."""
        ...

    def write_version(self, name: str, data: Data, version: str | None, *, content_type: str = "") -> bool:
        """Store if the name still has that version (None: does not exist). False when somebody was faster."""
        ...

    def publish(self, name: str, path: Path, *, content_type: str, sha256: str, sent: Sent) -> None:
        """Store a file as `write` does, for people to fetch: with its type, and so that `digest` can tell its sha256.

        `sent` is told of progress, from whatever thread; an exception that it raises ends the work. Raises
        ContentChanged, and stores nothing, when the file does not have that sha256.
        """
        ...

    def digest(self, name: str) -> str | None:
        """The sha256 of what `publish` stored under that name; None when there is nothing, or it came another way."""
        ...

    def append_line(self, name: str, value: Any) -> None:
        """Append one JSON value as a line."""
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """Every name that starts with the prefix, sorted."""
        ...

    def stat(self, name: str) -> int | None:
        """The size in bytes, or None when there is no such name."""
        ...

    def delete(self, name: str) -> None:
        """Remove a name; a missing one is fine."""
        ...
