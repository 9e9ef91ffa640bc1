"""Subtitle files: cues in frames as SubRip (.srt) or WebVTT (.vtt), whose text no player can take for markup.

Written here and not with pysubs2, which keeps times in floats or in ASS's terms and reads braces in a text as ASS
commands.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from vbmake.errors import FatalError
from vbmake.rules.work import Work

LINE = 42  # characters a line should have at most (the BBC's and Netflix's guides)
_WORD_JOINER = "\u2060"  # invisible, without width, and no part of any markup


def write_subtitles(work: Work) -> None:
    """Write `outputs["subtitles"]`, in UTF-8, from the options `fps` (a rational), `format` (srt or vtt) and `cues`.

    A cue is {"start", "end", "text"}, in frames. Raises FatalError for a format or a frame rate that is none.
    """
    kind = work.options["format"]
    if kind not in ("srt", "vtt"):
        raise FatalError(f"there are no {kind!r} subtitles; the formats are srt and vtt")
    try:
        fps = Fraction(str(work.options["fps"]))
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if fps <= 0:
        raise FatalError(f"{work.options['fps']!r} is no frame rate; it is written 30 or 30000/1001")
    write = _srt if kind == "srt" else _vtt
    text = write(list(_timed(work.options["cues"], fps))) or "\n"  # no cues: an empty file would look unfinished
    work.outputs["subtitles"].write_text(text, encoding="utf-8", newline="\n")


def _timed(cues: Sequence[Mapping[str, Any]], fps: Fraction) -> Iterator[tuple[int, int, str]]:
    """The cues in order as (start, end, text): milliseconds, none reaching into the next, none empty."""
    ordered = sorted(cues, key=lambda cue: (int(cue["start"]), int(cue["end"])))
    starts = [_milliseconds(int(cue["start"]), fps) for cue in ordered]
    for index, cue in enumerate(ordered):
        end = _milliseconds(int(cue["end"]), fps)
        if index + 1 < len(ordered):
            end = min(end, starts[index + 1])
        text = " ".join(
            "".join(letter for letter in str(cue["text"]) if letter.isprintable() or letter.isspace()).split()
        )
        if text and end > starts[index]:
            yield starts[index], end, text


def _milliseconds(frame: int, fps: Fraction) -> int:
    return max(0, round(frame * 1000 / fps))


def _srt(cues: Sequence[tuple[int, int, str]]) -> str:
    blocks = []
    for number, (start, end, text) in enumerate(cues, 1):
        body = "\n".join(_plain(line) for line in break_lines(text))
        blocks.append(f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{body}\n")
    return "\n".join(blocks)


def _vtt(cues: Sequence[tuple[int, int, str]]) -> str:
    blocks = ["WEBVTT\n"]
    for start, end, text in cues:
        body = "\n".join(html.escape(line, quote=False) for line in break_lines(text))
        blocks.append(f"{_clock(start, '.')} --> {_clock(end, '.')}\n{body}\n")
    return "\n".join(blocks)


def _plain(line: str) -> str:
    """SubRip has no escapes, and players drop what stands in angle brackets or braces: pairs of them become others.

    An arrow is parted by a character that is not seen.
    """
    line = re.sub(r"<([^<>]*)>", r"‹\1›", line)
    line = re.sub(r"\{([^{}]*)\}", r"(\1)", line)
    return line.replace("-->", f"--{_WORD_JOINER}>")


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{rest:03d}"


def break_lines(text: str, width: int = LINE) -> list[str]:
    """One line of up to `width` characters, else two, as even as the words allow, rather after punctuation."""
    if len(text) <= width:
        return [text]
    spaces = [match.start() for match in re.finditer(" ", text)]
    if not spaces:
        return [text]

    def badness(at: int) -> tuple[int, int]:
        longer = max(at, len(text) - at - 1)
        unevenness = abs(len(text) - 1 - 2 * at) - (6 if text[at - 1] in ",;:.!?" else 0)
        return max(0, longer - width), unevenness

    at = min(spaces, key=badness)
    return [text[:at], text[at + 1 :]]
