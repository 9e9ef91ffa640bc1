"""Put a finished file in its place: flushed to the disk, then renamed, so that a target is whole or absent."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

_count = itertools.count()
_TEMPORARY = re.compile(r"\.(.+)\.([1-9][0-9]{0,8})\.tmp")  # as `replacing` names it: what it replaces, its process


def flush(path: Path) -> None:
    """Wait until the bytes of a file are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """A stream of the bytes that take the place of a file of the build's own when the block ends well, whole or not.

    `durable`: they are on the disk first. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_temporaries(folder: Path, names: Collection[str] | None = None) -> None:
    """Remove what processes that were killed while they were `replacing` have left in a folder of ours.

    In one that others keep files in, too: of the files of these names alone.
    """
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            found = _TEMPORARY.fullmatch(name)
            if found is not None and (names is None or found[1] in names) and not _lives(int(found[2])):
                os.unlink(folder / name)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def publish(path: Path, target: Path | str) -> None:
    """Move a flushed file over `target`, making its folder. Raises OSError; then the old target still stands."""
    try:
        try:
            os.replace(path, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The folder is on another file system: copy next to the target first. The extension stays (tools go by it).
        whole = Path(target)
        whole.parent.mkdir(parents=True, exist_ok=True)
        near = whole.with_name(f".{whole.stem[:100]}.{os.getpid()}-{next(_count)}.part{whole.suffix}")
        try:
            shutil.copyfile(path, near)
            flush(near)
            os.replace(near, target)
        finally:
            with contextlib.suppress(OSError):
                near.unlink()
