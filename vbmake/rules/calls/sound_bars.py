"""Sounds as rounded bars: their loudness over time in a picture, or their pitches of the moment in a clip."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from vbmake.errors import FatalError, JobError
from vbmake.render import ffmpeg
from vbmake.render.opencv import cv2
from vbmake.rules.work import Work

RATE: Final = 16000  # samples a second that bars are measured on: more than enough for a picture
WINDOW: Final = 2048  # samples of a spectrum: 128 ms
LOWEST, HIGHEST = 50.0, 7000.0  # Hz at the two ends of a spectrum
RANGE: Final = 54.0  # dB between the loudest pitch, which fills the height, and one that is not seen
FALL: Final = 0.3  # seconds in which a bar falls from the top, however suddenly its pitch ends

Floats = NDArray[np.float64]


class Bars:
    """A row of upright bars with round ends around a middle line, drawn without jagged edges.

    `options` hold size ("WxH"), bar and gap (px), color and color_end ("#rrggbbaa").
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.width, self.height = (int(side) for side in options["size"].split("x"))
        self.bar = min(options["bar"], self.width)
        pitch = self.bar + options["gap"]
        self.count = (self.width + options["gap"]) // pitch
        left = (self.width - (self.count * pitch - options["gap"])) // 2
        self._columns = left + np.arange(self.count)[:, None] * pitch + np.arange(self.bar)
        first, last = _color(options["color"]), _color(options["color_end"] or options["color"])
        ink = first + (last - first) * np.linspace(0, 1, self.width)[:, None]
        self._ink = np.broadcast_to(np.rint(ink[:, :3]).astype(np.uint8), (self.height, self.width, 3))
        self._opacity = ink[:, 3]

    def draw(self, levels: Floats) -> NDArray[np.uint8]:
        """The picture of `count` levels from 0 to 1: (height, width, 4), RGBA with straight alpha."""
        radius = self.bar / 2
        tall = np.maximum(levels * self.height, min(self.bar, self.height)) / 2
        across = np.abs(np.arange(self.bar) + 0.5 - radius)
        down = np.abs(np.arange(self.height) + 0.5 - self.height / 2)
        # The distance to the bar's outline says how much of a pixel the bar covers.
        beyond = np.maximum(down[None, :] - np.maximum(tall - radius, 0)[:, None], 0)
        covered = np.clip(radius + 0.5 - np.hypot(beyond[:, :, None], across[None, None, :]), 0, 1)
        columns = self._columns.ravel()
        alpha = covered.transpose(1, 0, 2).reshape(self.height, -1) * self._opacity[columns]
        picture = np.zeros((self.height, self.width, 4), np.uint8)
        picture[:, columns, 3] = np.rint(alpha)
        np.copyto(picture[:, :, :3], self._ink, where=picture[:, :, 3:] > 0)
        return picture


def _color(color: str) -> Floats:
    return np.array([int(color[at : at + 2], 16) for at in (1, 3, 5, 7)], dtype=np.float64)


def draw_waveform(work: Work) -> None:
    """The loudness over time, the loudest stretch as tall as the picture. Raises JobError, FatalError."""
    bars = Bars(work.options)
    picture = bars.draw(_loudness(_samples(work), bars.count))
    written, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not written:
        raise JobError("waveform: the picture could not be written as PNG")
    work.outputs["image"].write_bytes(data.tobytes())


def film_spectrum(work: Work) -> None:
    """The pitches picture by picture, over nothing, as long as the sound. Raises JobError, FatalError.

    The clip is QuickTime Animation: without loss, transparent, and the same bytes from the same sound.
    """
    bars = Bars(work.options)
    rate = work.options["rate"]
    levels = _spectra(_samples(work), bars.count, rate)
    options = {"fflags": "+bitexact"}
    with av.open(str(work.outputs["video"]), "w", format="mov", container_options=options) as container:
        stream = container.add_stream("qtrle", rate=rate)
        stream.width, stream.height, stream.pix_fmt = bars.width, bars.height, "argb"
        stream.codec_context.thread_count = 1
        for number, row in enumerate(levels):
            picture = np.ascontiguousarray(bars.draw(row)[:, :, [3, 0, 1, 2]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="argb")))
            work.progress(number + 1, len(levels))
        container.mux(stream.encode(None))


def _samples(work: Work) -> Floats:
    """The sound as one channel at `RATE`, -1 to 1."""
    sound = work.inputs["sound"][0]
    wanted = ("-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1")
    try:
        raw = ffmpeg.run([*ffmpeg.input_args(sound), *wanted], log=work.log)
    except JobError as error:
        raise FatalError(f"{sound.name} has no sound that can be read: {error}") from None
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2")
    if not len(samples):
        raise FatalError(f"{sound.name} holds no sound: there is nothing to draw")
    return samples / 32768.0


def _loudness(samples: Floats, count: int) -> Floats:
    """The root mean square of `count` equal stretches, the loudest 1; compressed a little, as ears do."""
    edges = np.linspace(0, len(samples), count + 1).astype(np.int64)
    pieces = (samples[first : max(last, first + 1)] for first, last in itertools.pairwise(edges))
    levels = np.array([np.sqrt(np.mean(piece * piece)) if len(piece) else 0.0 for piece in pieces])
    top = levels.max()
    return (levels / top) ** 0.7 if top else levels


def _spectra(samples: Floats, count: int, rate: int) -> Floats:
    """(pictures, count) levels from 0 to 1 of bands that are equally wide to the ear, around each picture's middle.

    A band is as loud as its loudest pitch; one that is narrower than the spectrum is fine lies between its neighbours.
    """
    pictures = max(1, round(len(samples) * rate / RATE))
    edges = np.geomspace(LOWEST, HIGHEST, count + 1)
    pitches = np.sqrt(edges[:-1] * edges[1:])
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    firsts = np.searchsorted(bins, edges)
    shape = np.hanning(WINDOW)
    padded = np.pad(samples, (WINDOW // 2, WINDOW))
    found = np.empty((pictures, count))
    for number in range(pictures):
        start = round((number + 0.5) * RATE / rate)
        strengths = np.abs(np.fft.rfft(padded[start : start + WINDOW] * shape))
        within = np.maximum.reduceat(strengths, firsts)[:-1]
        between = np.interp(pitches, bins, strengths)
        found[number] = np.where(firsts[1:] > firsts[:-1], within, between)
    # High pitches carry less energy: 3 dB an octave lifts them to where ears put them.
    found *= np.sqrt(pitches / LOWEST)
    top = found.max()
    if not top:
        return np.zeros_like(found)
    levels: Floats = np.clip(1 + 20 * np.log10(np.maximum(found / top, 1e-9)) / RANGE, 0, 1)
    fall = 1 / (FALL * rate)
    for number in range(1, pictures):
        levels[number] = np.maximum(levels[number], levels[number - 1] - fall)
    return levels
