"""The local voice: espeak-ng in a process of its own, at 48 kHz and at one level, with the time of every word."""

from __future__ import annotations

import difflib
import functools
import json
import sys
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbmake import process
from vbmake.errors import FatalError, JobError, MissingTool
from vbmake.render import ffmpeg, loudness, pcm
from vbmake.rules.work import Measures, Work
from vbmake.speech.words import place_words

RATE = 48000
LEVEL = -20.0  # LUFS of every voice, as heard from two channels
CEILING = 10 ** (-1.5 / 20)  # no sample above -1.5 dBFS, even when that leaves a voice below the level
SPEEDS = (80, 450)
PITCHES = (0, 99)

_BLOCK = RATE // 100  # the grain in which voice and silence are told apart: 10 ms
_QUIET = 10 ** (-50 / 20)  # a block this far below the loudest is silence
_LEAD, _TAIL = RATE // 100, RATE // 20  # silence that is left: 10 ms before the voice, 50 ms after it
_EMPTY = RATE // 10  # what an empty text lasts
_HINT = "pip install espeakng-loader brings it"

Floats = npt.NDArray[np.float32]


def voices() -> list[str]:
    """Codes of every local voice, sorted: "de", "en-us", "fr-fr" ... Raises MissingTool or JobError."""
    return list(_all()[0])


def refusal(voice: str) -> str:
    """Why a voice cannot be had, with the nearest that can; "" when it can. Raises MissingTool or JobError."""
    known, variants = _all()
    base, plus, variant = voice.partition("+")
    if base in known and (not plus or variant in variants):
        return ""
    return _unknown_voice(voice, list(known), list(variants))


@functools.cache
def _all() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of every voice, and the variants that each may have."""
    answer = _ask({})
    return tuple(map(str, answer["voices"])), tuple(map(str, answer["variants"]))


def identity() -> str:
    """Who the speaker is, for action keys: the release of the wheel that carries espeak-ng. Raises MissingTool."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"espeakng-loader {version('espeakng-loader')}"
    except PackageNotFoundError:
        raise MissingTool("espeak-ng", _HINT) from None


def speak(work: Work) -> Measures:
    """Say `options.text`; makes `speech` (WAV, mono, 48 kHz, 16 bit) and measures its samples and words.

    Raises FatalError for a voice that does not exist (naming the nearest) or a speed or pitch out of range.
    """
    options = work.options
    text = str(options["text"])
    raw = work.directory / "espeak.wav"
    said = _say(
        _speakable(text),
        voice=str(options.get("voice") or "en-us"),
        speed=_within("speed", options.get("speed", 165), SPEEDS, "words a minute"),
        pitch=_within("pitch", options.get("pitch", 50), PITCHES, "of 99"),
        wav=raw,
        log=work.log,
    )
    voice = levelled(raw, work.directory)
    loud = _voiced(voice)
    first, end = _bounds(loud, len(voice))
    voice = voice[first:end]
    if not len(voice):
        voice = np.zeros(max(_EMPTY, len(text)), np.float32)

    def spoken_end(start: int, limit: int) -> int:
        blocks = np.flatnonzero(loud[(start + first) // _BLOCK : -(-(limit + first) // _BLOCK)])
        return min(limit, ((start + first) // _BLOCK + int(blocks[-1]) + 1) * _BLOCK - first) if len(blocks) else limit

    ratio = Fraction(RATE, int(said["rate"]))
    events = [(int(position), max(0, round(int(sample) * ratio) - first)) for position, sample in said["words"]]
    words = place_words(text, events, len(voice), spoken_end)
    pcm.write_s16(work.outputs["speech"], voice, RATE)
    raw.unlink()
    return {"speech": {"samples": len(voice), "rate": RATE, "words": [word.measure() for word in words]}}


def _speakable(text: str) -> str:
    """The text with what no speaker can read (control characters, halves of surrogate pairs) as spaces, as long."""
    return "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in text)


def _within(name: str, value: Any, bounds: tuple[int, int], unit: str) -> int:
    low, high = bounds
    number = round(value) if isinstance(value, int | float) else None
    if number is None or not low <= number <= high:
        raise FatalError(f"{name} is {value!r}; the local voice takes {low} to {high} {unit}")
    return number


def _say(text: str, *, voice: str, speed: int, pitch: int, wav: Path, log: Callable[[str], None]) -> dict[str, Any]:
    request = {"text": text, "voice": voice, "speed": speed, "pitch": pitch, "wav": str(wav.absolute())}
    answer = _ask(request, log)
    if "unknown" in answer:
        raise FatalError(_unknown_voice(voice, answer["voices"], answer["variants"]))
    return answer


def _ask(request: dict[str, Any], log: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Run the speaker's process. -I keeps the user's own files and settings out of it."""
    try:
        import espeakng_loader

        where = {"library": espeakng_loader.get_library_path(), "data": espeakng_loader.get_data_path()}
    except (ImportError, RuntimeError):
        raise MissingTool("espeak-ng", _HINT) from None
    program = Path(__file__).with_name("espeak.py")
    sent = json.dumps({**where, **request}).encode()
    answer: dict[str, Any] = json.loads(
        process.run([sys.executable, "-I", "-B", str(program)], stdin=sent, log=log, timeout=600)
    )
    if "error" in answer:
        raise JobError(f"the local voice failed: {answer['error']}")
    return answer


def _unknown_voice(voice: str, known: list[str], variants: list[str]) -> str:
    base, plus, variant = voice.partition("+")
    if plus and base in known and variant not in variants:
        close = difflib.get_close_matches(variant, variants, 5, 0.4)
        near = [f"{base}+{name}" for name in dict.fromkeys([*close, "f3", "m3"])]
    else:
        language = base.lower().replace("_", "-").split("-")[0]
        kin = [code for code in known if code.split("-")[0] == language]
        near = list(dict.fromkeys(difflib.get_close_matches(base.lower(), known, 5, 0.4) + kin))[:8] or ["en-us"]
    return (
        f"the local voice has no voice {voice!r}; the nearest are {', '.join(near)} "
        f"({len(known)} languages; a variant such as +f3 or +m3 may follow the code)"
    )


def levelled(raw: Path, directory: Path) -> Floats:
    """The voice of a recording: mono samples at 48 kHz and at LEVEL. Raises JobError when it cannot be decoded."""
    wide = directory / "voice.wav"
    report: list[str] = []
    meter = "[meter]ebur128=framelog=quiet:dualmono=true,anullsink"
    graph = f"[0:a]aresample={RATE},aformat=channel_layouts=mono,asplit[voice][meter];{meter}"
    ffmpeg.run(
        [*ffmpeg.input_args(raw), "-filter_complex", graph, "-map", "[voice]", *pcm.FLOAT_WAV, f"file:{wide}"],
        log=report.append,
        level="info",
    )
    voice = pcm.Wav(wide).read_all()[:, 0]
    wide.unlink()
    level = loudness.parse(report).lufs
    if level is None:  # too short for a gated measure
        power = _power(voice)
        heard = power[power > power.max(initial=0.0) * _QUIET**2]
        level = 10 * float(np.log10(heard.mean())) if len(heard) else None
    if level is None:
        return voice
    gain = min(10 ** ((LEVEL - level) / 20), CEILING / float(np.abs(voice).max()))
    return voice * np.float32(gain)


def _power(voice: Floats) -> npt.NDArray[np.float64]:
    """Mean square of each 10 ms; the last block is filled up with silence."""
    padded = np.zeros(-(-len(voice) // _BLOCK) * _BLOCK)
    padded[: len(voice)] = voice
    power: npt.NDArray[np.float64] = np.square(padded.reshape(-1, _BLOCK)).mean(axis=1)
    return power


def _voiced(voice: Floats) -> npt.NDArray[np.bool_]:
    power = _power(voice)
    voiced: npt.NDArray[np.bool_] = power > max(power.max(initial=0.0) * _QUIET**2, 1e-12)
    return voiced


def _bounds(loud: npt.NDArray[np.bool_], samples: int) -> tuple[int, int]:
    """Where the voice begins and ends, with the little silence that is left around it."""
    blocks = np.flatnonzero(loud)
    if not len(blocks):
        return 0, 0
    return max(0, int(blocks[0]) * _BLOCK - _LEAD), min(samples, (int(blocks[-1]) + 1) * _BLOCK + _TAIL)
