"""The recorded state of every target: `.vbmake/dag/tags.jsonl`, a line for each success, the last of a job counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vbmake.plan.types import Tag
from vbmake.run.journal import Journal


class TagStore:
    """Tags by job id. Thread-safe.

    A tag is written after the outputs were renamed into place and names their digests, so a target that was cut by a
    kill, or by hand, never agrees with its tag. A build that is killed therefore needs no note that a job had begun.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, "job")

    def get(self, job: str) -> Tag | None:
        """The tag of a job, or None when it never succeeded (or its record is damaged)."""
        record = self._journal.get(job)
        return None if record is None else read_tag(record)

    def has(self, job: str) -> bool:
        """Whether there is a record of a job, whole or damaged; it is not read for that."""
        return job in self._journal

    def put(self, tag: Tag, *, durable: bool = False) -> None:
        """Record a success (`durable`: for good). Raises WorkspaceError when the disk is full or read-only."""
        self._journal.put(tag._asdict(), durable=durable)

    def drop(self, job: str, why: str = "") -> None:
        """Forget a job: it will be looked up in the cache, or run, again. `why` is told then."""
        self._journal.drop(job, why)

    def dropped(self, job: str) -> str | None:
        """Why a job that had a tag has none any more; None for any other, as far as that is still recorded."""
        why = self._journal.dropped(job)
        return why if why is None else why or "it was forgotten"

    def jobs(self) -> list[str]:
        """Every job id that has a tag, sorted."""
        return self._journal.names()

    def all(self) -> dict[str, Tag]:
        """Every tag by job id."""
        found = {job: self.get(job) for job in self.jobs()}
        return {job: tag for job, tag in found.items() if tag is not None}

    def refresh(self) -> bool:
        """Take in what another process has recorded since. Tells whether it had."""
        return self._journal.refresh()

    def compact(self) -> None:
        """Drop superseded lines when there are many. Only for the holder of the project's lock."""
        self._journal.compact()

    def close(self) -> None:
        self._journal.close()


def read_tag(record: Mapping[str, Any]) -> Tag | None:
    """The tag of a JSON record, or None when the record is not one."""
    texts = all(isinstance(record.get(name), str) for name in ("job", "key", "when", "how"))
    maps = all(isinstance(record.get(name), dict) for name in ("outputs", "measures", "material"))
    if not texts or not maps or not isinstance(record.get("seconds"), int | float):
        return None
    for output in record["outputs"].values():
        if not isinstance(output, dict) or not isinstance(output.get("path"), str):
            return None
        if not isinstance(output.get("sha256"), str) or not isinstance(output.get("size"), int):
            return None
    known = {name: record[name] for name in Tag._fields if name != "inputs"}
    return Tag(**known, inputs=_names(record.get("inputs")))


def _names(value: Any) -> dict[str, list[str]]:
    """The names of the inputs by role; none where a record says nothing of them, as those of earlier versions."""
    kept = isinstance(value, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in value.values()
    )
    return value if kept else {}
