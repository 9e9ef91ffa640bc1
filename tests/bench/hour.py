"""The mix of a film of one hour: 1,200 voices of 3 s over looped, ducked music, to a loudness. Speed and memory.

The mix runs in a process of its own; its peak resident set is counted with that of the ffmpeg processes it starts.

    python -m tests.bench.hour [minutes]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vbmake.render.mix import render_mix
from vbmake.rules.work import Work

ROOT = Path(__file__).parents[2]
RATE, STEM, VOICES = 48_000, 3, 20  # Hz, seconds of a voice, how many different ones


def write_wav(path: Path, samples: np.ndarray) -> None:
    """32-bit float PCM (samples, channels) as WAV."""
    channels = samples.shape[1]
    data = samples.astype("<f4").tobytes()
    form = b"fmt " + np.array([16], "<u4").tobytes() + np.array([3, channels], "<u2").tobytes()
    form += np.array([RATE, RATE * channels * 4], "<u4").tobytes() + np.array([channels * 4, 32], "<u2").tobytes()
    body = b"WAVE" + form + b"data" + np.array([len(data)], "<u4").tobytes() + data
    path.write_bytes(b"RIFF" + np.array([len(body)], "<u4").tobytes() + body)


def lay_out(folder: Path) -> None:
    """Voices that swell and pause as speech does, and half a minute of music."""
    random = np.random.default_rng(1)
    seconds = np.arange(STEM * RATE) / RATE
    for number in range(VOICES):
        carrier = np.sin(2 * np.pi * (110 + 9 * number) * seconds) + 0.1 * random.normal(size=seconds.size)
        envelope = np.clip(np.sin(2 * np.pi * 1.7 * seconds), 0, 1) * (seconds < 2.4)
        write_wav(folder / f"{number}.wav", (0.3 * carrier * envelope)[:, None])
    seconds = np.arange(30 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * tone * seconds) for tone in (220.0, 277.2, 329.6)) / 6
    write_wav(folder / "music.wav", np.stack([chord, np.roll(chord, 500)], axis=1))


def mix(folder: Path, minutes: int) -> None:
    """Mix, and print what it took as JSON."""
    count = minutes * 60 // STEM
    samples = minutes * 60 * RATE
    music = {"source": 0, "at": 0, "end": None, "from": "0", "gain": -12.0, "fade_in": RATE, "fade_out": 3 * RATE}
    options = {
        "rate": RATE,
        "samples": samples,
        "voice": [{"stem": index, "at": index * STEM * RATE} for index in range(count)],
        "sound": [],
        "music": [{**music, "loop": True, "duck": -9.0}],
        "loudness": -16.0,
        "peak": -1.5,
        "bitrate": "192k",
    }
    voices = tuple(folder / f"{index % VOICES}.wav" for index in range(count))
    work = Work(options, {"voice": voices, "music": (folder / "music.wav",)}, {"mix": folder / "mix.m4a"}, folder)
    start = time.perf_counter()
    measures = render_mix(work) or {}
    seconds = time.perf_counter() - start
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "processor": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
                "megabytes": (own.ru_maxrss + children.ru_maxrss) / 1024,
                "lufs": measures["mix"]["lufs"],
            }
        )
    )


def main() -> None:
    if len(sys.argv) > 2:
        mix(Path(sys.argv[2]), int(sys.argv[1]))
        return
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as name:
        lay_out(Path(name))
        command = [sys.executable, "-m", "tests.bench.hour", str(minutes), name]
        told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = json.loads(told.splitlines()[-1])
    print(f"a mix of {minutes} minutes: {found['seconds']:.1f} s (processor {found['processor']:.1f} s)")
    print(f"{minutes * 60 / found['seconds']:.1f} times real time (asked: at least 30), {found['lufs']:.1f} LUFS")
    print(f"{found['megabytes']:.0f} MB at most, ffmpeg's included (asked: under 500)")


if __name__ == "__main__":
    main()
