"""Whether every font has the letters of what is written in it, told before any job runs: `.vbmake/glyphs.jsonl`.

Texts that were found to be drawable are remembered with the digest of their font, so that a font is read only for texts
that are new in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from vbmake.errors import JobError, Problem, ProjectError, WorkspaceError
from vbmake.plan.canonical import digest
from vbmake.plan.types import Ref, Writing
from vbmake.run.digest import Digests
from vbmake.run.journal import Journal
from vbmake.run.state import Knowledge

CHECK = 1  # raised when the check would tell something else of the same text and font


class Glyphs:
    """Checks the writings of plans."""

    def __init__(self, path: Path, digests: Digests) -> None:
        self._journal = Journal(path, "writing")
        self._digests = digests

    def check(self, writings: Iterable[Writing], knowledge: Knowledge) -> None:
        """Raises ProjectError with every text that holds characters its font has no glyph for, and every bad font."""
        problems: list[Problem] = []
        found: set[str] = set()
        broken: set[str] = set()
        for writing, font, mark in self._new(writings, knowledge):
            if writing.font.name in broken:
                continue
            try:
                problem = _problem(writing, font)
            except JobError as error:
                broken.add(writing.font.name)
                problem = Problem(writing.place, str(error), found=writing.font.name)
            if problem is None:
                found.add(mark)
            else:
                problems.append(problem)
        if found:
            with contextlib.suppress(WorkspaceError):  # full or read-only: forgetting it costs only time
                self._journal.put_all([{"writing": mark} for mark in sorted(found)])
        if problems:
            told = dict.fromkeys(problems)  # one layer may write in several films
            raise ProjectError(sorted(told, key=lambda problem: (problem.place.line, problem.place.column)))

    def close(self) -> None:
        self._journal.close()

    def _new(self, writings: Iterable[Writing], knowledge: Knowledge) -> Iterable[tuple[Writing, Path, str]]:
        """What is not known to be drawable: the writing, the path of its font, and what it is remembered by."""
        known: dict[Ref, tuple[Path, str]] = {}
        for writing in writings:
            if writing.font not in known:
                path = knowledge.path(writing.font)
                try:
                    known[writing.font] = path, self._digests.of(path)
                except OSError:
                    continue  # its absence is told where it is read
            font, sha256 = known[writing.font]
            mark = digest([CHECK, sha256, writing.text])
            if self._journal.get(mark) is None:
                yield writing, font, mark


def _problem(writing: Writing, font: Path) -> Problem | None:
    from vbmake.render.fonts import describe, missing_glyphs, read_font  # a font is read only for what is new

    missing = missing_glyphs(writing.text, font)
    if not missing:
        return None
    what = "these captions" if writing.captions else "this text"
    where = "`look` of the captions" if writing.captions else "`style`"
    return Problem(
        writing.place,
        f"the font of {what} cannot draw {describe(missing)}",
        found=f"the font {read_font(font).name}",
        hint=f"name a font that can: its file in `fonts`, its name as `font` in the {where}",
    )
