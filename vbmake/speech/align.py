"""Word times of any recording whose words are known: the local voice says them too, and the two are warped together."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from vbmake.errors import FatalError, JobError, MissingTool
from vbmake.render import ffmpeg, pcm
from vbmake.rules.work import Work
from vbmake.speech import local
from vbmake.speech.words import Word, place_words

RATE: Final = 48000  # of the times that are returned
HEARD: Final = 16000  # samples a second that are compared: speech has little above 8 kHz
HOP, WINDOW = 160, 400  # samples of HEARD: a frame each 10 ms, of 25 ms
BANDS, CEPSTRA = 26, 13  # mel bands and coefficients, as speech recognisers long used them
FRAMES: Final = 8000  # of a recording that are compared: beyond 80 s, frames are put together
FADE: Final = 0.2  # each coefficient counts e^-FADE times the one before: the higher, the more it tells of the speaker
STEP: Final = 0.15  # what a frame that is skipped on one side costs; a mean difference is about 1.4
STRETCH: Final = 4.0  # a recording this much slower or faster than the local voice is of other words
PAUSE: Final = 5  # frames of a pause that are compared
ALIKE: Final = 0.58  # part of the mean square distance that may be left along the path: right 0.45, wrong 0.55 up

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

# Where the code of a voice is not that of its language.
_VOICES: Final = {
    **{"en": "en-us", "en-au": "en-gb", "en-nz": "en-gb", "en-ie": "en-gb", "en-ca": "en-us", "en-in": "en-gb"},
    **{"fr": "fr-fr", "fr-ca": "fr-fr", "es-mx": "es-419", "es-ar": "es-419", "es-co": "es-419", "es-us": "es-419"},
    **{"zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue", "no": "nb", "nn": "nb", "fil": "tl", "iw": "he"},
    **{"sr-latn": "sr", "mo": "ro", "in": "id"},
}


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of a text in a recording, as samples of 48 kHz, and how they were found.

    "aligned": with the local voice. "spread": by their number of letters over what is voiced; `note` says why.
    """

    words: list[Word]
    method: Literal["aligned", "spread"]
    note: str = ""


def align(recording: Path, text: str, language: str) -> Alignment:
    """When each word of `text` (split on white space) sounds in `recording`, a file of sound of any rate.

    `language` is a tag such as "en" or "pt-BR". Exactly the written words come back, in order, none overlapping, each
    with start < end and inside the recording. Raises FatalError when the recording cannot be read or is too short.
    """
    written = text.split()
    with tempfile.TemporaryDirectory(prefix="vbmake-", ignore_cleanup_errors=True) as scratch:
        directory = Path(scratch)
        sound = _heard(recording, directory)
        samples = len(sound) * RATE // HEARD
        if samples < len(written):
            raise FatalError(f"{recording.name} is too short for its {len(written)} words")
        if not written:
            return Alignment([], "aligned")
        voiced = _voiced(sound)
        if not voiced.any():
            return Alignment(place_words(text, [], samples), "spread", "nothing is heard in the recording")
        try:
            starts = _warped_starts(sound, voiced, text, language, directory)
        except (MissingTool, _Unlike) as why:
            return Alignment(_spread(text, voiced, samples), "spread", str(why))
    return Alignment(_placed(text, starts, voiced, samples), "aligned")


class _Unlike(Exception):
    """Why the local voice is no help with a recording."""


def voice_for(language: str, known: Sequence[str]) -> str | None:
    """The code of the local voice that speaks a language ("pt-BR" -> "pt-br", "en" -> "en-us"), if there is one."""
    tag = language.strip().lower().replace("_", "-")
    base = tag.partition("-")[0]
    for code in (_VOICES.get(tag), tag, _VOICES.get(base), base):
        if code and code in known:
            return code
    return None


@cache
def _known_voices() -> tuple[str, ...]:
    return tuple(local.voices())


def _heard(path: Path, directory: Path) -> Floats:
    """A recording as one channel at HEARD."""
    copy = directory / "heard.wav"
    form = ("-map", "0:a:0", "-ac", "1", "-ar", str(HEARD), *pcm.FLOAT_WAV)
    try:
        ffmpeg.run([*ffmpeg.input_args(path), *form, f"file:{copy}"])
    except MissingTool:
        raise
    except JobError as error:
        raise FatalError(f"{path.name} has no sound that can be read: {error}") from None
    sound = pcm.Wav(copy).read_all()[:, 0].astype(np.float64)
    copy.unlink()
    return sound


def _voiced(sound: Floats) -> Flags:
    """Which frames are no silence: those within 35 dB of the loud ones, or where there is noise, well above it."""
    frames = max(1, -(-len(sound) // HOP))
    padded = np.zeros(frames * HOP)
    padded[: len(sound)] = sound
    power = np.square(padded.reshape(frames, HOP)).mean(axis=1)
    quiet, loud = (float(level) for level in np.quantile(power, (0.05, 0.95)))
    found: Flags = power > max(loud * 10**-3.5, min(quiet * 4, loud * 10**-2), 1e-10)
    return found


def _warped_starts(sound: Floats, voiced: Flags, text: str, language: str, directory: Path) -> list[int]:
    """The frame of the recording in which each word begins. Raises _Unlike or MissingTool."""
    voice = voice_for(language, _known_voices())
    if voice is None:
        raise _Unlike(f"the local voice does not speak {language!r}")
    out = directory / "said.wav"
    told = local.speak(Work({"text": text, "voice": voice}, {}, {"speech": out}, directory))
    words = (told or {})["speech"]["words"]
    said = _heard(out, directory)
    own_voiced = _voiced(said)
    if not own_voiced.any():
        raise _Unlike("the local voice says nothing for these words")
    kept, own_kept = _without_pauses(voiced), _without_pauses(own_voiced)
    stretch = len(kept) / max(1, len(own_kept))
    if not 1 / STRETCH <= stretch <= STRETCH:
        raise _Unlike(f"the recording is {stretch:.2g} times as long as these words are")
    if min(len(kept), len(own_kept)) < 10:
        raise _Unlike("the recording is too short to be compared")
    joined = -(-max(len(kept), len(own_kept)) // FRAMES)
    recorded = _normal(features(sound)[kept], joined)
    own = _normal(features(said)[own_kept], joined)
    path = warp(own, recorded)
    _believe(own, recorded, path)
    ratio = Fraction(HEARD, local.RATE * HOP)
    starts = []
    for word in words:
        frame = int(np.searchsorted(own_kept, round(word["start"] * ratio))) // joined
        at = int(path[min(frame, len(path) - 1)]) * joined
        starts.append(int(kept[min(at, len(kept) - 1)]))
    return starts


def _without_pauses(voiced: Flags) -> Frames:
    """The frames from the first to the last that is voiced, with PAUSE frames of each pause: nobody pauses alike."""
    sounding = np.flatnonzero(voiced)
    since = np.arange(len(voiced)) - np.maximum.accumulate(np.where(voiced, np.arange(len(voiced)), -1))
    since[: sounding[0]] = since[sounding[-1] + 1 :] = PAUSE + 1
    kept: Frames = np.flatnonzero(since <= PAUSE)
    return kept


def _believe(own: Floats, other: Floats, path: Frames) -> None:
    """Raise _Unlike when the two are hardly more alike along the path than anywhere."""
    along = float(np.square(own - other[path]).sum(axis=1).mean())
    anywhere = float(np.square(own).sum(axis=1).mean() + np.square(other).sum(axis=1).mean())  # both have mean 0
    if along > ALIKE * anywhere:
        raise _Unlike("what is heard does not sound like these words")


def features(sound: Floats) -> Floats:
    """Mel-frequency cepstra of each HOP: (frames, CEPSTRA), as many frames as `_voiced` tells apart."""
    frames = max(1, -(-len(sound) // HOP))
    before = (WINDOW - HOP) // 2
    padded = np.zeros(frames * HOP + WINDOW)
    padded[before : before + len(sound)] = sound
    padded[1:] -= 0.97 * padded[:-1].copy()  # consonants are as important as vowels, and much weaker
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames] * np.hamming(WINDOW)
    power = np.square(np.abs(np.fft.rfft(cut, 512)))
    mel = np.log(np.maximum(power @ _mel_bands().T, 1e-10))
    return np.asarray(mel @ _cosines().T)


def _normal(cepstra: Floats, joined: int) -> Floats:
    """The means of `joined` frames, each coefficient with mean 0 and the variance that it shall count with."""
    if joined > 1:
        starts = np.arange(0, len(cepstra), joined)
        cepstra = np.add.reduceat(cepstra, starts) / np.diff([*starts, len(cepstra)])[:, None]
    spread = cepstra.std(axis=0)
    weights = np.exp(-FADE * np.arange(CEPSTRA))
    weights *= math.sqrt(CEPSTRA / np.square(weights).sum())
    return np.asarray((cepstra - cepstra.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0) * weights)


@cache
def _mel_bands() -> Floats:
    """Triangular filters equally wide in mels, 50 Hz to 7.6 kHz: (BANDS, 257)."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (50.0, 7600.0))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    pitches = np.arange(257) * HEARD / 512
    rise = (pitches - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - pitches) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rise, fall)))


@cache
def _cosines() -> Floats:
    """The discrete cosine transform (II) of BANDS values, its first CEPSTRA: (CEPSTRA, BANDS)."""
    return np.asarray(np.cos(np.pi / BANDS * np.outer(np.arange(CEPSTRA), np.arange(BANDS) + 0.5)))


def warp(own: Floats, other: Floats) -> Frames:
    """For each frame of `own` the frame of `other` that it sounds like, never going back: dynamic time warping.

    Both begin and end together. A row of costs is found at once: a run along it is a sum of distances, so the best
    place to have begun it is a running minimum.
    """
    own32, other32 = own.astype(np.float32), other.astype(np.float32)
    norms = np.square(other32).sum(axis=1)
    steps = np.zeros((len(own), len(other)), np.uint8)  # 0: both go on, 1: own goes on, 2: other goes on
    before: Floats = np.empty(0)
    penalty = STEP
    for row, frame in enumerate(own32):
        square = np.maximum(norms + np.float32(np.square(frame).sum()) - 2 * (other32 @ frame), 0)
        distance = np.sqrt(square, dtype=np.float64) / math.sqrt(CEPSTRA)
        run = np.cumsum(distance + penalty)
        if row == 0:
            steps[0, 1:] = 2
            before = run - penalty
            continue
        arrive = before + penalty
        straight = before[:-1] <= arrive[1:]
        arrive[1:] = np.where(straight, before[:-1], arrive[1:])
        steps[row, 0] = 1
        steps[row, 1:] = np.where(straight, 0, 1)
        arrive += distance
        best = np.minimum.accumulate(arrive - run)
        costs = best + run
        steps[row][costs < arrive - 1e-9] = 2
        before = costs
    return _followed(steps)


def _followed(steps: npt.NDArray[np.uint8]) -> Frames:
    """The last column that the path passes through in each row."""
    rows, columns = steps.shape
    last: Frames = np.zeros(rows, np.intp)
    row, column = rows - 1, columns - 1
    last[row] = column
    while True:
        step = steps[row, column]
        if step == 2 and column:
            column -= 1
            continue
        if row == 0:
            break
        row -= 1
        column -= int(step == 0 and column > 0)
        last[row] = column
    return last


def _placed(text: str, starts: Sequence[int], voiced: Flags, samples: int) -> list[Word]:
    """Words that begin in those frames, or where the voice sets in after them."""
    sounding = np.flatnonzero(voiced)
    frame = RATE * HOP // HEARD
    events = []
    for index, (match, start) in enumerate(zip(re.finditer(r"\S+", text), starts, strict=True)):
        after = starts[index + 1] if index + 1 < len(starts) else len(voiced)
        at = np.searchsorted(sounding, start)
        set_in = int(sounding[at]) if at < len(sounding) else start
        events.append((match.start(), (set_in if set_in < after else start) * frame))

    def spoken_end(start: int, limit: int) -> int:
        blocks = np.flatnonzero(voiced[start // frame : -(-limit // frame)])
        return min(limit, (start // frame + int(blocks[-1]) + 1) * frame) if len(blocks) else limit

    return place_words(text, events, samples, spoken_end)


def _spread(text: str, voiced: Flags, samples: int) -> list[Word]:
    """Words spread over the voiced frames by how much there is to say: a digit is about four letters."""
    sounding = np.flatnonzero(voiced)
    weights = [1 + sum(4 if sign.isdigit() else sign.isalnum() for sign in word) for word in text.split()]
    before = np.concatenate([[0], np.cumsum(weights)[:-1]]) * len(sounding) // sum(weights)
    return _placed(text, [int(frame) for frame in sounding[before]], voiced, samples)
