"""What a job leaves in its private directory: where its outputs are made, whether they are there, and their bytes."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vbmake.errors import JobError
from vbmake.plan.types import JobSpec
from vbmake.run.digest import sha256_of
from vbmake.storage.packed import SMALL
from vbmake.storage.protocol import Data


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished output: `data` is its bytes when they are few, so that they are read once, else its path."""

    sha256: str
    size: int
    data: Data


def private_files(job: JobSpec, directory: Path) -> dict[str, Path]:
    """Where a job makes its outputs, by role: with their extensions (tools go by them)."""
    return {role: _below(directory, f"{role}{os.path.splitext(path)[1]}") for role, path in job.outputs.items()}


@functools.lru_cache(maxsize=256)  # directories are lent again and again, and most jobs make the like
def _below(directory: Path, name: str) -> Path:
    return directory / name


def check(rule: str, files: Mapping[str, Path]) -> dict[str, int]:
    """Every output is there, a file, with something in it: the sizes by role. Raises JobError."""
    sizes: dict[str, int] = {}
    for role, path in files.items():
        try:
            found = os.stat(path)
        except OSError:
            found = None
        if found is None or not stat.S_ISREG(found.st_mode):
            raise JobError(f"the rule {rule} ended well, yet made no {role} ({path.name})")
        if not found.st_size:
            raise JobError(f"the rule {rule} ended well, yet its {role} ({path.name}) is empty")
        sizes[role] = found.st_size
    return sizes


def digested(path: Path, size: int) -> Finished:
    """A checked output of `size` bytes with its digest. Raises OSError."""
    if size > SMALL:
        return Finished(sha256_of(path), size, path)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # (a third of the calls that `open` makes)
    try:
        data = os.read(handle, size)
    finally:
        os.close(handle)
    return Finished(hashlib.sha256(data).hexdigest(), len(data), data)
