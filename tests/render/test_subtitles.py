"""Subtitle files: read back by another program, they say what was said, when it was said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pysubs2
import pytest

from vbmake.errors import FatalError
from vbmake.render import ffmpeg
from vbmake.render.subtitles import break_lines, write_subtitles
from vbmake.rules.work import Work


def write(directory: Path, kind: str, *cues: tuple[int, int, str], fps: str = "30") -> str:
    options: dict[str, Any] = {
        "fps": fps,
        "format": kind,
        "cues": [{"start": start, "end": end, "text": text} for start, end, text in cues],
    }
    out = directory / f"out.{kind}"
    write_subtitles(Work(options=options, inputs={}, outputs={"subtitles": out}, directory=directory))
    data = out.read_bytes()
    assert b"\r" not in data
    return data.decode("utf-8")


def test_srt_is_written_to_the_letter(tmp_path: Path) -> None:
    assert write(tmp_path, "srt", (0, 45, "Two thousand years ago,"), (45, 108000, "ships.")) == (
        "1\n00:00:00,000 --> 00:00:01,500\nTwo thousand years ago,\n\n2\n00:00:01,500 --> 01:00:00,000\nships.\n"
    )


def test_vtt_is_written_to_the_letter(tmp_path: Path) -> None:
    assert write(tmp_path, "vtt", (30, 45, "Übung & mehr")) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:01.500\nÜbung &amp; mehr\n"
    )


def test_times_are_rounded_from_frames_without_drift(tmp_path: Path) -> None:
    written = write(tmp_path, "srt", (1, 2, "a"), (107892, 107893, "an hour on"), fps="30000/1001")
    assert "00:00:00,033 --> 00:00:00,067" in written
    assert "00:59:59,996 --> 01:00:00,030" in written


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_cues_are_ordered_and_none_reaches_into_the_next(tmp_path: Path, kind: str) -> None:
    text = write(
        tmp_path,
        kind,
        (30, 90, "second"),
        (0, 60, "first"),
        (90, 90, "never seen"),
        (95, 99, "  \n "),
        (99, 120, "last"),
    )
    read = pysubs2.SSAFile.from_string(text)
    assert [(event.start, event.end, event.plaintext) for event in read] == [
        (0, 1000, "first"),
        (1000, 3000, "second"),
        (3300, 4000, "last"),
    ]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "a < b and c > d",
        "<b>not bold</b> <v Bob>",
        "one --> two",
        "00:00:01,000 --> 00:00:02,000",
        "{\\an8}on top {y:i}",
        "{Y:b}first",
        "AT&T &amp; &lt;i&gt;",
        "שלום עולם 你好 🙂",
        "NOTE this is no note",
        "line\n\nafter a blank line",
    ],
)
def test_no_text_is_taken_for_markup_or_structure(tmp_path: Path, kind: str, text: str) -> None:
    written = write(tmp_path, kind, (0, 30, text), (30, 60, "next"))
    assert written.count(" --> ") == 2
    assert written.count("\n\n") == (1 if kind == "srt" else 2)
    body = written.split("\n\n")[0 if kind == "srt" else 1]
    assert "<b>" not in body
    first, second = decoded(tmp_path / f"out.{kind}")
    assert second == "next"
    if kind == "srt":
        text = text.translate(str.maketrans("<>{}", "‹›()")) if "<b" in text or "{" in text or " c >" in text else text
    assert first == " ".join(text.split())


def decoded(path: Path) -> list[str]:
    """What ffmpeg, as players do, makes of each cue: ASS, of which only the escapes are left."""
    document = ffmpeg.run(
        ["-f", {".srt": "srt", ".vtt": "webvtt"}[path.suffix], "-i", f"file:{path}", "-f", "ass", "-"]
    )
    texts = [line.split(",", 9)[9] for line in document.decode().splitlines() if line.startswith("Dialogue:")]
    plain = [re.sub(r"(?<!\\)\{[^}]*\}", "", text) for text in texts]
    return [re.sub(r"\\N", " ", re.sub(r"\\([{}])", r"\1", text.replace("\u2060", ""))) for text in plain]


def test_control_characters_are_left_out(tmp_path: Path) -> None:
    assert "a b c\n" in write(tmp_path, "srt", (0, 30, "a\x00 b\x1b\r\n\tc"))


def test_a_long_cue_is_two_even_lines_of_at_most_42() -> None:
    lines = break_lines("Two thousand years ago, ships found Alexandria by its light.")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 42
    assert " ".join(lines) == "Two thousand years ago, ships found Alexandria by its light."
    assert break_lines("It was tall, very tall, and it burned all night long.")[0].endswith(",")


def test_a_short_cue_and_an_endless_word_are_one_line() -> None:
    assert break_lines("short enough") == ["short enough"]
    assert break_lines("x" * 60) == ["x" * 60]


def test_more_than_two_lines_are_never_made() -> None:
    assert len(break_lines("word " * 40 + "end")) == 2


@pytest.mark.parametrize(
    ("kind", "fps", "told"), [("ass", "30", "srt and vtt"), ("srt", "0", "no frame rate"), ("srt", "x", "no frame")]
)
def test_wrong_options_are_told(tmp_path: Path, kind: str, fps: str, told: str) -> None:
    with pytest.raises(FatalError, match=told):
        write(tmp_path, kind, (0, 1, "a"), fps=fps)


@pytest.mark.parametrize(("kind", "text"), [("srt", "\n"), ("vtt", "WEBVTT\n")])
def test_a_film_in_which_nothing_is_said_has_a_subtitle_file_all_the_same(tmp_path: Path, kind: str, text: str) -> None:
    assert write(tmp_path, kind) == text
