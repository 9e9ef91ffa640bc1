"""Fonts by content: what a font file can draw, its line metrics, and a private copy of it that libass cannot mistake.

libass picks fonts by family name, and two files may carry the same one (a Bold and a Regular, two versions, the
machine's own). So each file is handed to it as a copy whose only name is made of its content's digest, and fontconfig
is shut off.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import os
import struct
import threading
import unicodedata
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont, TTLibError
from fontTools.ttLib.sfnt import SFNTWriter

from vbmake.errors import FatalError

# What it would say of a damaged font on standard error is raised as an error here.
logging.getLogger("fontTools").setLevel(logging.CRITICAL)

_BUDGET = 128 << 20  # bytes of private copies kept in memory
_FAMILY, _SUBFAMILY, _UNIQUE, _FULL, _POSTSCRIPT = 1, 2, 3, 4, 6
_NAMES_THAT_CHOOSE = frozenset({1, 2, 3, 4, 6, 16, 17, 18, 20, 21, 22, 25})  # every name a font is found by
_UNWANTED = frozenset(
    {"DSIG", "SVG ", "CBDT", "CBLC", "sbix", "EBDT", "EBLC", "EBSC"}
)  # signatures, pictures of letters


@dataclass(frozen=True, slots=True)
class Font:
    """One font file.

    `ascent` and `descent` are ems from the baseline to the line's top and bottom, as browsers lay out lines. `names`
    are its own (family, full, PostScript), for messages; `family` is the private name that libass finds `data` by.
    `advances` are the widths, in ems, of the code points it has glyphs for.
    """

    digest: str
    file: str
    names: tuple[str, str, str]
    ascent: float
    descent: float
    cap_height: float
    advances: dict[int, float] = field(repr=False, hash=False, compare=False)
    data: bytes = field(repr=False, hash=False, compare=False)

    @property
    def family(self) -> str:
        return _family(self.digest)

    @property
    def line_height(self) -> float:
        """Baseline to baseline, in ems."""
        return self.ascent + self.descent

    @property
    def name(self) -> str:
        """What a person knows it by."""
        return f"{self.names[1] or self.names[0] or 'without a name'} ({self.file})"

    def covers(self, character: str) -> bool:
        return ord(character) in self.advances


_fonts: OrderedDict[str, Font] = OrderedDict()
_lock = threading.Lock()


def read_font(path: Path) -> Font:
    """Read a .ttf, .otf, .ttc (its first face), .woff or .woff2. Remembered by content.

    Raises FatalError when the file is missing, is no font, or is damaged.
    """
    try:
        stat = os.stat(path)
        digest = _digest(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except OSError as error:
        raise FatalError(f"the font {path.name} cannot be read: {error.strerror or error}") from None
    with _lock:
        found = _fonts.get(digest)
        if found is not None:
            _fonts.move_to_end(digest)
            return found
    font = _parse(path, digest)
    with _lock:
        _fonts[digest] = font
        while sum(len(kept.data) for kept in _fonts.values()) > _BUDGET and len(_fonts) > 1:
            _fonts.popitem(last=False)
    return font


@functools.lru_cache(maxsize=256)
def _digest(path: str, _size: int, _mtime: int, _inode: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(path: Path, digest: str) -> Font:
    def broken(why: object) -> FatalError:
        return FatalError(
            f"{path.name} cannot be used as a font ({why}); "
            "give a .ttf, .otf, .ttc, .woff or .woff2 file that other programs open"
        )

    try:
        with TTFont(io.BytesIO(path.read_bytes()), fontNumber=0, lazy=True) as font:
            return _take(font, path.name, digest)
    except ImportError:
        raise broken("it is a WOFF2, for which `pip install brotli` is needed; or take its .ttf") from None
    except TTLibError as error:
        raise broken(str(error).splitlines()[0] if str(error) else "damaged") from None
    # fontTools reads tables without checking them first: a damaged one fails in any of these ways.
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, struct.error, zlib.error,
            EOFError, OverflowError, OSError, MemoryError, RecursionError) as error:  # fmt: skip
        raise broken(f"damaged: {type(error).__name__}") from None


def _take(font: Any, file: str, digest: str) -> Font:
    units = int(font["head"].unitsPerEm)
    if not 16 <= units <= 16384:
        raise TTLibError(f"{units} units per em")
    if not any(table in font for table in ("glyf", "CFF ", "CFF2")):
        raise TTLibError("it has no outlines")
    names = tuple(str(font["name"].getDebugName(number) or "") for number in (_FAMILY, _FULL, _POSTSCRIPT))
    ascent, descent = _line(font)
    capital = getattr(font["OS/2"], "sCapHeight", 0) if "OS/2" in font else 0
    widths = font["hmtx"].metrics
    glyphs = font.getBestCmap() or {}
    advances = {code: widths[glyph][0] / units for code, glyph in glyphs.items() if glyph != ".notdef"}
    if not advances:
        raise TTLibError("it maps no characters")
    return Font(
        digest=digest,
        file=file,
        names=(names[0], names[1], names[2]),
        ascent=ascent / units,
        descent=descent / units,
        cap_height=(capital or 0) / units,
        advances=advances,
        data=_private_copy(font, _family(digest), ascent, descent),
    )


def _family(digest: str) -> str:
    return f"vbmake-{digest[:24]}"


def _line(font: Any) -> tuple[int, int]:
    """Font units above and below the baseline that a line takes, as browsers choose them (line-height: normal)."""
    hhea = font["hhea"]
    above, below, gap = hhea.ascent, -hhea.descent, hhea.lineGap
    if "OS/2" in font:
        os2 = font["OS/2"]
        if os2.fsSelection & 0x80:  # USE_TYPO_METRICS
            above, below, gap = os2.sTypoAscender, -os2.sTypoDescender, os2.sTypoLineGap
        elif above + below <= 0:
            above, below, gap = os2.usWinAscent, os2.usWinDescent, 0
    if above + below <= 0:
        above, below, gap = font["head"].yMax, -font["head"].yMin, 0
    if not 0 < above + below + max(gap, 0) < 0x8000:
        raise TTLibError("its line metrics make no sense")
    gap = max(gap, 0)
    return above + gap // 2, below + gap - gap // 2


def _private_copy(font: Any, family: str, ascent: int, descent: int) -> bytes:
    """The font as one bare sfnt with one name, and with the line metrics that libass reads set to `ascent`, `descent`.

    libass sizes a font so that OS/2's usWinAscent + usWinDescent (hhea's, without OS/2) equal the style's size, and
    spaces lines by them: with both set alike, size = em * line height, exactly.
    """
    table = font["name"]
    table.names = [record for record in table.names if record.nameID not in _NAMES_THAT_CHOOSE]
    for number in (_FAMILY, _UNIQUE, _FULL, _POSTSCRIPT):
        table.setName(family, number, 3, 1, 0x409)
    table.setName("Regular", _SUBFAMILY, 3, 1, 0x409)
    reader = font.reader  # the tables as bytes: fontTools would unpack and pack again all that it has looked into
    tags = [tag for tag in list(reader.keys()) if tag not in _UNWANTED]
    file = io.BytesIO()
    writer = SFNTWriter(file, len(tags), reader.sfntVersion)
    for tag in tags:
        data = bytearray(table.compile(font) if tag == "name" else reader[tag])
        if tag == "hhea":
            struct.pack_into(">hhh", data, 4, ascent, -descent, 0)  # ascender, descender, lineGap
        elif tag == "OS/2":
            # usWinAscent, usWinDescent. The fields are unsigned, and libass reads them as signed.
            struct.pack_into(">HH", data, 74, ascent & 0xFFFF, descent & 0xFFFF)
        writer[tag] = bytes(data)
    writer.close()
    return file.getvalue()


def missing_glyphs(text: str, font_path: Path) -> list[str]:
    """The characters of `text` that the font cannot draw, each once, in order of appearance.

    Controls, line breaks, joiners and variation selectors are not drawn and not missed; spaces of every width and
    letters that the font can compose from a base and marks count as drawn. Raises FatalError for a bad font file.
    """
    return typeset(text, read_font(font_path))[1]


def typeset(text: str, font: Font) -> tuple[str, list[str]]:
    """`text` as the font can draw it, and the characters that it cannot, each once, in order.

    Line breaks of every kind become newlines, tabs four spaces, other controls go; letters are composed or decomposed
    to what the font has.
    """
    text = text.replace("\r\n", "\n")
    drawn: list[str] = []
    missing: dict[str, None] = {}
    for character in unicodedata.normalize("NFC", text):
        form = _form(character, font)
        if form is None:
            missing.setdefault(character)
        else:
            drawn.append(form)
    return "".join(drawn), list(missing)


_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_JOINERS = frozenset("\u200c\u200d\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _form(character: str, font: Font) -> str | None:
    if character in _BREAKS:
        return "\n"
    if character == "\t":
        return "    "
    category = unicodedata.category(character)
    if category == "Cc":
        return ""
    if _ignorable(character):
        # HarfBuzz shapes and fribidi orders by joiners, whether or not the font has them; the rest only ask for a
        # glyph.
        return character if character in _JOINERS or font.covers(character) else ""
    if font.covers(character):
        return character
    if category == "Zs":
        return "\u00a0" if character in "\u00a0\u2007\u202f" and font.covers("\u00a0") else " "
    if category == "Cs":
        return None
    parts = unicodedata.normalize("NFD", character)
    return parts if len(parts) > 1 and all(font.covers(part) for part in parts) else None


def _ignorable(character: str) -> bool:
    """Unicode's Default_Ignorable_Code_Point, less the unassigned."""
    code = ord(character)
    return (
        code in (0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0)
        or 0x180B <= code <= 0x180F
        or 0x200B <= code <= 0x200F
        or 0x202A <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFE00 <= code <= 0xFE0F
        or 0x1D173 <= code <= 0x1D17A
        or 0xE0000 <= code <= 0xE0FFF
    )


def describe(characters: Iterable[str]) -> str:
    """Characters for a message: 日 (U+65E5 CJK UNIFIED IDEOGRAPH-65E5), ... and how many more after the eighth."""
    listed = list(characters)
    shown = []
    for character in listed[:8]:
        name = unicodedata.name(character, "")
        visible = f"{character} " if character.isprintable() and not unicodedata.combining(character) else ""
        shown.append(f"{visible}(U+{ord(character):04X}{' ' + name if name else ''})")
    return ", ".join(shown) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")


def install(fonts: Iterable[Font], directory: Path) -> dict[str, str]:
    """Write the private copies into `directory`/fonts and return the environment that lets ffmpeg see no other font."""
    folder = directory / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    for font in fonts:
        (folder / f"{font.family}.font").write_bytes(font.data)
    config = directory / "fontconfig.xml"
    config.write_text('<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig></fontconfig>\n')
    shut = {name: value for name, value in os.environ.items() if not name.startswith(("FONTCONFIG_", "FC_"))}
    return {**shut, "FONTCONFIG_FILE": str(config), "FONTCONFIG_PATH": str(directory), "FC_LANG": "en"}
