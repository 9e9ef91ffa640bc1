"""What a job leaves in its private directory: where its outputs are made, whether they are there, and their bytes."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vbmake.errors import JobError
from vbmake.plan.keys import extension
from vbmake.plan.types import JobSpec
from vbmake.storage.packed import SMALL
from vbmake.storage.protocol import Data


class Finished(NamedTuple):
    """A finished output: `data` is its bytes when they are few, so that they are read once, else its path."""

    sha256: str
    size: int
    data: Data


def private_files(job: JobSpec, directory: Path) -> dict[str, Path]:
    """Where a job makes its outputs, by role: with their extensions (tools go by them)."""
    return {role: _below(directory, f"{role}{extension(path)}") for role, path in job.outputs.items()}


@functools.lru_cache(maxsize=256)  # directories are lent again and again, and most jobs make the like
def _below(directory: Path, name: str) -> Path:
    return directory / name


def finished(rule: str, files: Mapping[str, Path]) -> dict[str, Finished]:
    """Every output, by role, with its digest: it is there, a file, with something in it.

    Raises JobError for one that is not, OSError for one that cannot be read.
    """
    return {role: _finished(rule, role, path) for role, path in files.items()}


def _become_file(path: Path) -> None:
    """Put the bytes that a link leads to in its place: an output changes with no other file. Raises OSError."""
    copy = path.with_name(f"{path.name}.copy")
    shutil.copyfile(path, copy)
    os.replace(copy, path)


def _finished(rule: str, role: str, path: Path) -> Finished:
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW  # (a pipe would be waited for)
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP and os.path.isfile(path):
            _become_file(path)
            return _finished(rule, role, path)
        if not os.path.islink(path) and os.path.isfile(path):
            raise
        raise JobError(f"the rule {rule} ended well, yet made no {role} ({path.name})") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise JobError(f"the rule {rule} ended well, yet made no {role} ({path.name})")
        if not found.st_size:
            raise JobError(f"the rule {rule} ended well, yet its {role} ({path.name}) is empty")
        if found.st_size <= SMALL:
            data = os.read(handle, found.st_size)
            return Finished(hashlib.sha256(data).hexdigest(), len(data), data)
        with open(handle, "rb", closefd=False) as stream:
            return Finished(hashlib.file_digest(stream, "sha256").hexdigest(), found.st_size, path)
    finally:
        os.close(handle)
