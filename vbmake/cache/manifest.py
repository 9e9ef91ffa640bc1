"""What a mirror holds, as its manifest tells: the digest of every file, and who is about to change which."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from vbmake.cache.actions import is_digest

_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")  # a terminal would obey them
NAME = ".vbmake-manifest.json"  # in the mirror, beside the files
FORMAT = 1
STALE = timedelta(days=1)  # no sync takes longer: a mark of a machine that we cannot ask is dropped then


@dataclass(frozen=True)
class File:
    """A file of the mirror. `sha256` is empty where nobody knows which bytes an interrupted sync has left."""

    sha256: str
    size: int


UNSURE = File("", 0)


@dataclass(frozen=True)
class Mark:
    """One writer's note, made before it sends or deletes anything: these names may be other than the manifest says."""

    time: datetime
    names: frozenset[str]


@dataclass(frozen=True)
class Manifest:
    """Files by name, marks by writer. `sure` is false when there was no manifest, or a damaged one."""

    files: Mapping[str, File] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    sure: bool = False

    def marked(self) -> frozenset[str]:
        """The names that any writer has marked."""
        return frozenset(name for mark in self.marks.values() for name in mark.names)

    def with_mark(self, writer: str, time: datetime, names: Iterable[str]) -> Manifest:
        """The same with this writer's mark on these names, beside those it has marked before."""
        before = self.marks[writer].names if writer in self.marks else frozenset()
        return replace(self, marks={**self.marks, writer: Mark(time, before | frozenset(names))})

    def settled(self, present: Mapping[str, File], removed: Iterable[str], writers: Iterable[str]) -> Manifest:
        """The same when `present` are known to be there, `removed` to be gone, and these writers' marks are done with.

        What those writers had marked and we know nothing of becomes unsure.
        """
        done = set(writers)
        left = {name for writer in done for name in self.marks[writer].names}
        files = {**self.files, **dict.fromkeys(left, UNSURE), **present}
        for name in removed:
            files.pop(name, None)
        return Manifest(files, {writer: mark for writer, mark in self.marks.items() if writer not in done}, True)

    def dump(self) -> bytes:
        """As it is stored: JSON that people can read, too."""
        record = {
            "vbmake": FORMAT,
            "files": {name: vars(file) for name, file in sorted(self.files.items())},
            "marks": {
                writer: {"time": mark.time.isoformat(timespec="seconds"), "names": sorted(mark.names)}
                for writer, mark in sorted(self.marks.items())
            },
        }
        return json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def read_manifest(data: bytes | None) -> Manifest:
    """The manifest in these bytes; an empty one, not `sure`, for none or for anything else."""
    if data is None:
        return Manifest()
    try:
        found = json.loads(data)
        if found["vbmake"] != FORMAT:
            return Manifest()
        files = {name: _file(record) for name, record in found["files"].items() if _is_name(name)}
        marks = {
            writer: Mark(datetime.fromisoformat(record["time"]), frozenset(filter(_is_name, record["names"])))
            for writer, record in found["marks"].items()
        }
        if any(mark.time.tzinfo is None for mark in marks.values()):
            return Manifest()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Manifest()
    return Manifest(files, marks, True)


def _file(record: Any) -> File:
    sha256, size = record["sha256"], record["size"]
    return File(sha256, size) if is_digest(sha256) and isinstance(size, int) else UNSURE


def _is_name(name: Any) -> bool:
    """Whether this names a file below the mirror: what a manifest says must never lead a deletion elsewhere."""
    if not isinstance(name, str) or name == NAME or _CONTROL.search(name) is not None:
        return False
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return not any(part in ("", ".", "..") for part in name.split("/"))
