"""Whether every font has the letters of what is written in it, told before any job runs: `.vbmake/glyphs.jsonl`.

The characters that a font was found to draw are remembered with its digest, so that a font is read only for a text with
a character that is new in it.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vbmake.errors import JobError, Problem, ProjectError, WorkspaceError
from vbmake.plan.canonical import digest
from vbmake.plan.types import Ref, Writing
from vbmake.run.digest import Digests
from vbmake.run.journal import Journal
from vbmake.run.state import Knowledge

CHECK = 2  # raised when the check would tell something else of the same character and font


class Glyphs:
    """Checks the writings of plans."""

    def __init__(self, path: Path, digests: Digests) -> None:
        self._journal = Journal(path, "font")
        self._digests = digests

    def check(self, writings: Iterable[Writing], knowledge: Knowledge) -> None:
        """Raises ProjectError with every text that holds characters its font has no glyph for, and every bad font."""
        problems: list[Problem] = []
        fonts: dict[Ref, _Known | None] = {}
        for writing in writings:
            if writing.font not in fonts:
                fonts[writing.font] = self._known(knowledge.path(writing.font))
            font = fonts[writing.font]
            characters = _characters(writing.text)
            if font is None or characters <= font.characters:
                continue
            try:
                problem = _problem(writing, font.path)
            except JobError as error:
                fonts[writing.font] = None
                problem = Problem(writing.place, str(error), found=writing.font.name)
            if problem is None:
                font.characters |= characters
                font.new = True
            else:
                problems.append(problem)
        self._remember(font for font in fonts.values() if font is not None and font.new)
        if problems:
            told = dict.fromkeys(problems)  # one layer may write in several films
            raise ProjectError(sorted(told, key=lambda problem: (problem.place.line, problem.place.column)))

    def compact(self) -> None:
        """Drop superseded lines when there are many. Only for the holder of the project's lock."""
        with contextlib.suppress(WorkspaceError):  # full or read-only: a long record costs only time
            self._journal.compact()

    def close(self) -> None:
        self._journal.close()

    def _known(self, path: Path) -> _Known | None:
        """What is known of a font; None for one that is absent, which is told where it is read."""
        try:
            mark = digest([CHECK, self._digests.of(path)])
        except OSError:
            return None
        record = self._journal.get(mark)
        told = record.get("characters") if record is not None else None
        return _Known(path, mark, set(told) if isinstance(told, str) else set())

    def _remember(self, fonts: Iterable[_Known]) -> None:
        records = [{"font": font.mark, "characters": "".join(sorted(font.characters))} for font in fonts]
        if records:
            with contextlib.suppress(WorkspaceError):  # full or read-only: forgetting it costs only time
                self._journal.put_all(records)


@dataclass
class _Known:
    """A font, and the characters that it is known to draw."""

    path: Path
    mark: str
    characters: set[str]
    new: bool = False


def _characters(text: str) -> set[str]:
    """What a font must be able to draw for a text: its characters as they are drawn, composed."""
    return set(text if text.isascii() else unicodedata.normalize("NFC", text))


def _problem(writing: Writing, font: Path) -> Problem | None:
    from vbmake.render.fonts import describe, missing_glyphs, read_font  # it is read only for what is new

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
