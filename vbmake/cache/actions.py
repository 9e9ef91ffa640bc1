"""The action cache: which outputs, with which measures, belong to a key.

An entry is stored as a line of JSON whose last field, `sum`, is the sha256 of the line without it. What is measured of
an output is taken from its entry, and decides how a film is cut: an entry that was altered is none.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from vbmake.plan.keys import action_key, plain_record
from vbmake.plan.types import Tag
from vbmake.storage.protocol import Storage

_HEX = frozenset("0123456789abcdef")
_SUM = b',"sum":"'
_END = b'"}'


class Entry(NamedTuple):
    """What a job made. `outputs`: role -> {"sha256", "size"}; `material` is everything the key was made of."""

    key: str
    outputs: Mapping[str, Mapping[str, Any]]
    measures: Mapping[str, Mapping[str, Any]]
    material: Mapping[str, Any]
    seconds: float
    when: str

    @classmethod
    def of(cls, tag: Tag) -> Entry:
        """What the job of a tag made; where its files are in that project is no part of it."""
        outputs = {
            role: {"sha256": output["sha256"], "size": output["size"]} for role, output in sorted(tag.outputs.items())
        }
        return cls(tag.key, outputs, tag.measures, tag.material, tag.seconds, tag.when)


class ActionCache:
    """Entries by key over any Storage: `v1/ac/<first two>/<key>.json`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @staticmethod
    def name(key: str) -> str:
        return f"v1/ac/{key[:2]}/{key}.json"

    def get(self, key: str) -> Entry | None:
        """The entry of a key; None when there is none, or what stands there is not a whole entry of that very key."""
        data = self.storage.read(self.name(key))
        return None if data is None else read_entry(key, data)

    def put(self, entry: Entry) -> bool:
        """Store an entry unless a whole one is there: the first write wins, a damaged one is mended. True: stored."""
        data = dump_entry(entry)
        name = self.name(entry.key)
        if self.storage.write_new(name, data, content_type="application/json"):
            return True
        if self.get(entry.key) is not None:
            return False
        self.storage.write(name, data, content_type="application/json")
        return True

    def drop(self, key: str) -> None:
        self.storage.delete(self.name(key))


def is_digest(text: Any) -> bool:
    """Whether this is a sha256 in lower-case hex."""
    return isinstance(text, str) and len(text) == 64 and _HEX.issuperset(text)


def dump_entry(entry: Entry) -> bytes:
    """An entry as it is stored."""
    line = plain_record(entry._asdict())
    return b"".join((line[:-1], _SUM, hashlib.sha256(line).hexdigest().encode(), _END))


def read_entry(key: str, data: bytes) -> Entry | None:
    """The entry in these bytes, or None when they are not a whole entry of that key.

    The material must give the key: an entry that was filed under another key (by a fault, or on purpose) is none.
    """
    body, mark, told = data.rpartition(_SUM)
    line = body + b"}"
    if not mark or told != hashlib.sha256(line).hexdigest().encode() + _END:
        return None
    try:
        entry = Entry(**json.loads(line))
        whole = (
            entry.key == key
            and action_key(entry.material) == key
            and isinstance(entry.seconds, int | float)
            and math.isfinite(entry.seconds)
            and isinstance(entry.when, str)
            and bool(entry.outputs)
            and all(isinstance(measure, dict) for measure in entry.measures.values())
            and all(
                set(output) == {"sha256", "size"}
                and is_digest(output["sha256"])
                and isinstance(output["size"], int)
                and output["size"] > 0
                for output in entry.outputs.values()
            )
            and set(entry.outputs) == set(entry.material["outputs"])
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return entry if whole else None
