"""Named bytes in a directory of this machine: temporary file, flush to disk, rename or link."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from vbmake.disk import explained, is_full
from vbmake.storage.ownership import is_left_over, own_prefix
from vbmake.storage.protocol import ContentChanged, Data, Sent, StorageRefusal

_TEMPORARY = ".vbmake-"


class LocalStorage:
    """A directory as Storage. `durable=False` skips the flush to disk, for what is verified whenever it is read."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = Path(directory)
        self._base = str(self.directory)
        self.durable = durable
        self._swept: set[Path] = set()
        self.conditional = True

    @property
    def url(self) -> str:
        return str(self.directory)

    @property
    def address(self) -> str:
        return self.url

    def path(self, name: str) -> Path:
        """The file that holds a name. Raises ValueError for a name that leaves the directory."""
        return Path(self._place(name))

    def _place(self, name: str) -> str:
        """As `path`; text, because a build asks for it several times a job."""
        if not name or name[0] == "/" or "\0" in name or (".." in name and ".." in name.split("/")):
            raise ValueError(f"{name!r} is not a name below {self.directory}")
        return f"{self._base}{os.sep}{name}"

    def read(self, name: str) -> bytes | None:
        place = self._place(name)
        try:
            if not os.access(place, os.F_OK):  # (which most are not; to fail to open takes ten times as long)
                return None
            with open(place, "rb") as stream:
                return stream.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self._error("read", name, error) from error

    def held(self, name: str) -> Data:
        """What `write` can be given to store the object elsewhere: its file (it may be missing), or its bytes."""
        return self.path(name)

    def download(self, name: str, path: Path) -> bool:
        source = self.path(name)
        if not source.is_file():
            return False
        with explained("write", path):
            try:
                shutil.copyfile(source, path)
            except FileNotFoundError:
                if source.exists():
                    raise
                return False
            except OSError as error:
                if is_full(error) or error.filename == os.fspath(path):
                    raise
                raise self._error("copy", name, error) from error
        return True

    def write(self, name: str, data: Data, *, content_type: str = "") -> None:
        with self._temporary(name, data) as (temporary, target):
            os.replace(temporary, target)

    def write_new(self, name: str, data: Data, *, content_type: str = "") -> bool:
        if self.path(name).exists():
            return False
        with self._temporary(name, data) as (temporary, target):
            try:
                # A link fails when the name exists: of two writers exactly one wins (as with O_EXCL, but whole).
                os.link(temporary, target)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                    raise
                return self._claim(temporary, target)  # a file system without hard links (FAT, some network mounts)
        return True

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        data = self.read(name)
        return None if data is None else (data, hashlib.sha256(data).hexdigest())

    def write_version(self, name: str, data: Data, version: str | None, *, content_type: str = "") -> bool:
        with self._locked(name):
            found = self.read_version(name)
            if (found[1] if found else None) != version:
                return False
            self.write(name, data, content_type=content_type)
        return True

    def publish(self, name: str, path: Path, *, content_type: str, sha256: str, sent: Sent) -> None:
        with self._temporary(name, path) as (temporary, target):
            with open(temporary, "rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                    raise ContentChanged(f"{path} was written while it was copied")
                sent(stream.tell())
            os.replace(temporary, target)

    def digest(self, name: str) -> str | None:
        try:
            with open(self.path(name), "rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self._error("read", name, error) from error

    def append_line(self, name: str, value: Any) -> None:
        line = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        path = self.path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(name), open(path, "ab+") as stream:
                if stream.tell() and os.pread(stream.fileno(), 1, stream.tell() - 1) != b"\n":
                    line = b"\n" + line  # a writer was killed in mid-line: keep its stump to itself
                stream.write(line)
        except OSError as error:
            raise self._error("append to", name, error) from error

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = self.directory / prefix.rpartition("/")[0]
        found = []
        for top, _, files in os.walk(folder):
            below = PurePosixPath(Path(top).relative_to(self.directory).as_posix())
            found += [str(below / file) for file in files if not file.startswith(_TEMPORARY)]
        return iter(sorted(name for name in found if name.startswith(prefix)))

    def stat(self, name: str) -> int | None:
        try:
            return os.stat(self._place(name)).st_size
        except OSError:
            return None

    def delete(self, name: str) -> None:
        try:
            self.path(name).unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise self._error("delete", name, error) from error

    @contextlib.contextmanager
    def _temporary(self, name: str, data: Data) -> Iterator[tuple[Path, Path]]:
        """A whole copy of the data beside its target; removed again unless it was renamed."""
        target = self.path(name)
        temporary: Path | None = None
        self._sweep(target.parent)
        try:
            try:
                handle, made = tempfile.mkstemp(prefix=own_prefix(_TEMPORARY), dir=target.parent)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                handle, made = tempfile.mkstemp(prefix=own_prefix(_TEMPORARY), dir=target.parent)
            temporary = Path(made)
            with open(handle, "wb") as stream:
                if isinstance(data, bytes):
                    stream.write(data)
                else:
                    with open(data, "rb") as source:
                        shutil.copyfileobj(source, stream, 1 << 20)
                stream.flush()
                if self.durable:
                    os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            yield temporary, target
        except OSError as error:
            raise self._error("write", name, error) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def _sweep(self, folder: Path) -> None:
        """Remove what killed writers of this machine have left in a folder, when this process first writes there."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                if name.startswith(_TEMPORARY) and is_left_over(name, _TEMPORARY):
                    (folder / name).unlink(missing_ok=True)

    def _claim(self, temporary: Path, target: Path) -> bool:
        with self._locked(target.relative_to(self.directory).as_posix()):
            if target.exists():
                return False
            os.replace(temporary, target)
        return True

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """One writer at a time for a name: an advisory lock on its folder, so that no lock file is left behind."""
        folder = self.path(name).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise self._error("write", name, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _error(self, verb: str, name: str, error: OSError) -> StorageRefusal:
        return StorageRefusal(f"cannot {verb} {name} in {self.directory}: {error.strerror or error}")
