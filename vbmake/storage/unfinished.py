"""Uploads in parts that nobody has ended: a note each on this machine, by which the next process goes on or clears up.

The parts of an upload that is never ended are kept, and paid for, though nobody sees them. A note is made before an
upload is asked for, and removed when it is over, so that a kill at any moment leaves a note of what may be there.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbmake.storage.ownership import is_left_over, own_prefix

OLD = 24 * 3600  # seconds after which nobody is expected to go on with an upload
_START = "upload-"
_count = itertools.count()


@dataclass
class Note:
    """Of an upload to a key of a place. `upload`, its name there, is empty until it is known.

    `kind` is what the object will be told to be, `part` the size of its parts in bytes; both make it the same upload.
    A note that cannot be written stops no upload: without it, parts stay until the bucket's own rules clear them up.
    """

    path: Path | None  # without a path nothing is put down
    place: str
    key: str
    kind: Mapping[str, Any] = field(default_factory=dict)
    part: int = 0
    upload: str = ""

    def name(self, upload: str) -> None:
        """The upload has been given this name."""
        self.upload = upload
        self.write()

    def write(self) -> None:
        """Put down what is known."""
        if self.path is None:
            return
        told = {"place": self.place, "key": self.key, "kind": self.kind, "part": self.part, "upload": self.upload}
        temporary = self.path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(told), "utf-8")
            os.replace(temporary, self.path)

    def is_old(self) -> bool:
        """Whether nobody is expected to go on with it any more."""
        try:
            return self.path is None or abs(time.time() - self.path.stat().st_mtime) > OLD
        except OSError:
            return True

    def take_over(self) -> bool:
        """Make another process's note this one's. False: somebody else has."""
        if self.path is None:
            return False
        mine = _own(self.path.parent)
        try:
            os.rename(self.path, mine)
        except OSError:
            return False
        self.path = mine
        return True

    def remove(self) -> None:
        """The upload is over."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def begin(folder: Path | None, place: str, key: str, kind: Mapping[str, Any], part: int) -> Note:
    """The note of an upload that is about to be asked for; put down where there is a folder."""
    note = Note(_own(folder) if folder is not None else None, place, key, kind, part)
    note.write()
    return note


def left_over(folder: Path, place: str) -> list[Note]:
    """The notes of processes of this machine that are gone, about a place."""
    found: list[Note] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if is_left_over(path.name, _START):
                told = _read(path)
                if told is None:
                    path.unlink(missing_ok=True)
                elif told["place"] == place:
                    found.append(Note(path, **told))
    return found


def _own(folder: Path) -> Path:
    return folder / f"{own_prefix(_START)}{next(_count)}.json"


def _read(path: Path) -> dict[str, Any] | None:
    """What a note tells; None for a stump."""
    try:
        found = json.loads(path.read_bytes())
        told = {"place": str(found["place"]), "key": str(found["key"]), "upload": str(found["upload"])}
        return {**told, "kind": dict(found.get("kind", {})), "part": int(found.get("part", 0))}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
