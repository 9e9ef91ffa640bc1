"""Source code as a picture: read and coloured by Pygments, set in JetBrains Mono, drawn by resvg."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.style import StyleMeta
from pygments.styles import get_all_styles, get_style_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

from vbmake.errors import FatalError
from vbmake.render.fonts import describe, missing_glyphs
from vbmake.rules.calls.vector import MONO, draw
from vbmake.rules.work import Work

FONTS = tuple(MONO / f"JetBrainsMono-{name}.ttf" for name in ("Regular", "Bold", "Italic", "BoldItalic"))
ADVANCE = 0.6  # ems, of every letter of JetBrains Mono
LINE = 1.5  # ems from baseline to baseline
BASELINE = 1.06  # ems from a line's top to its baseline: the letters' middle lies in the line's middle
TITLE = 0.72  # size of the title's letters, of the code's
MAX_LINES, MAX_COLUMNS = 400, 400
BUTTONS = ("#ff5f57", "#febc2e", "#28c840")


@dataclass(frozen=True)
class Run:
    """Letters of one look: `column` is where they begin, counted in letters."""

    column: int
    text: str
    color: str
    bold: bool
    italic: bool
    underline: bool


@dataclass(frozen=True)
class Palette:
    """The colours of a window, from those of a Pygments style."""

    background: str
    text: str
    faint: str
    edge: str
    band: str


def draw_code(work: Work) -> None:
    """Draw the code. Raises FatalError for an unknown language or style, no code, too much of it, or missing glyphs."""
    options = work.options
    code = _code(work)
    style = _style(options["theme"])
    lines = _lines(code, options, style)
    first = options["first"]
    last = min(options["last"] or len(lines), len(lines))
    if first > last:
        raise FatalError(
            f"code-block: lines {first} to {options['last'] or last} were asked for; the code has {len(lines)} lines"
        )
    shown = lines[first - 1 : last]
    if len(shown) > MAX_LINES:
        raise FatalError(f"code-block: {len(shown)} lines were asked for, at most {MAX_LINES} fit; say first and last")
    svg, size = _picture(shown, options, _palette(style))
    draw(svg, work.outputs["image"], size, FONTS)


def _code(work: Work) -> str:
    sources = work.inputs.get("source", ())
    text = work.options["text"]
    if bool(sources) == bool(text):
        raise FatalError("code-block: give either a source (a file) or a text" + (", not both" if text else ""))
    if sources:
        try:
            text = sources[0].read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise FatalError(f"code-block: {sources[0].name} is no text in UTF-8; save it as UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(work.options["tab"]).rstrip()
    if not text:
        raise FatalError("code-block: there is no code, only blanks")
    if len(text) > 2_000_000:
        raise FatalError("code-block: the source is larger than 2 MB; give the part that is to be seen")
    # Controls have pictures of their own in Unicode; drawn as they are they would be nothing, or no XML.
    text = "".join(chr(0x2400 + ord(c)) if c < " " and c != "\n" else c for c in text)
    missing = missing_glyphs(text, FONTS[0])
    if missing:
        raise FatalError(f"code-block: JetBrains Mono cannot draw {describe(missing)}; write the code without them")
    return text


def _style(name: str) -> StyleMeta:
    try:
        return get_style_by_name(name)
    except ClassNotFound:
        known = sorted(get_all_styles())
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FatalError(f"code-block: Pygments has no style {name!r}{hint}; it has {', '.join(known)}") from None


def _lines(code: str, options: Mapping[str, Any], style: StyleMeta) -> list[list[Run]]:
    """Each line's runs; long lines are refused rather than cut."""
    language = options["language"]
    try:
        lexer = get_lexer_by_name(language, stripnl=False)  # lexers of sessions drop a last line without a newline
    except ClassNotFound:
        known = sorted({alias for _, aliases, _, _ in get_all_lexers() for alias in aliases})
        near = difflib.get_close_matches(language.lower(), known, n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "; say `language: text` for plain text"
        raise FatalError(f"code-block: Pygments knows no language {language!r}{hint}") from None
    default = _hex(style.style_for_token(Token)["color"]) or _contrast(style.background_color)
    looks = dict(style)
    lines: list[list[Run]] = [[]]
    column = 0
    for kind, value in lexer.get_tokens(code):
        while kind not in looks:  # lexers have finer kinds than styles: the nearest coarser one counts
            kind = kind.parent
        look = looks[kind]
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
                column = 0
            if part.strip():
                color = _hex(look["color"]) or default
                run = Run(column, part, color, bool(look["bold"]), bool(look["italic"]), bool(look["underline"]))
                lines[-1].append(run)
            column += _columns(part)
            if column > MAX_COLUMNS:
                raise FatalError(f"code-block: line {len(lines)} is longer than {MAX_COLUMNS} letters; break it")
    return lines[: code.count("\n") + 1]  # not the one after the last newline, which Pygments adds


def _columns(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _hex(color: str | None) -> str:
    return f"#{color}" if color else ""


def _palette(style: StyleMeta) -> Palette:
    background = _long(style.background_color)
    text = _hex(style.style_for_token(Token)["color"]) or _contrast(background)
    lit = _long(style.highlight_color) if style.highlight_color else ""
    # A highlight as loud as the letters would drown them: then the text's colour, thinned, marks the line.
    quiet = lit and abs(_light(lit) - _light(background)) < 0.25 and lit != background
    return Palette(
        background=background,
        text=text,
        faint=_blend(background, text, 0.42),
        edge=_blend(background, text, 0.18),
        band=lit if quiet else _blend(background, text, 0.10),
    )


def _long(color: str) -> str:
    """`#rgb` as `#rrggbb`."""
    return "#" + "".join(digit * 2 for digit in color[1:]) if len(color) == 4 else color[:7]


def _parts(color: str) -> tuple[int, int, int]:
    color = _long(color)
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _light(color: str) -> float:
    """Relative lightness, 0 to 1 (Rec. 709 weights on the encoded values)."""
    red, green, blue = _parts(color)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _contrast(background: str) -> str:
    return "#f2f2f2" if _light(background) < 0.5 else "#1f2328"


def _blend(under: str, over: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_parts(under), _parts(over), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _picture(
    lines: Sequence[Sequence[Run]], options: Mapping[str, Any], palette: Palette
) -> tuple[str, tuple[int, int]]:
    """The SVG of the window and its size in px (even, as video likes it)."""
    em = options["font_size"]
    step = em * ADVANCE
    first = options["first"]
    digits = len(str(first + len(lines) - 1)) if options["numbers"] else 0
    longest = max((run.column + _columns(run.text.rstrip()) for line in lines for run in line), default=1)
    padding = em * 1.25
    gutter = (digits + 2) * step if digits else 0
    bar = em * 2.0 if options["window"] else 0
    margin = round(em * 2.0) if options["shadow"] else 0
    top = bar + (em * 0.35 if bar else padding * 0.8)
    heading = len(options["title"]) * step * TITLE + em * 7.5 if bar and options["title"] else 0
    width = _even(max(2 * padding + gutter + (options["columns"] or longest) * step, heading))
    height = _even(top + len(lines) * em * LINE + padding * 0.8)
    if options["columns"] and longest > options["columns"]:
        raise FatalError(
            f"code-block: a line has {longest} letters and columns is {options['columns']}; allow more columns"
        )
    radius = em * 0.45
    marked = set(options["highlight"])
    body = list(_window(options, palette, width, height, bar, em))
    for index, line in enumerate(lines):
        number = first + index
        y = top + index * em * LINE
        if number in marked:
            body.append(f'<rect x="0" y="{y:g}" width="{width}" height="{em * LINE:g}" fill="{palette.band}"/>')
            body.append(f'<rect x="0" y="{y:g}" width="{em * 0.14:g}" height="{em * LINE:g}" fill="{palette.text}"/>')
        opacity = ' opacity="0.42"' if marked and number not in marked else ""
        body.append(f"<g{opacity}>" + "".join(_line(line, number, digits, padding, gutter, y, em, palette)) + "</g>")
    full = (width + 2 * margin, height + 2 * margin)
    return _document(body, full, margin, (width, height), radius, em, palette), full


def _even(value: float) -> int:
    return -2 * int(-value // 2)


def _window(
    options: Mapping[str, Any], palette: Palette, width: int, height: int, bar: float, em: int
) -> Iterator[str]:
    yield f'<rect width="{width}" height="{height}" fill="{palette.background}"/>'
    if not bar:
        return
    size, gap = em * 0.2, em * 0.66
    for number, color in enumerate(BUTTONS):
        yield f'<circle cx="{em * 1.25 + size + number * gap:g}" cy="{bar * 0.52:g}" r="{size:g}" fill="{color}"/>'
    if options["title"]:
        missing = missing_glyphs(options["title"], FONTS[0])
        if missing:
            raise FatalError(
                f"code-block: JetBrains Mono cannot draw {describe(missing)}; write the title without them"
            )
        yield (
            f'<text x="{width / 2:g}" y="{bar * 0.52 + em * 0.25:g}" text-anchor="middle" font-size="{em * TITLE:g}" '
            f'fill="{palette.faint}">{escape(" ".join(options["title"].split()))}</text>'
        )


def _line(
    line: Sequence[Run], number: int, digits: int, padding: float, gutter: float, y: float, em: int, palette: Palette
) -> Iterator[str]:
    """A line's letters. Each run is put at its own column, so that nothing depends on what stands before it."""
    base = y + em * BASELINE
    if digits:
        x = padding + digits * em * ADVANCE
        yield f'<text x="{x:g}" y="{base:g}" text-anchor="end" fill="{palette.faint}">{number}</text>'
    for run in line:
        text = run.text.rstrip()
        bare = text.lstrip()
        x = padding + gutter + (run.column + _columns(text) - _columns(bare)) * em * ADVANCE
        looks = (
            (' font-weight="700"' if run.bold else "")
            + (' font-style="italic"' if run.italic else "")
            + (' text-decoration="underline"' if run.underline else "")
        )
        # A place for each letter keeps resvg from joining != and -> into one sign: code is shown as it is typed.
        places = " ".join(f"{x + at * em * ADVANCE:g}" for at in range(len(bare) if bare.isascii() else 1))
        yield f'<text x="{places}" y="{base:g}" fill="{run.color}"{looks}>{escape(bare)}</text>'


def _document(
    body: Sequence[str],
    full: tuple[int, int],
    margin: int,
    inner: tuple[int, int],
    radius: float,
    em: int,
    palette: Palette,
) -> str:
    width, height = inner
    shadow = (
        '<filter id="soft" x="-20%" y="-20%" width="140%" height="150%">'
        f'<feGaussianBlur stdDeviation="{em * 0.55:g}"/></filter>'
        if margin
        else ""
    )
    cast = (
        f'<rect x="{margin}" y="{margin + em * 0.4:g}" width="{width}" height="{height}" rx="{radius:g}" '
        'fill="#000000" fill-opacity="0.45" filter="url(#soft)"/>'
        if margin
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{full[0]}" height="{full[1]}" '
        f'font-family="JetBrains Mono" font-size="{em}"><defs>{shadow}'
        f'<clipPath id="window"><rect width="{width}" height="{height}" rx="{radius:g}"/></clipPath></defs>{cast}'
        f'<g transform="translate({margin} {margin})"><g clip-path="url(#window)">{"".join(body)}</g>'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="{radius:g}" fill="none" '
        f'stroke="{palette.edge}"/></g></svg>'
    )
