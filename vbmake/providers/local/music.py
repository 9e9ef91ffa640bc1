"""Music without a key or a network: composed from a mood, played by vbmake's own instruments or by a soundfont."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Final

import numpy as np

from vbmake import process
from vbmake.errors import FatalError
from vbmake.providers.local.length import length_of
from vbmake.providers.local.midi import midi_file
from vbmake.providers.local.score import Score, compose
from vbmake.providers.local.synth import RATE, Stereo, perform
from vbmake.render import pcm
from vbmake.rules.environment import private_environment
from vbmake.rules.tools import find_tool
from vbmake.rules.work import Work

LONGEST: Final = 600  # seconds
PEAK: Final = 10 ** (-3 / 20)  # of every piece: room for what lies between the samples
_FAILED: Final = re.compile(
    r"not a SoundFont or MIDI file|^fluidsynth: error:|No midi file"
)  # it ends well after these
FADE_IN, FADE_OUT = 0.01, 2.0  # seconds; the end fades at most over a quarter of the piece


def play(work: Work) -> None:
    """Compose for `prompt`, `seconds` and `seed` and play it into `music` (WAV, 48 kHz, stereo, 16 bit).

    It lasts exactly `seconds`, in whole bars, and ends on its tonic: it may be looped. Raises FatalError.
    """
    score, samples = _composed(work)
    write_sound(work.outputs["music"], finished(perform(score, samples), FADE_IN, FADE_OUT))


def play_midi(work: Work) -> None:
    """The same piece by fluidsynth, with the soundfont given or the machine's. Raises FatalError or MissingTool."""
    score, samples = _composed(work)
    fonts = work.inputs.get("soundfont", ())
    font = str(fonts[0]) if fonts else find_tool("soundfont")
    score_file, raw = work.directory / "score.mid", work.directory / "played.wav"
    score_file.write_bytes(midi_file(score))
    command = [find_tool("fluidsynth"), "-n", "-i", "-q", "-r", str(RATE), "-g", "0.5", "-T", "wav", "-O", "s16"]
    told: list[str] = []
    environment = private_environment(work.directory)
    process.run([*command, "-F", str(raw), font, str(score_file)], env=environment, log=told.append, timeout=600)
    for line in told:
        work.log(line)
    wrong = [line for line in told if _FAILED.search(line)]
    sound = pcm.Wav(raw).read(0, samples) if raw.is_file() and not wrong else np.zeros((0, 2), np.float32)
    if not sound.any():
        why = wrong[0] if wrong else "nothing is heard"
        raise FatalError(f"fluidsynth could not play the music ({why}); give it a soundfont that other programs open")
    whole = np.zeros((samples, 2), np.float32)
    whole[: len(sound)] = sound
    score_file.unlink()
    raw.unlink()
    write_sound(work.outputs["music"], finished(whole, FADE_IN, FADE_OUT))


def _composed(work: Work) -> tuple[Score, int]:
    options = work.options
    seconds = length_of(options["seconds"], LONGEST, "let the film loop it (`loop: true`)")
    seed = options.get("seed")
    score = compose(str(options["prompt"]), float(seconds), None if seed is None else int(seed))
    work.log(f"{score.mood} music: {score.bars} bars at {score.bpm:.4g} beats a minute")
    return score, round(seconds * RATE)


def finished(sound: Stereo, fade_in: float, fade_out: float) -> Stereo:
    """The sound at PEAK, rising from nothing in `fade_in` seconds and back to it in at most `fade_out`."""
    peak = float(np.abs(sound).max(initial=0.0))
    level = np.full(len(sound), PEAK / peak if peak > 0 else 0.0)
    rising = max(1, min(round(fade_in * RATE), len(sound) // 4))
    falling = max(1, min(round(fade_out * RATE), len(sound) // 4))
    level[:rising] *= np.linspace(0, 1, rising)
    level[len(level) - falling :] *= np.cos(np.linspace(0, np.pi / 2, falling)) ** 2
    return np.asarray(sound * level[:, None], np.float32)


def write_sound(path: Path, sound: Stereo) -> None:
    """Write float samples (samples, 2) as a 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(np.asarray(sound, np.float64) * 32767).astype("<i2").tobytes())
