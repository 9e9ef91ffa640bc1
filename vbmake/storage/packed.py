"""A directory whose small objects lie together in one file: the local cache, where most objects are a few hundred bytes.

Making a file can take a millisecond, longer than many jobs. What is larger has a file each, as in LocalStorage, and
small objects that have files of their own (of earlier versions) are read all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vbmake.storage.local import LocalStorage
from vbmake.storage.protocol import Data
from vbmake.storage.small import SmallObjects

SMALL = 32 << 10  # bytes: at most
FILE = "v1/small.sqlite"


class PackedStorage(LocalStorage):
    """As LocalStorage, never durable. `close` writes what waits to be written; a kill loses the last moment's."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, durable=False)
        self.small = SmallObjects(self.directory / FILE)

    def read(self, name: str) -> bytes | None:
        found = self._small_bytes("read", name)
        return found if found is not None else super().read(name)

    def held(self, name: str) -> Data:
        found = self._small_bytes("read", name)
        return found if found is not None else super().held(name)

    def download(self, name: str, path: Path) -> bool:
        found = self._small_bytes("copy", name)
        if found is None:
            return super().download(name, path)
        path.write_bytes(found)
        return True

    def write(self, name: str, data: Data, *, content_type: str = "") -> None:
        small = _small(data)
        if small is None:
            super().write(name, data, content_type=content_type)
            self._drop_small(name)
        else:
            self._put(name, small, over=True)

    def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
        small = _small(data)
        if self._small_size(name) is not None:
            return False
        if small is None:
            return super().write_new(name, data, content_type=content_type)
        if self.path(name).exists():
            return False
        self._put(name, small, over=False)
        return True

    def stat(self, name: str) -> int | None:
        found = self._small_size(name)
        return found if found is not None else super().stat(name)

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

    def _put(self, name: str, data: bytes, *, over: bool) -> None:
        try:
            self.small.put(name, data, over=over)
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
