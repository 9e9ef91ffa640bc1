"""What of a local cache was paid for: entries of jobs that a provider did, and their bytes. Trimming spares it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from vbmake.cache.actions import ActionCache
from vbmake.cache.contents import ContentStore
from vbmake.services import LOCAL
from vbmake.storage.small import SmallObjects

ENTRIES = "v1/ac/"


def paid_names(directory: Path, small: SmallObjects) -> set[str]:
    """The names of the objects of a cache that were paid for. Raises OSError."""
    names: set[str] = set()
    for data in _entries(directory, small):
        if b'"service"' not in data:
            continue
        try:
            entry = json.loads(data)
            if entry["material"]["options"]["service"] != LOCAL:
                names.add(ActionCache.name(entry["key"]))
                names |= {ContentStore.name(output["sha256"]) for output in entry["outputs"].values()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return names


def _entries(directory: Path, small: SmallObjects) -> Iterator[bytes]:
    yield from small.contents(ENTRIES)
    for path in (directory / ENTRIES).glob("*/*.json"):
        try:
            yield path.read_bytes()
        except OSError:
            continue  # gone meanwhile
