"""A directory whose small objects lie together in one file: the local cache, where most have a few hundred bytes.

Making a file can take a millisecond, longer than many jobs. What is larger has a file each, as in LocalStorage, and
small objects that have files of their own (of earlier versions) are read all the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vbmake.disk import explained
from vbmake.storage.local import LocalStorage
from vbmake.storage.protocol import Data, Sent
from vbmake.storage.small import Over, SmallObjects

SMALL = 32 << 10  # bytes: at most
FILE = "v1/small.sqlite"


class PackedStorage(LocalStorage):
    """As LocalStorage, never durable. `close` writes what waits to be written; a kill loses the last moment's."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, durable=False)
        self.small = SmallObjects(self.directory / FILE)
        # Names that were looked for and were not there. Who stores one next need not look again: whether somebody
        # else was faster is decided when it is written.
        self._absent: set[str] = set()

    def read(self, name: str) -> bytes | None:
        found = self._small_bytes("read", name)
        if found is None and (found := super().read(name)) is None:
            self._absent.add(name)
        return found

    def held(self, name: str) -> Data:
        found = self._small_bytes("read", name)
        return found if found is not None else super().held(name)

    def download(self, name: str, path: Path) -> bool:
        found = self._small_bytes("copy", name)
        if found is None:
            return super().download(name, path)
        with explained("write", path):
            path.write_bytes(found)
        return True

    def write(self, name: str, data: Data, *, content_type: str = "") -> None:
        small = _small(data)
        if small is None:
            super().write(name, data, content_type=content_type)
            self._drop_small(name)
        else:
            self._put(name, small, "anything")

    def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
        small = _small(data)
        if name in self._absent:
            self._absent.discard(name)
        elif self._small_size(name) is not None or (small is not None and os.access(self._place(name), os.F_OK)):
            return False
        if small is None:
            return super().write_new(name, data, content_type=content_type)
        return self._put(name, small, "nothing")

    def keep(self, name: str, data: bytes) -> None:
        """Store a few bytes whose name tells which they are: without a look, in place of those of another size."""
        self._put(name, data, "other size")

    def publish(self, name: str, path: Path, *, content_type: str, sha256: str, sent: Sent) -> None:
        super().publish(name, path, content_type=content_type, sha256=sha256, sent=sent)
        self._drop_small(name)

    def digest(self, name: str) -> str | None:
        found = self._small_bytes("read", name)
        return hashlib.sha256(found).hexdigest() if found is not None else super().digest(name)

    def append_line(self, name: str, value: Any) -> None:
        """As in LocalStorage: what grows has a file of its own."""
        found = self._small_bytes("append to", name)
        if found is not None:
            super().write(name, found)
            self._drop_small(name)
        super().append_line(name, value)

    def stat(self, name: str) -> int | None:
        found = self._small_size(name)
        if found is None and (found := super().stat(name)) is None:
            self._absent.add(name)
        return found

    def delete(self, name: str) -> None:
        self._drop_small(name)
        super().delete(name)

    def list(self, prefix: str = "") -> Iterator[str]:
        try:
            small = [name for name in self.small.names() if name.startswith(prefix)]
        except OSError as error:
            raise self._error("list", prefix, error) from error
        files = [name for name in super().list(prefix) if not name.startswith(FILE)]
        return iter(sorted({*small, *files}))

    def close(self) -> None:
        """Write what waits and let go of the file; it is opened again when it is needed. Raises StorageRefusal."""
        try:
            self.small.close()
        except OSError as error:
            raise self._error("write", FILE, error) from error

    def _small_bytes(self, verb: str, name: str) -> bytes | None:
        try:
            return self.small.get(name)
        except OSError as error:
            raise self._error(verb, name, error) from error

    def _small_size(self, name: str) -> int | None:
        try:
            return self.small.size(name)
        except OSError as error:
            raise self._error("look at", name, error) from error

    def _put(self, name: str, data: bytes, over: Over) -> bool:
        self._place(name)  # is it a name?
        try:
            return self.small.put(name, data, over)
        except OSError as error:
            raise self._error("write", name, error) from error

    def _drop_small(self, name: str) -> None:
        try:
            self.small.drop(name)
        except OSError as error:
            raise self._error("delete", name, error) from error


def _small(data: Data) -> bytes | None:
    """The bytes of what is small enough."""
    if isinstance(data, bytes):
        return data if len(data) <= SMALL else None
    return data.read_bytes() if data.stat().st_size <= SMALL else None
