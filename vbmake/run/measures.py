"""What is known of media files (size, duration, sound ...), remembered by their content: `.vbmake/measures.jsonl`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vbmake.errors import JobError, WorkspaceError
from vbmake.plan.canonical import quickly
from vbmake.run.digest import Digests
from vbmake.run.journal import Journal

PROBE = 1  # raised when the probe tells something else of the same file

Probe = Callable[[Path], Mapping[str, Any]]


def _probe(path: Path) -> Mapping[str, Any]:
    from vbmake.render.probe import probe  # PyAV is imported only when a file is not known yet

    return probe(path)


class Measures:
    """The measures of files by the sha256 of their content. Thread-safe."""

    def __init__(self, path: Path, digests: Digests, probe: Probe = _probe) -> None:
        self._journal = Journal(path, "sha256", quickly)
        self._digests = digests
        self._probe = probe

    def of(self, path: Path) -> Mapping[str, Any]:
        """The measures of a media file, probing it if its content is not known. Raises JobError for a bad file."""
        try:
            sha256 = self._digests.of(path)
        except OSError as error:
            raise JobError(f"{path} cannot be read: {error.strerror or error}") from None
        return self.measure(path, sha256)

    def remembered(self, path: Path | str) -> Mapping[str, Any] | None:
        """The measures of a file that is as it was when it was last digested, without reading it; else None."""
        sha256 = self._digests.remembered(path)
        return None if sha256 is None else self.known(sha256)

    def measure(self, path: Path, sha256: str) -> Mapping[str, Any]:
        """The measures of a file whose digest is known. Raises JobError for a bad file."""
        known = self.known(sha256)
        if known is not None:
            return known
        measure = dict(self._probe(path))
        with contextlib.suppress(WorkspaceError):  # full or read-only: forgetting a measure costs only time
            self._journal.put({"sha256": sha256, "probe": PROBE, "measure": measure})
        return measure

    def known(self, sha256: str) -> Mapping[str, Any] | None:
        """The remembered measures of a content, or None."""
        record = self._journal.get(sha256)
        if record is None or record.get("probe") != PROBE or not isinstance(record.get("measure"), dict):
            return None
        measure: Mapping[str, Any] = record["measure"]
        return measure

    def compact(self) -> None:
        """Drop superseded lines when there are many. Only for the holder of the project's lock."""
        with contextlib.suppress(WorkspaceError):  # full or read-only: a long record costs only time
            self._journal.compact()

    def close(self) -> None:
        self._journal.close()
