"""Put a finished file in its place: flushed to the disk, then renamed, so that a target is whole or absent."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
from pathlib import Path

_count = itertools.count()


def flush(path: Path) -> None:
    """Wait until the bytes of a file are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
