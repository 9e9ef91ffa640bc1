"""Letters set by libass: one ffmpeg process lays out many texts and returns each as coverage masks with its layout box.

Colours never reach libass. Letters are drawn in pure red, marked letters in blue and outlines in green over black, so
one frame holds three exact coverage masks that add up to the text's alpha, and they can be coloured without fringes.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vbmake import process
from vbmake.errors import FatalError, JobError
from vbmake.render import ass, ffmpeg
from vbmake.render.fonts import Font, install

_RATE = 10  # frames a second of the document: one text a frame; divides ASS's hundredths
_MAX_SIDE = 16384  # px
_FILL, _OUTLINE, _MARK = (255, 0, 0), (0, 255, 0), (0, 0, 255)
_ALIGN = {"left": ass.TOP_LEFT, "center": ass.TOP_CENTER, "right": ass.TOP_RIGHT}

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Setting:
    """A text to set. `pieces` are (text, marked); sizes in px; `font` is a digest; `wrap` the widest line, or None."""

    pieces: tuple[tuple[str, bool], ...]
    font: str
    size: float
    align: str = "center"
    wrap: int | None = None
    spacing: float = 0.0
    outline: float = 0.0
    bold: bool = False
    italic: bool = False

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)

    def unmarked(self) -> Setting:
        return replace(self, pieces=tuple((text, False) for text, _ in self.pieces))


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text that was set.

    `masks` (h, w, 3) is the coverage (0..255) of letters, outline and marked letters, one on top of the other; its
    top-left pixel is (x, y) px from the corner of the layout box, which is `width` px wide (the widest line's
    advance) and `height` px high (lines times line height).
    """

    masks: Mask
    x: float
    y: float
    width: float
    height: float


def set_letters(settings: Sequence[Setting], fonts: Mapping[str, Font]) -> list[Lettering]:
    """Set every text (fonts by digest): one process, and another only for texts that proved larger than their estimate.

    Raises FatalError for a text beyond 16384 px, JobError when ffmpeg fails.
    """
    done: dict[Setting, Lettering] = {}
    room = 1.0
    while waiting := [setting for setting in dict.fromkeys(settings) if setting not in done]:
        done.update(_set(waiting, fonts, room))
        room *= 2
    return [done[setting] for setting in settings]


def _set(settings: list[Setting], fonts: Mapping[str, Font], room: float) -> dict[Setting, Lettering]:
    """One process over all settings; those that touched the frame's edge are left out of the answer."""
    sizes = [_estimate(setting, fonts[setting.font], room) for setting in settings]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    if max(width, height) > _MAX_SIDE:
        widest = settings[max(range(len(sizes)), key=lambda index: max(sizes[index]))]
        raise FatalError(
            f"the text {_excerpt(widest.text)} at {widest.size:g} px would need about {width} x {height} px; "
            f"at most {_MAX_SIDE} a side: make it smaller, shorter, or give it a width to wrap in"
        )
    layouts = list(dict.fromkeys(setting.unmarked() for setting in settings))
    events = [
        _event(index, layout, fonts[layout.font], width, room, measure=True) for index, layout in enumerate(layouts)
    ]
    events += [
        _event(len(layouts) + index, item, fonts[item.font], width, room, measure=False)
        for index, item in enumerate(settings)
    ]
    used = {setting.font: fonts[setting.font] for setting in settings}
    frames = _frames(ass.document(width, height, events, _RATE), list(used.values()), width, height, len(events))
    # zip asks `layouts` first, so it leaves the frames after theirs to the loop below.
    boxes = {layout: _ink_box(frame) for layout, frame in zip(layouts, frames, strict=False)}
    done: dict[Setting, Lettering] = {}
    for event, setting, frame in zip(events[len(layouts) :], settings, frames, strict=True):
        lettering = _lettering(setting, event, fonts[setting.font], frame, boxes[setting.unmarked()])
        if lettering is not None:
            done[setting] = lettering
    return done


def _estimate(setting: Setting, font: Font, room: float) -> tuple[int, int]:
    """A frame (width, height) with room for the text, from the glyphs' advances; shaping may make it a little wider."""
    each = setting.spacing + (setting.size / 16 if setting.bold else 0)

    def measure(text: str) -> float:
        return sum(font.advances.get(ord(character), 1.0) * setting.size + each for character in text)

    lines = setting.text.split("\n")
    widths = [measure(line) for line in lines]
    count, widest = len(lines), max(widths)
    if setting.wrap is not None:
        count = sum(max(1, math.ceil(width / (0.6 * setting.wrap))) for width in widths)
        widest = min(widest, max(setting.wrap, *(measure(word) for word in setting.text.split() or [""])))
    pad = _pad(setting, room)
    width = max(widest, 1) * 1.06 * room + 2 * pad
    height = count * font.line_height * setting.size * room + 2 * pad
    return math.ceil(width), math.ceil(height)


def _pad(setting: Setting, room: float) -> int:
    """Room around the layout box for what letters reach beyond it: slants, swashes, stacked accents, the outline."""
    return math.ceil((setting.size * 0.6 + setting.outline + 4) * room)


def _event(frame: int, setting: Setting, font: Font, width: int, room: float, *, measure: bool) -> ass.Event:
    style = ass.Style(
        font=font.family,
        size=setting.size * font.line_height,
        primary=ass.color(*_FILL, alpha=0 if measure else 255),
        outline_color=ass.color(*_OUTLINE),
        back=ass.color(255, 255, 255),
        bold=setting.bold,
        italic=setting.italic,
        spacing=setting.spacing,
        border=ass.BOXED if measure else ass.OUTLINED,
        outline=0.0 if measure else setting.outline,
        alignment=_ALIGN[setting.align],
        margin_right=width - setting.wrap if setting.wrap is not None else 0,
    )
    pad = _pad(setting, room)
    x = {"left": pad, "center": width // 2, "right": width - pad}[setting.align]
    return ass.Event(frame, frame + 1, style, x, pad, _body(setting), setting.wrap is not None)


def _body(setting: Setting) -> str:
    """The event's text. Every piece is a run of its own, whatever is marked, so that marking moves no letter.

    libass shapes run by run, kerns only within one, and starts one where a colour changes: so the second colour,
    which is never seen, alternates.
    """
    if len(setting.pieces) == 1 and not setting.pieces[0][1]:
        return ass.escape(setting.text)
    out = []
    for index, (text, marked) in enumerate(setting.pieces):
        out.append(ass.fill(*(_MARK if marked else _FILL)) + ass.second(0, 0, index % 2) + ass.escape(text))
    return "".join(out)


def _lettering(
    setting: Setting, event: ass.Event, font: Font, frame: Mask, box: tuple[int, int, int, int] | None
) -> Lettering | None:
    """The masks cut out of their frame, or None when the frame was too small."""
    height, width = frame.shape[:2]
    line = setting.size * font.line_height
    ink = _ink_box(frame)
    if box is None:  # nothing but spaces
        return Lettering(np.zeros((1, 1, 3), np.uint8), 0.0, 0.0, 0.0, line)
    for left, top, right, bottom in [box] if ink is None else [box, ink]:
        if left <= 0 or top <= 0 or right >= width or bottom >= height:
            return None
    advance = max(0.0, box[2] - box[0] - setting.spacing)  # the space after a line's last letter is nobody's
    lines = max(1, round((box[3] - box[1]) / line))
    # The point it hangs from is exact, the measured edges are rounded: the box is placed from the point.
    edge = {"left": 0.0, "center": (advance + setting.spacing) / 2, "right": advance + setting.spacing}[setting.align]
    if ink is None:
        ink = (0, 0, 1, 1)
    masks = frame[ink[1] : ink[3], ink[0] : ink[2]].copy()
    return Lettering(masks, ink[0] - (event.x - edge), ink[1] - event.y, advance, lines * line)


def _ink_box(frame: Mask) -> tuple[int, int, int, int] | None:
    """The smallest (left, top, right, bottom) that holds everything drawn."""
    height, width = frame.shape[:2]
    rows = np.flatnonzero(frame.reshape(height, -1).any(axis=1))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(frame[top:bottom].any(axis=0).reshape(width, 3).any(axis=1))
    return int(columns[0]), top, int(columns[-1]) + 1, bottom


def _frames(document: str, fonts: list[Font], width: int, height: int, count: int) -> Iterator[Mask]:
    """The document's frames (h, w, 3) RGB, one at a time: a whole film's captions never stand in memory at once."""
    with tempfile.TemporaryDirectory(prefix="vbmake-text-") as place:
        directory = Path(place)
        environment = install(fonts, directory)
        (directory / "text.ass").write_text(document, encoding="utf-8")
        source = f"color=c=black:s={width}x{height}:r={_RATE},format=rgb24"
        command = [
            *(ffmpeg.executable(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning"),
            *("-filter_threads", "1", "-f", "lavfi", "-i", source),
            # Names without a directory: nothing of the machine's paths is quoted into a filter.
            *("-vf", "subtitles=filename=text.ass:fontsdir=fonts:wrap_unicode=1:shaping=complex"),
            *("-frames:v", str(count), "-threads", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
        ]
        with (
            open(directory / "messages", "w+b") as messages,
            process.running(
                command, cwd=directory, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=messages
            ) as running,
        ):
            assert running.stdout is not None
            for _ in range(count):
                data = _read(running.stdout, width * height * 3)
                if data is None:
                    process.finish(running)
                    raise JobError(f"text could not be laid out: ffmpeg stopped early{_tail(messages)}")
                yield np.frombuffer(data, np.uint8).reshape(height, width, 3)
            if process.finish(running) != 0:
                raise JobError(f"text could not be laid out{_tail(messages)}")
            _check(messages)


def _read(stream: IO[bytes], size: int) -> bytes | None:
    data = stream.read(size)
    return data if len(data) == size else None


def _tail(messages: IO[bytes]) -> str:
    messages.seek(0)
    lines = messages.read().decode("utf-8", "replace").splitlines()[-6:]
    return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else ""


def _check(messages: IO[bytes]) -> None:
    """Refuse what libass drew with another font, or not at all, after every character was found in the right one."""
    messages.seek(0, os.SEEK_SET)
    for raw in messages:
        line = raw.decode("utf-8", "replace")
        if "fontselect" in line or "Error" in line:
            raise FatalError(f"a font could not be used to draw its text; libass says: {line.strip()}")


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 40 else flat[:39] + "…")
