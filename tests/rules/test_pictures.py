"""The rules that make pictures, each with its real tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rules.workshop import made, needing
from tests.scenarios.world import SMALL, World
from vbmake.errors import FatalError, JobError
from vbmake.render.opencv import cv2


def read(path: Path) -> Any:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def deck(directory: Path) -> Path:
    """A PDF of two pages, 1 x 2 inches: the first red, the second blue."""
    pages = [b"1 0 0 rg 0 0 72 144 re f", b"0 0 1 rg 0 0 72 144 re f"]
    bodies = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>"]
    bodies += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 144]/Contents %d 0 R>>" % (5 + at) for at in range(2)]
    bodies += [b"<</Length %d>>stream\n%s\nendstream" % (len(page), page) for page in pages]
    objects = b"".join(b"%d 0 obj%s endobj\n" % (number, body) for number, body in enumerate(bodies, 1))
    path = directory / "-deck 50%.pdf"
    path.write_bytes(b"%PDF-1.4\n" + objects + b"trailer<</Root 1 0 R>>\n%%EOF")
    return path


def test_a_page_of_a_pdf_has_its_size_and_its_colours(tmp_path: Path) -> None:
    rule = needing("pdf-page")
    second = read(made(rule, tmp_path, inputs={"pdf": deck(tmp_path)}, page=2, dpi=100))
    assert second.shape[:2] == (200, 100)
    assert second[100, 50, :3].tolist() == [255, 0, 0]  # BGR
    assert read(made(rule, tmp_path, inputs={"pdf": deck(tmp_path)}))[50, 50, :3].tolist() == [0, 0, 255]


def test_a_page_that_the_pdf_does_not_have_fails(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="pdftoppm failed"):
        made(needing("pdf-page"), tmp_path, inputs={"pdf": deck(tmp_path)}, page=3)


def test_a_graph_is_drawn_over_nothing_with_the_fonts_of_vbmake(tmp_path: Path) -> None:
    rule = needing("dot-graph")
    graph = tmp_path / "graph.dot"
    graph.write_text('digraph { a [label="Ägypten" style=filled fillcolor="#00ff00" shape=box]; a -> b }')
    path = made(rule, tmp_path, inputs={"graph": graph}, dpi=96)
    first = path.read_bytes()
    pixels = read(path)
    assert pixels.shape[2] == 4
    assert pixels[0, 0, 3] == 0
    assert (pixels == [0, 255, 0, 255]).all(axis=2).any()
    assert made(rule, tmp_path / "again", inputs={"graph": graph}, dpi=96).read_bytes() == first
    larger = read(made(rule, tmp_path, inputs={"graph": graph}, dpi=192))
    assert larger.shape[1] == pytest.approx(2 * pixels.shape[1], abs=2)


def test_a_graph_with_a_mistake_fails_with_its_line(tmp_path: Path) -> None:
    graph = tmp_path / "graph.dot"
    graph.write_text("digraph {\n a -> \n}")
    with pytest.raises(JobError, match="syntax error in line 3"):
        made(needing("dot-graph"), tmp_path, inputs={"graph": graph})


def test_a_qr_code_is_read_by_a_camera(tmp_path: Path) -> None:
    text = "https://example.com/film?title=Füße äääähttps://example.com/film?title=Füße&x=1x=日本"
    pixels = read(made(needing("qr-code"), tmp_path, text=text, module=8, dark="navy", light="#ffffee"))
    assert cv2.QRCodeDetector().detectAndDecode(pixels[:, :, :3].copy())[0] == text
    assert pixels[0, 0, :3].tolist() == [0xEE, 0xFF, 0xFF]
    assert (pixels[:, :, :3] == [128, 0, 0]).all(axis=2).any()


def test_a_qr_code_can_be_transparent_between_its_squares(tmp_path: Path) -> None:
    pixels = read(made(needing("qr-code"), tmp_path, text="x", module=1, dark="#ff000080", light="transparent"))
    assert pixels.shape == (29, 29, 4)
    assert pixels[0, 0, 3] == 0
    assert pixels[4, 4].tolist() == [0, 0, 255, 128]


def test_a_text_too_long_for_a_qr_code_is_told(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match=r"700 letters does not fit .* error correction H; .*error: L"):
        made(needing("qr-code"), tmp_path, text="ä" * 700, error="H")


CODE = 'def greet(name):\n\treturn f"Hello, {name}" if name != "" else None\n'


def code(directory: Path, text: str = CODE, **options: Any) -> Any:
    return read(made(needing("code-block"), directory, text=text, **{"language": "python", "font_size": 20, **options}))


def test_code_is_set_in_letters_of_equal_width_on_lines_of_equal_height(tmp_path: Path) -> None:
    one, two = code(tmp_path, "x = 1"), code(tmp_path, "x = 1\ny = 22222222222")
    assert two.shape[0] - one.shape[0] == 30
    assert two.shape[1] - one.shape[1] == 120  # ten letters more, of 0.6 em
    assert one.shape[0] % 2 == one.shape[1] % 2 == 0
    assert one[0, 0, 3] == 0, "the corners are round"
    assert one[one.shape[0] // 2, 5, 3] == 255


def test_code_is_coloured_by_the_language_and_the_theme(tmp_path: Path) -> None:
    shown = {name: code(tmp_path, theme=name) for name in ("one-dark", "xcode")}
    assert shown["one-dark"][-10, 50, :3].max() < 64 < 192 < shown["xcode"][-10, 50, :3].min()
    plain = code(tmp_path, language="text", theme="one-dark", window=False)
    lively = code(tmp_path, theme="one-dark", window=False)
    spread = [float(np.ptp(picture[..., :3].astype(int), axis=2).max()) for picture in (plain, lively)]
    assert spread[0] < 40 < 80 < spread[1]


def test_the_last_line_of_a_session_is_shown_as_every_other(tmp_path: Path) -> None:
    session = code(tmp_path, "$ doit\nbuilt in no time", language="console", window=False)
    without = code(tmp_path, "$ doit", language="console", window=False, columns=16)
    assert session.shape[0] > without.shape[0]
    last = session[-int(session.shape[0] - without.shape[0]) - 8 : -16, 20:-20, :3].astype(int)
    assert np.abs(last - last[0, 0]).max() > 60, "nothing is written there"


def test_code_is_shown_as_it_was_typed(tmp_path: Path) -> None:
    # A font with ligatures would draw != as one sign, and take the bar of ! away from its place.
    both, alone = code(tmp_path, "a != b", language="text"), code(tmp_path, "a ! = b", language="text", columns=7)
    base = slice(both.shape[0] - 50, both.shape[0] - 20)
    bang = slice(25 + 24, 25 + 36)
    assert np.array_equal(both[base, bang], alone[base, bang])


def test_lines_are_numbered_as_in_the_file_and_can_be_a_part_of_it(tmp_path: Path) -> None:
    source = tmp_path / "long.py"
    source.write_text("\n".join(f"line{number} = {number}" for number in range(1, 101)))
    rule = needing("code-block")

    def part(**options: Any) -> Any:
        return read(made(rule, tmp_path, inputs={"source": source}, language="python", font_size=20, **options))

    assert part(first=98, last=99).shape[0] == part(first=3, last=4).shape[0]
    assert part(first=98, last=101, numbers=True).shape[1] > part(first=98, last=101).shape[1]
    with pytest.raises(FatalError, match="the code has 100 lines"):
        part(first=101)


def test_a_highlighted_line_stands_out(tmp_path: Path) -> None:
    text = "first = 1\nsecond = 2\nthird = 3"
    plain, marked = code(tmp_path, text, window=False), code(tmp_path, text, window=False, highlight=[2])
    background = plain[-5, plain.shape[1] // 2, :3].tolist()
    middle = marked.shape[0] // 2
    assert marked[middle, -6, :3].tolist() != background
    assert marked[middle - 30, -6, :3].tolist() == background
    assert marked[:40, ..., :3].max() < plain[:40, ..., :3].max(), "the other lines step back"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"language": "pyhton"}, "no language 'pyhton'; did you mean 'python"),
        ({"theme": "one-drak"}, "no style 'one-drak'; did you mean 'one-dark'"),
        ({"text": "x = '日本'"}, r"cannot draw 日 \(U\+65E5"),
        ({"text": " \n\t\n"}, "only blanks"),
        ({"text": ""}, "either a source .* or a text"),
        ({"text": "x" * 500}, "line 1 is longer than 400 letters"),
        ({"columns": 3}, "a line has 51 letters and columns is 3"),
        ({"first": 2, "last": 1}, "lines 2 to 1 were asked for"),
        ({"text": "x\n" * 390, "font_size": 200}, "at most 16384 px a side"),
    ],
)
def test_code_that_cannot_be_shown_is_told(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(FatalError, match=told):
        code(tmp_path, **options)


def test_code_with_markup_escapes_and_controls_is_drawn(tmp_path: Path) -> None:
    assert code(tmp_path, '<b>&amp;</b> "]]>" \x1b[0m </text>', language="html", title="<&>").shape[2] == 4


def page(directory: Path, body: str, name: str = "page.html") -> Path:
    path = directory / name
    path.write_text(f"<!doctype html><meta charset=utf-8>{body}", encoding="utf-8")
    return path


def test_a_page_is_seen_at_its_size_with_its_files_and_after_its_scripts(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    style = tmp_path / "css" / "look.css"
    style.write_text("body { margin: 0; background: #00ff00 } #box { position: absolute; inset: 0 50% 50% 0 }")
    body = (
        "<link rel=stylesheet href=css/look.css><div id=box></div><script>setTimeout(() => {"
        "box.style.background = innerWidth + 'x' + innerHeight === '320x180' ? '#0000ff' : '#ff0000' }, 300)</script>"
    )
    inputs = {"page": page(tmp_path, body, "page #1.html"), "files": style}
    pixels = read(made(needing("html-page"), tmp_path, inputs=inputs, size="320x180", density=2))
    assert pixels.shape[:2] == (360, 640)
    assert pixels[50, 50, :3].tolist() == [255, 0, 0]
    assert pixels[300, 600, :3].tolist() == [0, 255, 0]


def test_a_page_reaches_neither_the_network_nor_other_files_nor_this_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    targets = [secret.as_uri(), "http://127.0.0.1:9/", "http://localhost:9/", "https://example.com/"]
    body = (
        "<body style='background:#ff0000'><script>"
        f"Promise.allSettled({targets!r}.map(url => fetch(url, {{mode: 'no-cors'}}))).then(found => {{"
        "document.body.style.background = found.every(one => one.status === 'rejected') ? '#00ff00' : '#0000ff' })"
        "</script>"
    )
    pixels = read(made(needing("html-page"), tmp_path, inputs={"page": page(tmp_path, body)}, size="64x64"))
    assert pixels[60, 60, :3].tolist() == [0, 255, 0]


def test_a_file_that_a_page_wants_and_was_not_given_fails_the_job(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"but not named")
    with pytest.raises(FatalError, match=r"asks for there\.png, which it was not given"):
        made(needing("html-page"), tmp_path, inputs={"page": page(tmp_path, "<img src=there.png>")}, size="64x64")


def test_what_a_rule_draws_in_svg_is_seen_as_sharp_as_the_film(tmp_path: Path) -> None:
    """A drawing of 8 by 8 px, drawn at the size of its layer and not enlarged."""
    world = World(tmp_path / "project", tmp_path / "cache")
    rule = "rule: badge\nabout: x\nreads: {a: file}\nmakes: {image: svg}\nneeds: [cp]\n"
    world.write("rules/badge.yaml", rule + "command: [cp, '{{ a }}', '{{ image }}']\n")
    halves = '<rect width="4" height="8" fill="red"/><rect x="4" width="4" height="8" fill="blue"/>'
    world.write("a.txt", f'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">{halves}</svg>')
    layer = {"make": "badge", "a": "a.txt", "fit": "stretch", "width": "100%", "height": "100%"}
    world.declare({**SMALL, "scenes": [{"id": "one", "duration": "200ms", "layers": [layer]}]})
    built = world.build()
    assert {name.partition(":")[0] for name in built.ran} == {"badge", "shot", "film", "timeline"}
    ended = world.doit("frame", "one@0s", "-o", "still.png")
    assert ended.code == 0, ended.text
    still = cv2.imread(str(world.root / "still.png"))
    assert still.shape == (36, 64, 3)
    for across, colour in ((0, "red"), (31, "red"), (32, "blue"), (63, "blue")):
        blue, _, red = map(int, still[18, across])
        assert (red - blue > 200, blue - red > 200) == (colour == "red", colour == "blue"), across
