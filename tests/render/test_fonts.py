"""Fonts by content: what a file covers, and clear errors for files that are no fonts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTCollection, TTFont

from tests.render.made_fonts import make_font
from vbmake import resources
from vbmake.errors import FatalError
from vbmake.render.fonts import describe, missing_glyphs, read_font, typeset

REGULAR, BOLD = resources.path(resources.DEFAULT_FONT), resources.path(resources.DEFAULT_BOLD)


@pytest.mark.parametrize("font", [REGULAR, BOLD], ids=["regular", "bold"])
def test_the_bundled_fonts_write_european_languages(font: Path) -> None:
    samples = (
        "Ångström Zażółć gęślą jaźń Žluťoučký kůň Iñtërnâtiônàlizætiøn Tiếng Việt ğış ẞ",
        "Γειά σου Κόσμε ΆΈΉΊΌΎΏ",
        "Съешь ещё этих мягких французских булок, да выпей чаю. Їжак ґава ў",
        "“quotes” ‘single’ «guillemets» – — … • € £ ¥ © ® ™ ½ → × −",
    )
    for sample in samples:
        assert missing_glyphs(sample, font) == []


def test_the_bundled_fonts_come_with_their_licence_and_stay_small() -> None:
    folder = REGULAR.parent
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text()
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000


def test_a_bundled_file_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError, match=r"Comic\.ttf"):
        resources.path("fonts/Comic.ttf")


def test_missing_glyphs_are_listed_once_in_order() -> None:
    assert missing_glyphs("a日b本日🙂", REGULAR) == ["日", "本", "🙂"]


@pytest.mark.parametrize(
    "text", ["a\tb\r\nc\u2028d", "\x00\x07", "a\u200d\ufe0f\u200e\u2060\ufeff\u00ad", "x\u2009y\u202fz"]
)
def test_controls_joiners_and_spaces_are_not_missed(text: str, tmp_path: Path) -> None:
    font = make_font(tmp_path / "f.ttf", dict.fromkeys("abcdxyz", (500, (0, 0, 400, 700))))
    assert missing_glyphs(text, font) == []


def test_letters_are_composed_or_taken_apart_to_what_the_font_has(tmp_path: Path) -> None:
    block = (500, (0, 0, 400, 700))
    composed = read_font(make_font(tmp_path / "composed.ttf", {"é": block}))
    parted = read_font(make_font(tmp_path / "parted.ttf", {"e": block, "\u0301": block}))
    assert typeset("e\u0301", composed) == ("é", [])
    assert typeset("é", parted) == ("e\u0301", [])
    assert typeset("é", read_font(make_font(tmp_path / "none.ttf", {"e": block}))) == ("", ["é"])


def test_characters_are_described_by_code_and_name() -> None:
    assert describe(["日", "\u0304", "\ud800"]) == (
        "日 (U+65E5 CJK UNIFIED IDEOGRAPH-65E5), (U+0304 COMBINING MACRON), (U+D800)"
    )
    assert describe("abcdefghij").endswith("and 2 more")


@pytest.mark.parametrize("size", [0, 3, 100, 3000, 60_000])
def test_a_damaged_font_is_told_by_name(size: int, tmp_path: Path) -> None:
    broken = tmp_path / "broken.otf"
    broken.write_bytes(REGULAR.read_bytes()[:size])
    with pytest.raises(FatalError, match=r"broken\.otf cannot be used as a font"):
        read_font(broken)


def test_what_is_no_font_is_told_by_name(tmp_path: Path) -> None:
    text = tmp_path / "notes.ttf"
    text.write_text("just words " * 500)
    with pytest.raises(FatalError, match=r"notes\.ttf cannot be used as a font.*give a \.ttf"):
        read_font(text)


def test_a_missing_font_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"gone\.ttf cannot be read: No such file"):
        read_font(tmp_path / "gone.ttf")


def test_a_font_without_outlines_is_told(tmp_path: Path) -> None:
    path = make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 400, 700))})
    with TTFont(path) as font:
        del font["glyf"], font["loca"]
        font.save(tmp_path / "hollow.ttf")
    with pytest.raises(FatalError, match="no outlines"):
        read_font(tmp_path / "hollow.ttf")


def test_woff2_without_brotli_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    monkeypatch.delitem(sys.modules, "fontTools.ttLib.woff2", raising=False)
    packed = tmp_path / "web.woff2"
    packed.write_bytes(b"wOF2\x00\x01\x00\x00" + bytes(200))
    with pytest.raises(FatalError, match="pip install brotli"):
        read_font(packed)


def test_a_woff_and_the_first_face_of_a_collection_are_read(tmp_path: Path) -> None:
    one = make_font(tmp_path / "one.ttf", {"a": (500, (0, 0, 400, 700))}, family="One")
    two = make_font(tmp_path / "two.ttf", {"b": (500, (0, 0, 400, 700))}, family="Two")
    collection = TTCollection()
    collection.fonts = [TTFont(one), TTFont(two)]
    collection.save(tmp_path / "both.ttc")
    with TTFont(one) as font:
        font.flavor = "woff"
        font.save(tmp_path / "one.woff")
    for file in ("both.ttc", "one.woff"):
        font = read_font(tmp_path / file)
        assert font.names[0] == "One"
        assert font.covers("a")
        assert not font.covers("b")


def test_lines_are_as_high_as_browsers_make_them(tmp_path: Path) -> None:
    font = read_font(
        make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 400, 700))}, ascent=900, descent=250, gap=50, win=(2000, 900))
    )
    assert font.line_height == pytest.approx(1.2)
    assert font.ascent == pytest.approx(0.925)


def test_fonts_of_one_family_name_get_different_private_names(tmp_path: Path) -> None:
    first = read_font(make_font(tmp_path / "1.ttf", {"a": (500, (0, 0, 400, 700))}, family="Same"))
    second = read_font(make_font(tmp_path / "2.ttf", {"a": (500, (0, 0, 200, 300))}, family="Same"))
    assert first.names == second.names
    assert first.family != second.family


def test_a_font_that_is_replaced_on_disk_is_read_again(tmp_path: Path) -> None:
    path = make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 400, 700))})
    assert not read_font(path).covers("bc"[0])
    make_font(path, {"a": (500, (0, 0, 400, 700)), "b": (500, (0, 0, 400, 700))})
    assert read_font(path).covers("b")
