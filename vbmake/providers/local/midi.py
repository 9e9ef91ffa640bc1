"""A score as a Standard MIDI File (format 0), which any synthesiser and any notation program reads."""

from __future__ import annotations

import struct
from typing import Final

from vbmake.providers.local.moods import Instrument
from vbmake.providers.local.score import Score

TICKS: Final = 480  # in a beat

# Channel and General MIDI programme (both from 0) of each player; drums are channel 9, by pitch.
_CHANNELS: Final[dict[Instrument, tuple[int, int]]] = {
    **{"pad": (0, 89), "strings": (1, 48), "keys": (2, 0), "pluck": (3, 46), "synth": (4, 81), "bass": (5, 33)},
}
_DRUMS: Final[dict[Instrument, int]] = {"kick": 36, "snare": 38, "hat": 42, "boom": 41}
_VOLUMES: Final[dict[Instrument, int]] = {"pad": 80, "strings": 84, "synth": 72, "bass": 100}


def midi_file(score: Score) -> bytes:
    """The bytes of the file. Its last event is the end of the last bar."""
    events: list[tuple[int, int, bytes]] = []  # tick, order within it, message
    tempo = round(60_000_000 / score.bpm)
    events.append((0, 0, b"\xff\x51\x03" + min(tempo, 0xFFFFFF).to_bytes(3, "big")))
    for name, (channel, program) in _CHANNELS.items():
        volume = bytes([0xB0 | channel, 7, _VOLUMES.get(name, 100)])
        events += [(0, 1, bytes([0xC0 | channel, program])), (0, 1, volume)]
    for note in score.notes:
        channel, pitch = (9, _DRUMS[note.instrument]) if note.instrument in _DRUMS else (0, note.pitch)
        if note.instrument in _CHANNELS:
            channel = _CHANNELS[note.instrument][0]
        start = round(note.start * TICKS)
        end = max(start + 1, round((note.start + note.length) * TICKS))
        force = max(1, min(127, round(note.force * 127)))
        events += [(start, 3, bytes([0x90 | channel, pitch, force])), (end, 2, bytes([0x80 | channel, pitch, 0]))]
    last = max(score.bars * 4 * TICKS, max(tick for tick, _, _ in events))
    track, at = b"", 0
    for tick, _, message in sorted(events):
        track += _length(tick - at) + message
        at = tick
    track += _length(last - at) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS) + b"MTrk" + struct.pack(">I", len(track)) + track


def _length(ticks: int) -> bytes:
    """A variable-length quantity: seven bits a byte, the high bit set on all but the last."""
    found = [ticks & 0x7F]
    while ticks := ticks >> 7:
        found.append(0x80 | (ticks & 0x7F))
    return bytes(reversed(found))
