"""Text as sprites: drawn by libass with the font that was given, whole, where it belongs, with exact transparency."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.render.made_fonts import make_font
from vbmake import resources
from vbmake.errors import FatalError
from vbmake.render import lettering, text
from vbmake.render.fonts import read_font
from vbmake.render.sprite import Sprite
from vbmake.render.text import TextSpec, TextStyle, text_sprites

REGULAR, BOLD = resources.path(resources.DEFAULT_FONT), resources.path(resources.DEFAULT_BOLD)
WHITE, RED = (255, 255, 255, 255), (255, 0, 0, 255)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    text._sprites.clear()
    yield
    text._sprites.clear()


def spec(words: str, wrap: float | None = None, origin: tuple[float, float] = (0.5, 0.5), **style: Any) -> TextSpec:
    look = {"font": 0, "size": 40, "color": "#ffffffff", "align": "center", **style}
    return TextSpec(words, TextStyle.of(look), wrap, origin)


def draw(*specs: TextSpec, fonts: tuple[Path, ...] = (REGULAR,)) -> list[Sprite]:
    return text_sprites(specs, fonts)


def ink(sprite: Sprite) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is more than half opaque, from the pivot."""
    rows, columns = np.nonzero(sprite.pixels[:, :, 3] > 127)
    return (
        sprite.x + columns.min(),
        sprite.y + rows.min(),
        sprite.x + columns.max() + 1,
        sprite.y + rows.max() + 1,
    )


def size(sprite: Sprite) -> tuple[float, float]:
    left, top, right, bottom = ink(sprite)
    return right - left, bottom - top


def test_the_size_is_the_em_in_px() -> None:
    for pixels in (40, 100, 200):
        (sprite,) = draw(spec("H", size=pixels))
        assert size(sprite)[1] == pytest.approx(read_font(REGULAR).cap_height * pixels, abs=1)


def test_the_size_is_the_em_whatever_line_metrics_the_font_has(tmp_path: Path) -> None:
    letters = {"H": (800, (0, 0, 700, 700))}
    odd = make_font(tmp_path / "odd.ttf", letters, ascent=950, descent=450, gap=100, win=(3000, 1000))
    for font in (odd, make_font(tmp_path / "usual.ttf", letters)):
        (sprite,) = draw(spec("H", size=100), fonts=(font,))
        assert size(sprite) == pytest.approx((70, 70), abs=1)


def test_lines_stand_one_line_height_apart(tmp_path: Path) -> None:
    font = make_font(tmp_path / "f.ttf", {"H": (800, (0, 0, 700, 700))}, ascent=900, descent=300, win=(3000, 1000))
    (sprite,) = draw(spec("H\nH", size=100), fonts=(font,))
    assert size(sprite)[1] == pytest.approx(120 + 70, abs=1)


def test_two_files_of_one_family_name_are_each_drawn(tmp_path: Path) -> None:
    tall = make_font(tmp_path / "tall.ttf", {"a": (500, (0, 0, 400, 800))}, family="Same")
    flat = make_font(tmp_path / "flat.ttf", {"a": (500, (0, 0, 400, 200))}, family="Same")
    first, second = draw(spec("a", size=100), spec("a", size=100, font=1), fonts=(tall, flat))
    assert size(first) == pytest.approx((40, 80), abs=1)
    assert size(second) == pytest.approx((40, 20), abs=1)


def test_a_missing_glyph_is_told_with_its_name_and_the_font() -> None:
    with pytest.raises(FatalError, match=r"Inter Regular \(Inter-Regular\.otf\) has no glyph for 日 \(U\+65E5 CJK"):
        draw(spec("Japan 日"))


def test_no_font_of_the_machine_is_ever_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the check that comes before it, libass itself must find no other font, even where the machine offers one."""
    (tmp_path / "machine").mkdir()
    make_font(tmp_path / "machine" / "f.ttf", {"日": (900, (0, 0, 800, 700))}, family="Machine")
    config = tmp_path / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{tmp_path / 'machine'}</dir><cachedir>{tmp_path / 'cache'}</cachedir></fontconfig>"
    )
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    font = read_font(REGULAR)
    setting = lettering.Setting((("日", False),), font.digest, 40.0)
    with pytest.raises(FatalError, match="libass says"):
        lettering.set_letters([setting], {font.digest: font})


@pytest.mark.parametrize(
    "written", ["{\\b1}", "{\\fs200}", "a\\Nb", "a\\hb", "{", "}", "\\", "%{x}", "a{\\p1}m 0 0", "\\{\\}"]
)
def test_codes_in_a_text_are_drawn_as_letters(written: str) -> None:
    """Each letter alone is as wide as in the text, so nothing was taken for a command; kerning moves it by little."""
    sprite, *letters = draw(spec(f"x{written}x"), *(spec(f"x{letter}x") for letter in written), spec("xx"), spec("x"))
    pair, one = size(letters[-2])[0], size(letters[-1])[0]
    expected = pair + sum(size(letter)[0] - pair for letter in letters[:-2])
    assert size(sprite)[0] == pytest.approx(expected, abs=0.12 * one * len(written) + 2)
    assert size(sprite)[1] < 60  # one line


def test_quotes_and_a_line_break_are_what_they_say() -> None:
    one, two = draw(spec('it\'s "here"'), spec('it\'s\n"here"'))
    assert size(two)[1] > size(one)[1] + 40
    assert size(two)[0] < size(one)[0]


def test_an_empty_line_is_as_high_as_any() -> None:
    two, three = draw(spec("H\nH"), spec("H\n\nH\n"))
    line = read_font(REGULAR).line_height * 40
    assert size(three)[1] - size(two)[1] == pytest.approx(line, abs=1)


@pytest.mark.parametrize("blank", ["", "   ", "\n\n", "\x00"])
def test_blank_text_draws_nothing_and_no_box(blank: str) -> None:
    (sprite,) = draw(spec(blank, box={"color": "#ff0000ff", "padding": 10, "radius": 0}))
    assert not sprite.pixels.any()


def test_white_text_has_as_much_colour_as_cover() -> None:
    (sprite,) = draw(spec("Fringe ěř", size=60))
    assert sprite.pixels[:, :, 3].max() == 255
    assert (sprite.pixels == sprite.pixels[:, :, 3:]).all()


def test_colours_are_premultiplied_and_exact() -> None:
    (sprite,) = draw(spec("H", size=200, color="#ff804080", outline={"width": 8, "color": "#0000ffff"}))
    pixels = sprite.pixels
    assert (pixels[:, :, :3] <= pixels[:, :, 3:]).all()
    row = pixels[pixels.shape[0] // 4]
    assert [32, 64, 128, 128] in row.tolist()  # inside the stem: half of the colour, no outline under it
    assert [255, 0, 0, 255] in row.tolist()  # inside the outline


def test_the_cover_is_the_same_whatever_the_colour() -> None:
    (sprite,) = draw(spec("S", size=120, color="#000000ff"))
    (light,) = draw(spec("S", size=120))
    assert (sprite.pixels[:, :, 3] == light.pixels[:, :, 3]).all()
    assert not sprite.pixels[:, :, :3].any()
    partial = light.pixels[:, :, 3]
    assert ((partial > 0) & (partial < 255)).sum() > 100


@pytest.mark.parametrize("origin", [(0, 0), (0.5, 0), (1, 0), (0, 0.5), (1, 0.5), (0, 1), (0.5, 1), (1, 1), (0.3, 0.7)])
@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_the_origin_lies_on_the_pivot_whatever_the_alignment(
    tmp_path: Path, origin: tuple[float, float], align: str
) -> None:
    font = make_font(tmp_path / "f.ttf", {"a": (500, (0, -200, 500, 800))})  # ink fills advance and line
    (sprite,) = draw(spec("aaaa\naa", origin=origin, align=align, size=50), fonts=(font,))
    left, top, right, bottom = ink(sprite)
    assert (left, top) == pytest.approx((-origin[0] * 100, -origin[1] * 100), abs=1)
    assert (right - left, bottom - top) == pytest.approx((100, 100), abs=1)
    second = sprite.pixels[75, :, 3] > 127
    start = {"left": 0, "center": 25, "right": 50}[align]
    assert np.flatnonzero(second)[0] == pytest.approx(start, abs=1)
    assert second.sum() == pytest.approx(50, abs=1)


def test_long_text_wraps_within_its_width() -> None:
    words = "Two thousand years ago, ships found Alexandria by its light."
    free, wrapped = draw(spec(words), spec(words, wrap=400))
    assert size(free)[0] > 800
    assert size(wrapped)[0] <= 400
    assert size(wrapped)[1] > size(free)[1] + 40


def test_letter_spacing_lies_between_letters_only(tmp_path: Path) -> None:
    font = make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 500, 700))})
    box = {"color": "#ff0000ff", "padding": 0, "radius": 0}
    (sprite,) = draw(spec("aaa", size=40, spacing=10, box=box), fonts=(font,))
    assert sprite.pixels.shape[1] == pytest.approx(3 * 20 + 2 * 10, abs=1)
    assert sprite.x == pytest.approx(-40, abs=1)


def test_text_larger_than_any_picture_is_whole() -> None:
    (sprite,) = text_sprites([spec("HH HH HH", size=300)], [REGULAR])
    assert size(sprite)[0] > 1200
    assert size(sprite)[1] == pytest.approx(read_font(REGULAR).cap_height * 300, abs=2)


def test_letters_that_reach_far_beyond_their_advance_are_whole(tmp_path: Path) -> None:
    font = make_font(tmp_path / "swash.ttf", {"a": (300, (-4000, -3000, 4000, 4000))})
    (sprite,) = draw(spec("a", size=50), fonts=(font,))
    assert size(sprite) == pytest.approx((400, 350), abs=1)


def test_text_of_monstrous_size_is_refused_with_advice() -> None:
    with pytest.raises(FatalError, match=r"at most 16384 a side: make it smaller"):
        draw(spec("W" * 400, size=300))


def test_boxes_of_low_and_high_words_are_equally_high_and_fit_the_text(tmp_path: Path) -> None:
    box = {"color": "#000000ff", "padding": 12, "radius": 0}
    low, high = draw(spec("ace", box=box), spec("Ågj", box=box))
    line = read_font(REGULAR).line_height * 40
    assert low.pixels.shape[0] == high.pixels.shape[0] == round(line + 24)
    font = make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 500, 700))})
    (block,) = draw(spec("aaaa", size=50, box=box, origin=(0, 1)), fonts=(font,))
    assert block.pixels.shape[1] == pytest.approx(100 + 24, abs=1)
    assert (block.x, block.y + block.pixels.shape[0]) == pytest.approx((0, 0), abs=1)


def test_a_box_has_round_corners_and_shows_through() -> None:
    (sprite,) = draw(spec("Hello", box={"color": "#00ff0080", "padding": 20, "radius": 20}))
    assert sprite.pixels[0, 0, 3] == 0
    assert sprite.pixels[2, sprite.pixels.shape[1] // 2].tolist() == [0, 128, 0, 128]


def test_a_shadow_falls_where_it_is_sent_and_is_blurred() -> None:
    plain, hard, soft = draw(
        spec("H", size=100),
        spec("H", size=100, shadow={"x": 30, "y": 40, "blur": 0, "color": "#000000ff"}),
        spec("H", size=100, shadow={"x": 0, "y": 0, "blur": 20, "color": "#000000ff"}),
    )
    left, top, right, bottom = ink(plain)
    assert ink(hard) == (left, top, right + 30, bottom + 40)
    height, width = plain.pixels.shape[:2]
    assert soft.pixels.shape[:2] == (height + 60, width + 60)
    assert len(np.unique(soft.pixels[:, :, 3])) > len(np.unique(plain.pixels[:, :, 3]))


def test_an_outline_widens_every_side_by_its_width() -> None:
    plain, outlined = draw(spec("H", size=100), spec("H", size=100, outline={"width": 6, "color": "#000000ff"}))
    assert np.subtract(size(outlined), size(plain)) == pytest.approx((12, 12), abs=1)


def test_bold_and_italic_are_made_when_the_font_is_neither() -> None:
    plain, bold, italic, real = draw(
        spec("lll"),
        spec("lll", bold=True),
        spec("lll", italic=True),
        spec("lll", font=1, bold=True),
        fonts=(REGULAR, BOLD),
    )
    (unasked,) = draw(spec("lll", font=1), fonts=(REGULAR, BOLD))
    assert bold.pixels[:, :, 3].sum() > 1.1 * plain.pixels[:, :, 3].sum()
    assert size(italic)[0] > size(plain)[0] + 3
    assert (real.pixels == unasked.pixels).all()  # a bold font is not made bolder


def test_right_to_left_text_runs_from_the_right(tmp_path: Path) -> None:
    letters = {"א": (200, (0, 0, 100, 700)), "ב": (1000, (0, 0, 900, 700)), "a": (500, (0, 0, 400, 700))}
    font = make_font(tmp_path / "f.ttf", letters)
    (sprite,) = draw(spec("אב", size=100), fonts=(font,))
    row = sprite.pixels[sprite.pixels.shape[0] // 2, :, 3] > 127
    assert row[:85].all()  # the wide second letter stands left
    assert not row[92:98].any()


def test_coloured_parts_leave_every_letter_where_it_is() -> None:
    words, plain = "AVATAR Toyota", spec("AVATAR Toyota")
    states = [
        TextSpec(words, plain.style, spans=((0, 6, a), (7, 13, b)))
        for a, b in ((WHITE, WHITE), (RED, WHITE), (WHITE, RED))
    ]
    none, first, second = draw(*states)
    for state in (first, second):
        assert (state.x, state.y) == (none.x, none.y)
        assert (state.pixels[:, :, 3] == none.pixels[:, :, 3]).all()
    blue = none.pixels.shape[1] * 6 // 13
    assert first.pixels[:, : blue - 20, 0].max() == 0
    assert first.pixels[:, blue + 40 :, 0].max() == 255
    assert second.pixels[:, : blue - 20, 0].max() == 255


def test_many_colours_are_each_where_they_belong(tmp_path: Path) -> None:
    font = make_font(tmp_path / "f.ttf", {"a": (500, (0, 0, 400, 700))})
    style = spec("").style
    colors = [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 128)]
    (sprite,) = draw(TextSpec("aaaa", style, spans=tuple((i, i + 1, c) for i, c in enumerate(colors))), fonts=(font,))
    row = sprite.pixels[sprite.pixels.shape[0] // 2]
    assert [row[x].tolist() for x in (8, 28, 48, 68)] == [
        [0, 0, 255, 255],
        [0, 255, 0, 255],
        [128, 0, 0, 128],
        [255] * 4,
    ]


def test_what_was_drawn_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(spec("once"), spec("twice"))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(lettering.process, "running", refuse)
    again = draw(spec("twice"), spec("once"), spec("once"))
    assert again[0] is first[1]
    assert again[1] is again[2] is first[0]


def test_sprites_are_forgotten_when_they_grow_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_BUDGET", 40_000)
    draw(*(spec(f"number {count}") for count in range(12)))
    assert 0 < sum(sprite.pixels.nbytes for sprite in text._sprites.values()) <= 40_000


def test_a_run_and_a_run_alone_give_the_same_pixels_in_any_thread() -> None:
    specs = [spec(f"Title {count}", size=30 + 7 * count, wrap=200) for count in range(4)]
    together = draw(*specs)
    text._sprites.clear()
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda one: draw(one)[0], specs))
    for one, other in zip(together, alone, strict=True):
        assert (one.x, one.y) == (other.x, other.y)
        assert one.pixels.tobytes() == other.pixels.tobytes()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"size": 0}, "size of 0 px"),
        ({"size": 1e9}, "up to 4096"),
        ({"align": "middle"}, "allowed are left, center, right"),
        ({"color": "reddish"}, "'reddish' is no colour"),
    ],
)
def test_a_style_that_makes_no_sense_is_told(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(FatalError, match=told):
        spec("x", **wrong)


def test_a_font_that_the_job_does_not_have_is_told() -> None:
    with pytest.raises(FatalError, match="asks for font 3 and the job has 1"):
        draw(spec("x", font=3))
