"""Music as notes: a piece composed from the mood of a few words, for exactly as long as it is wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vbmake.providers.local.dice import Dice
from vbmake.providers.local.moods import UNSAID, Instrument, Mood, moods

BAR: Final = 4  # beats

SCALES: Final = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One note: `start` and `length` in beats, `pitch` as MIDI counts (60 is middle C), `force` from 0 to 1."""

    instrument: Instrument
    start: float
    length: float
    pitch: int
    force: float


@dataclass(frozen=True, slots=True)
class Score:
    """A piece: its notes in the order of their starts, `bpm` beats a minute, whole bars of four, and its name."""

    notes: tuple[Note, ...]
    bpm: float
    bars: int
    mood: str


def mood_of(prompt: str, dice: Dice) -> str:
    """The mood that most of the words tell; one of the mild ones when they tell none."""
    words = re.findall(r"[a-z]+", prompt.lower())
    scores = {name: sum(word in mood.words for word in words) for name, mood in moods().items()}
    best = max(scores.values())
    return next(name for name, score in scores.items() if score == best) if best else dice.one_of(UNSAID)


def compose(prompt: str, seconds: float, seed: int | None) -> Score:
    """A piece of whole bars that lasts exactly `seconds`, ends on its tonic, and is the same for the same arguments."""
    dice = Dice("music", prompt.lower().split(), seed)
    name = mood_of(prompt, dice)
    mood = moods()[name]
    bars = max(1, round(seconds * dice.between(*mood.bpm) / 60 / BAR))
    key = dice.whole(-4, 5) + 48
    chords = _chords(mood, bars, dice)
    notes = sorted(_notes(mood, chords, key, dice), key=lambda note: (note.start, note.instrument, note.pitch))
    return Score(tuple(notes), 60 * BAR * bars / seconds, bars, name)


def _chords(mood: Mood, bars: int, dice: Dice) -> list[int]:
    """The degree of each bar's chord: one progression, another in the middle, a cadence, the tonic."""
    first = dice.one_of(mood.chords)
    second = dice.one_of([chords for chords in mood.chords if chords != first])
    degrees = [(second if 8 <= bar % 16 < 12 else first)[bar % 4] for bar in range(bars)]
    if bars >= 4:
        degrees[-2] = 4 if mood.scale in ("major", "lydian") else 6
    degrees[-1] = 0
    return degrees


def _presence(bar: int, bars: int) -> int:
    """How many of the players are heard in a bar: 1 (the chords alone) to 4, growing and, at the end, thinning."""
    if bars < 4:
        return 2
    if bar >= bars - 2:
        return 2
    begin = max(1, min(4, bars // 6))
    return min(4, 2 + (bar - begin) // begin) if bar >= begin else 1


def _notes(mood: Mood, chords: Sequence[int], key: int, dice: Dice) -> Iterator[Note]:
    figures = [dice.one_of(mood.figures) for _ in range(3)]
    voices: list[int] = []
    bars = len(chords)
    for bar, degree in enumerate(chords):
        at, last, players = float(bar * BAR), bar == bars - 1, _presence(bar, bars)
        tones = [key + 12 + _step(mood.scale, degree + third) for third in (0, 2, 4)]
        voices = _led(tones, voices)
        for voice in voices:
            yield Note(mood.ground, at, BAR * 0.98, voice, 0.5 + 0.04 * players)
        root = key - 12 + _step(mood.scale, degree) % 12
        if last:
            yield Note("bass", at, BAR * 0.9, root, 0.6)
            yield Note(mood.lead, at, BAR * 0.9, voices[0] + 12, 0.55)
            continue
        figure = figures[1] if bar % 8 in (3, 6) else figures[2] if 8 <= bar % 16 < 12 else figures[0]
        yield from _lead(mood, figure, at, voices, players, dice)
        if players >= 2:
            yield from _bass(mood, at, root, players)
        if players >= 3:
            yield from _drums(mood, at, players, bar % 4 == 3, dice)


def _step(scale: str, degree: int) -> int:
    """Semitones from the tonic to a degree of the scale, over as many octaves as it takes."""
    octave, within = divmod(degree, 7)
    return 12 * octave + SCALES[scale][within]


def _led(tones: Sequence[int], before: Sequence[int]) -> list[int]:
    """A chord in the inversion whose voices move the least from the chord before, between 52 and 74."""
    best: tuple[float, list[int]] | None = None
    for turn in range(-3, 4):
        voices = sorted(tone + 12 * ((turn + index) // 3) for index, tone in enumerate(tones))
        goal = before or (57, 62, 66)
        moved = sum(abs(voice - old) for voice, old in zip(voices, goal, strict=True))
        outside = sum(max(0, 52 - voice, voice - 74) for voice in voices)
        if best is None or moved + 4 * outside < best[0]:
            best = moved + 4 * outside, voices
    assert best is not None
    return best[1]


def _lead(mood: Mood, figure: str, at: float, voices: Sequence[int], players: int, dice: Dice) -> Iterator[Note]:
    octave = 12 if mood.lead in ("keys", "pluck", "synth") else 0
    for eighth, sign in enumerate(figure):
        if sign == "." or (players == 1 and eighth % 4):
            continue
        tone = int(sign)
        pitch = voices[tone % 3] + 12 * (tone // 3) + octave
        rest = next((later for later in range(eighth + 1, 8) if figure[later] != "."), 8) - eighth
        force = (0.62 if eighth == 0 else 0.5) * dice.between(0.88, 1.05) * (0.8 + 0.06 * players)
        yield Note(mood.lead, at + eighth / 2, max(0.5, rest / 2) * 0.95, pitch, force)


def _bass(mood: Mood, at: float, root: int, players: int) -> Iterator[Note]:
    pattern = mood.bass if players >= 3 else "x......."
    for eighth, length in _beats(pattern):
        yield Note("bass", at + eighth / 2, min(length, 6) / 2 * 0.92, root, 0.72 if eighth == 0 else 0.58)


def _drums(mood: Mood, at: float, players: int, filling: bool, dice: Dice) -> Iterator[Note]:
    for eighth, _ in _beats(mood.kick):
        yield Note(mood.drum, at + eighth / 2, 0.5, 36, 0.8 if eighth == 0 else 0.66)
    if players >= 4:
        for eighth, _ in _beats(mood.snare):
            yield Note("snare", at + eighth / 2, 0.5, 38, 0.5)
        for eighth, _ in _beats(mood.hat):
            yield Note("hat", at + eighth / 2, 0.25, 42, 0.42 * dice.between(0.8, 1.1))
        if filling and mood.drum == "boom":
            yield Note("boom", at + 3.5, 0.5, 36, 0.5)


def _beats(pattern: str) -> Iterator[tuple[int, int]]:
    """Each eighth with an "x" and how many eighths there are to the next."""
    hits = [index for index, sign in enumerate(pattern) if sign == "x"]
    for index, hit in enumerate(hits):
        yield hit, (hits[index + 1] if index + 1 < len(hits) else 8) - hit
