"""The content store: bytes by their sha256, checked whenever they are read."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from vbmake.storage.packed import SMALL, PackedStorage
from vbmake.storage.protocol import Data, Storage


class ContentStore:
    """Files by their sha256 over any Storage: `v1/cas/<first two>/<sha256>`.

    Files are copied in and out, never linked: a name in a project and a name in the cache that share an inode would let
    an editor that writes in place change both. (Where a file system can share blocks, the copy costs nothing.)
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @staticmethod
    def name(sha256: str) -> str:
        return f"v1/cas/{sha256[:2]}/{sha256}"

    def has(self, sha256: str, size: int) -> bool:
        """Whether a blob of that digest and size is there (its bytes are checked when they are read)."""
        return self.storage.stat(self.name(sha256)) == size

    def put(self, sha256: str, data: Data) -> bool:
        """Store bytes whose digest is known. A blob of another size is damaged, and replaced. True: it was sent."""
        name = self.name(sha256)
        if isinstance(self.storage, PackedStorage) and isinstance(data, bytes) and len(data) <= SMALL:
            self.storage.keep(name, data)
            return True
        found = self.storage.stat(name)
        if found == (len(data) if isinstance(data, bytes) else data.stat().st_size):
            return False
        if found is None:
            return self.storage.write_new(name, data)
        self.storage.write(name, data)
        return True

    def right(self, sha256: str) -> bool:
        """Whether the bytes under a digest have it. They are read."""
        return self.storage.digest(self.name(sha256)) == sha256

    def replace(self, sha256: str, data: Data) -> None:
        """Store bytes over whatever is there under their digest."""
        self.storage.write(self.name(sha256), data)

    def materialise(self, sha256: str, path: Path) -> bool:
        """Write the bytes of that digest to a new file. False, and no file, when they are missing or wrong."""
        if not self.storage.download(self.name(sha256), path):
            return False
        with open(path, "rb") as stream:
            right = hashlib.file_digest(stream, "sha256").hexdigest() == sha256
        if not right:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        return right

    def drop(self, sha256: str) -> None:
        """Remove a blob, as one does with a damaged one."""
        self.storage.delete(self.name(sha256))
