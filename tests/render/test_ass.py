"""ASS documents: whatever the text says, it stays text."""

from __future__ import annotations

import pysubs2
import pytest

from vbmake.render import ass


def style(font: str = "F") -> ass.Style:
    white = ass.color(255, 255, 255)
    return ass.Style(font, 40.0, white, white, white)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain, 100% \"quoted\" 'text' %{x}", "plain, 100% \"quoted\" 'text' %\\{x\\}"),
        ("{\\b1}", "\\{\\b1\\}"),
        ("one\ntwo", "one\\Ntwo"),
        ("one\n\n \ntwo", "one\\N\\h\\N\\h\\Ntwo"),
        ("a\\Nb", "a\\\u2060Nb"),
        ("a\\hb\\n", "a\\\u2060hb\\\u2060n"),
        ("C:\\dir", "C:\\dir"),
        ("\\{", "\\\u2060\\{"),
        ("end\\", "end\\\u2060"),
        ("end\\\nnext", "end\\\u2060\\Nnext"),
    ],
)
def test_braces_backslashes_and_breaks_are_letters(text: str, written: str) -> None:
    assert ass.escape(text) == written


def test_colours_are_written_backwards_and_count_transparency() -> None:
    assert ass.color(0x11, 0x22, 0x33) == "&H00332211"
    assert ass.color(0, 0, 255, alpha=0) == "&HFFFF0000"


def test_another_reader_finds_the_same_events_and_styles() -> None:
    events = [
        ass.Event(0, 1, style(), 10, 20, ass.escape("first, with a comma"), wraps=True),
        ass.Event(1, 601, style("G"), 10.5, 20, ass.escape("second"), wraps=False),
    ]
    read = pysubs2.SSAFile.from_string(ass.document(640, 360, events, 10))
    assert [(event.start, event.end) for event in read] == [(0, 100), (100, 60_100)]
    assert [event.plaintext for event in read] == ["first, with a comma", "second"]
    assert [read.styles[event.style].fontname for event in read] == ["F", "G"]
    assert (read.info["PlayResX"], read.info["PlayResY"]) == ("640", "360")
    assert read[1].text == "{\\q2\\pos(10.5,20)}second"
