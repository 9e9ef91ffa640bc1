"""What this machine owes a shared cache: results that are here, and not known to be there, are pushed at a build's end.

An upload can be lost: the build is killed while it sends, the network fails, or the cache is named only after the film
was built. So `.vbmake/remote.jsonl` keeps, for each key, the caches that are known to hold it; what of a plan is not in
it is owed. Paying costs one small request for what is there already, and an upload for what is not. A build that owes
nothing asks nobody, and neither does one that sees at a glance that nothing changed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vbmake.cache.actions import Entry
from vbmake.errors import WorkspaceError
from vbmake.plan.types import BuildPlan
from vbmake.run.digest import sha256_of
from vbmake.run.journal import Journal
from vbmake.run.workspace import Workspace
from vbmake.storage.protocol import Data

FILE = "remote.jsonl"
SPARE = 1000  # keys of other plans that are kept in mind beside as many as the plan has


def push_owed(workspace: Workspace, plan: BuildPlan) -> None:
    """See that a shared cache that may be written to holds what the jobs of the plan have made; never fails a build.

    Waits for the uploads of this build. Call it under the project's lock, before the build is told to be complete: a
    kill while something is on its way must leave a build that the next one looks at again.
    """
    cache = workspace.cache
    address = cache.pushes_to
    if address is None:
        return
    cache.finish()
    with contextlib.suppress(WorkspaceError):  # a disk that is full or only read: the next build owes it all again
        journal = Journal(workspace.state / FILE, "key")
        try:
            for entry, files in _owed(workspace, plan, journal, address):
                cache.push(entry, files)
            cache.finish()
            _note(journal, cache.pushed, address)
            _trim(journal, plan, workspace)
        finally:
            journal.close()


def _owed(
    workspace: Workspace, plan: BuildPlan, journal: Journal, address: str
) -> Iterator[tuple[Entry, Mapping[str, Data]]]:
    """The results of the plan's jobs that `address` may lack, with their files; those whose files are gone are none."""
    told: set[str] = set()
    for job in plan.jobs:
        tag = workspace.tag(job.id)
        if tag is None or tag.key in told or tag.key in workspace.cache.pushed or _holds(journal, tag.key, address):
            continue
        told.add(tag.key)
        files = {role: _file(workspace, output) for role, output in tag.outputs.items()}
        there = {role: path for role, path in files.items() if path is not None}
        if len(there) == len(files):
            yield Entry.of(tag), there


def _file(workspace: Workspace, output: Mapping[str, Any]) -> Data | None:
    """The recorded bytes, or a file with them: the cache's own, which nobody edits, or else the project's."""
    sha256 = str(output["sha256"])
    kept = workspace.cache.kept(sha256)
    if isinstance(kept, bytes) and hashlib.sha256(kept).hexdigest() == sha256:
        return kept
    with contextlib.suppress(OSError):
        if isinstance(kept, Path) and kept.stat().st_size == output["size"] and sha256_of(kept) == sha256:
            return kept
    with contextlib.suppress(OSError):
        path = workspace.root / str(output["path"])
        if workspace.digests.of(path) == sha256:
            return path
    return None


def _holds(journal: Journal, key: str, address: str) -> bool:
    record = journal.get(key)
    return record is not None and address in _places(record)


def _places(record: Mapping[str, Any]) -> list[str]:
    places = record.get("at")
    return [str(place) for place in places] if isinstance(places, list) else []


def _note(journal: Journal, keys: set[str], address: str) -> None:
    """Remember that these keys are at the address."""
    new = sorted(key for key in keys if not _holds(journal, key, address))
    if new:
        journal.put_all([{"key": key, "at": [*_places(journal.get(key) or {}), address]} for key in new])


def _trim(journal: Journal, plan: BuildPlan, workspace: Workspace) -> None:
    """Forget keys that no job has any more, when there are many."""
    if len(journal) > 2 * len(plan.jobs) + SPARE:
        tags = (workspace.tag(job.id) for job in plan.jobs)
        keys = {tag.key for tag in tags if tag is not None}
        for key in journal.names():
            if key not in keys:
                journal.drop(key)
    journal.compact()
