"""One piece of sound on a timeline: a decoded source that is placed, looped, faded and added to blocks of PCM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbmake.render import ffmpeg, media, pcm

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of a source is heard: seconds [start, end) of it, at `speed` (pitch kept)."""

    source: Path
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    speed: Fraction = Fraction(1)


# A seek lands on a packet and a decoder needs some packets to settle: it aims this far ahead (s), where that pays.
_PREROLL = 10
_WORTH_SEEKING = 30


def decode(cut: Cut, target: Path, *, rate: int, channels: int, log: Callable[[str], None]) -> pcm.Wav:
    """Decode to a float WAV: mono when `channels` is 1, else as the source is, mono or mixed down to stereo.

    Trims are exact to the sample at `rate`; a track that starts later than its file begins with silence. Where the
    source has ended before `start`, there are no samples in it. Raises JobError when the source cannot be decoded.
    """
    skip = int(cut.start) - _PREROLL if cut.start >= _WORTH_SEEKING else 0
    first = round((cut.start - skip) * rate)
    last = f":end_sample={round((cut.end - skip) * rate)}" if cut.end is not None else ""
    # rematrix_maxval: mixing down never clips nor depends on the sample format. async: gaps in a recording stay silent.
    layouts = "mono" if channels == 1 else "mono|stereo"
    chain = [
        f"aresample={rate}:rematrix_maxval=1.0:async=1:first_pts=0",
        f"aformat=sample_fmts=flt:channel_layouts={layouts}",
        f"atrim=start_sample={first}{last}",
        "asetpts=N/SR/TB",
        *(f"atempo={factor:.9f}" for factor in _tempos(cut.speed)),
    ]
    seek = ["-ss", str(skip)] if skip > 0 else []
    args = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-af", ",".join(chain), *pcm.FLOAT_WAV, f"file:{target}"]
    ffmpeg.run([*ffmpeg.input_args(cut.source, before=seek), *args], log=log)
    return pcm.Wav(target)


def has_sound(source: Path) -> bool:
    """Whether a media file has a sound track. Raises FatalError when it is missing, empty, damaged or no media."""
    with media.open_media(source) as container:
        return bool(container.streams.audio)


def _tempos(speed: Fraction) -> list[float]:
    """The factors of a tempo change: atempo goes down to 0.5, and above 2 it drops samples instead of blending."""
    factors: list[float] = []
    left = float(speed)
    while not 0.5 <= left <= 2.0:
        step = 2.0 if left > 2.0 else 0.5
        factors.append(step)
        left /= step
    return [*factors, left] if left != 1.0 else factors


def linear(progress: Floats) -> Floats:
    """A fade from or to silence."""
    return progress


def equal_power(progress: Floats) -> Floats:
    """A crossfade of unrelated sounds: the powers of both sides add up to one, so the middle is no quieter."""
    curve: Floats = np.sin(progress * np.float32(np.pi / 2))
    return curve


@dataclass(frozen=True)
class Track:
    """A sound from sample `at` of the timeline for `samples` samples; `wav` is repeated to fill them when `loop`.

    The fades lie at both ends of that span. `gain` is linear. `reverse` reads the sound from its end.
    """

    wav: pcm.Wav
    at: int
    samples: int
    gain: float = 1.0
    fade_in: int = 0
    fade_out: int = 0
    loop: bool = False
    reverse: bool = False
    curve: Callable[[Floats], Floats] = linear

    @property
    def end(self) -> int:
        return self.at + self.samples

    def add(self, block: Floats, start: int, envelope: Floats | None = None) -> None:
        """Add what sounds in [start, start + len(block)) to `block`, float32 (samples, channels).

        `envelope` is a gain for each sample of the block.
        """
        begin, end = max(start, self.at), min(start + len(block), self.end)
        if begin >= end:
            return
        heard = self._read(begin - self.at, end - begin)
        heard *= np.float32(self.gain)
        self._fade(heard, begin - self.at)
        inside = slice(begin - start, end - start)
        if envelope is not None:
            heard *= envelope[inside, None]
        if heard.shape[1] > block.shape[1]:
            heard = heard.mean(axis=1, keepdims=True, dtype=np.float32)
        block[inside] += heard  # mono goes to every channel

    def _read(self, position: int, count: int) -> Floats:
        pieces: list[Floats] = []
        while count > 0:
            place = position % self.wav.samples
            length = min(count, self.wav.samples - place)
            if self.reverse:
                pieces.append(self.wav.read(self.wav.samples - place - length, length)[::-1])
            else:
                pieces.append(self.wav.read(place, length))
            position += length
            count -= length
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _fade(self, heard: Floats, position: int) -> None:
        rest = self.samples - position  # samples from the block's first one to the end of the track
        if position < self.fade_in:
            count = min(len(heard), self.fade_in - position)
            rise = np.arange(position, position + count, dtype=np.float32) / np.float32(self.fade_in)
            heard[:count] *= self.curve(rise)[:, None]
        if rest - len(heard) < self.fade_out:
            count = min(len(heard), self.fade_out - (rest - len(heard)))
            left = rest - len(heard) + count
            fall = np.arange(left, left - count, -1, dtype=np.float32) / np.float32(self.fade_out)
            heard[-count:] *= self.curve(fall)[:, None]


def place(
    wav: pcm.Wav,
    at: int,
    end: int,
    *,
    gain: float = 0.0,
    fade_in: int = 0,
    fade_out: int = 0,
    loop: bool = False,
    reverse: bool = False,
    curve: Callable[[Floats], Floats] = linear,
) -> Track:
    """A track from `at` until `end`, or until the sound has ended; `gain` in dB. Fades never exceed the track."""
    samples = max(0, end - at if loop and wav.samples else min(end - at, wav.samples))
    return Track(
        wav=wav,
        at=at,
        samples=samples,
        gain=float(10 ** (gain / 20)),
        fade_in=min(fade_in, samples),
        fade_out=min(fade_out, samples),
        loop=loop,
        reverse=reverse,
        curve=curve,
    )


def by_block(tracks: Sequence[Track], size: int, samples: int) -> list[list[Track]]:
    """The tracks that sound in each block of `size` samples of a timeline of `samples`."""
    blocks: list[list[Track]] = [[] for _ in range(-(-samples // size))]
    for track in tracks:
        if track.samples > 0 and track.end > 0:
            for block in blocks[max(0, track.at) // size : -(-track.end // size)]:
                block.append(track)
    return blocks
