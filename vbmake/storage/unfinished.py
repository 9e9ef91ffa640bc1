"""Uploads in parts that nobody has ended: a note each on this machine, by which the next process clears up.

The parts of an upload that is never ended are kept, and paid for, though nobody sees them. A note is made before an
upload is asked for, and removed when it is over, so that a kill at any moment leaves a note of what may be there.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from pathlib import Path
from typing import Any

from vbmake.storage.ownership import is_left_over, own_prefix

_START = "upload-"
_count = itertools.count()


class Note:
    """Of an upload to a key of a place. `upload`, its name there, is empty until it is known.

    A note that cannot be written stops no upload: without it, parts stay until the bucket's own rules clear them up.
    """

    def __init__(self, path: Path | None, place: str, key: str, upload: str = "") -> None:
        """Without a path nothing is put down."""
        self.path = path
        self.place = place
        self.key = key
        self.upload = upload

    def name(self, upload: str) -> None:
        """The upload has been given this name."""
        self.upload = upload
        self.write()

    def write(self) -> None:
        """Put down what is known."""
        if self.path is None:
            return
        temporary = self.path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"place": self.place, "key": self.key, "upload": self.upload}), "utf-8")
            os.replace(temporary, self.path)

    def remove(self) -> None:
        """The upload is over."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def begin(folder: Path | None, place: str, key: str) -> Note:
    """The note of an upload that is about to be asked for; put down where there is a folder."""
    note = Note(folder / f"{own_prefix(_START)}{next(_count)}.json" if folder is not None else None, place, key)
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
                elif told.get("place") == place:
                    found.append(Note(path, place, str(told.get("key", "")), str(told.get("upload", ""))))
    return found


def _read(path: Path) -> dict[str, Any] | None:
    """What a note tells; None for a stump."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("key") else None
