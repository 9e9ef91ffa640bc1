"""Rule `mix`: the film's sound on one timeline: voice, sounds and ducked music, brought to its loudness, encoded once.

Everything flows in blocks of one second, so an hour of film needs no more memory than a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbmake.errors import FatalError
from vbmake.render import duck, loudness, pcm
from vbmake.render.limiter import limit, sample_peaks
from vbmake.render.sound_feed import feed, loudness_of
from vbmake.render.track import Cut, Track, by_block, decode, equal_power, has_sound, place
from vbmake.rules.work import Measures, Work

Floats = npt.NDArray[np.float32]

CHANNELS = 2
MAX_GAIN = 30.0  # dB: what is quieter than that below the target is meant to be quiet
TOLERANCE = 0.4  # LU: when the encoded mix is further off, it is encoded once more
_HEADROOM = 0.3  # dB the ceiling lies below the asked peak, for what the encoder adds and 4 x oversampling does not see
# On speech over music at 192 kb/s "fast" keeps 5 to 14 dB more signal over noise below 7 kHz than ffmpeg's default,
# "twoloop", in a third of the time (measured with ffmpeg 9.0: 43 against 14 times real time).
_CODER = "fast"
_GRAIN = 50  # measures of level a second, from which the limiter's work is foreseen: 20 ms, as far as it reaches


@dataclass(frozen=True)
class Music:
    """A track of music, how far it steps back under the voice (dB) and the voice's side-chain (`duck.depth`)."""

    track: Track
    duck: float
    down: Floats

    def add(self, block: Floats, start: int, rate: int) -> None:
        ducked = self.duck and len(self.down) and self.track.at < start + len(block) and start < self.track.end
        self.track.add(block, start, duck.envelope(self.down, self.duck, start, len(block), rate) if ducked else None)


@dataclass(frozen=True)
class Mixdown:
    """The whole mix before its loudness is set; every pass over it yields the same blocks."""

    stems: tuple[Track, ...]
    music: tuple[Music, ...]
    samples: int
    rate: int

    def blocks(self, gain: float = 0.0) -> Iterator[Floats]:
        """Float32 (samples, 2) blocks of a second, `gain` dB louder than written."""
        factor = np.float32(10 ** (gain / 20))
        for index, sounding in enumerate(by_block(self.stems, self.rate, self.samples)):
            start = index * self.rate
            block = np.zeros((min(self.rate, self.samples - start), CHANNELS), np.float32)
            for track in sounding:
                track.add(block, start)
            for music in self.music:
                music.add(block, start, self.rate)
            block *= factor
            yield block


def render_mix(work: Work) -> Measures:
    """Make `mix` (m4a, AAC-LC, stereo, exactly `options.samples` long) and measure its `lufs`, `peak` and `samples`.

    Raises FatalError for a stem or a source that cannot be used, JobError when ffmpeg fails.
    """
    options = work.options
    samples, rate = int(options["samples"]), int(options["rate"])
    if samples <= 0:
        raise FatalError(f"a mix of {samples} samples was asked for; a film has at least one frame")
    voice = [_stem(entry, work.inputs.get("voice", ()), samples) for entry in options.get("voice", ())]
    sound = [_stem(entry, work.inputs.get("sound", ()), samples) for entry in options.get("sound", ())]
    for track in (*voice, *sound):
        if track.wav.rate != rate:
            raise FatalError(f"{track.wav.path.name} has {track.wav.rate} samples a second; the mix has {rate}")
    music, decoded = _music(work, voice, samples, rate)
    mixdown = Mixdown((*voice, *sound), music, samples, rate)
    target = options.get("loudness")
    ceiling = float(10 ** ((float(options["peak"]) - _HEADROOM) / 20))
    levels = _measure(mixdown, lambda done: work.progress(done, 2 * samples)) if target is not None else None
    gain = levels.gain(float(target), ceiling) if levels is not None and target is not None else 0.0
    measured = _encode(work, mixdown, gain, ceiling)
    if levels is not None and target is not None and measured.lufs is not None:
        missing = float(target) - measured.lufs  # what the limiter and the encoder took beyond what was foreseen
        if abs(missing) > TOLERANCE and gain + missing <= MAX_GAIN:
            measured = _encode(work, mixdown, gain + missing, ceiling)
    for path in decoded:
        path.unlink()
    return {"mix": {"lufs": measured.lufs, "peak": measured.peak, "samples": samples}}


def _stem(entry: Mapping[str, Any], stems: tuple[Path, ...], samples: int) -> Track:
    return place(
        pcm.Wav(stems[int(entry["stem"])]),
        int(entry["at"]),
        samples,
        fade_in=int(entry.get("fade_in", 0)),
        fade_out=int(entry.get("fade_out", 0)),
        curve=equal_power,
    )


def _music(work: Work, voice: list[Track], samples: int, rate: int) -> tuple[tuple[Music, ...], list[Path]]:
    """The music, each source decoded once, and the files it was decoded to."""
    entries = work.options.get("music", ())
    sources = work.inputs.get("music", ())
    down = np.zeros(0, np.float32)
    if voice and any(entry.get("duck") for entry in entries):
        down = duck.depth(duck.voice_sounds(_bus(voice, samples, rate), rate))
    decoded: dict[Cut, pcm.Wav] = {}
    music: list[Music] = []
    for entry in entries:
        at = int(entry.get("at", 0))
        end = samples if entry.get("end") is None else min(samples, int(entry["end"]))
        if end <= at:
            continue
        start = Fraction(entry.get("from") or 0)
        # As much as the film can use at most, so that an hour of music under a minute of film is not decoded.
        cut = Cut(sources[int(entry["source"])], start, start + Fraction(samples, rate))
        if cut not in decoded:
            if not has_sound(cut.source):
                raise FatalError(f"{cut.source.name} has no sound track: give music")
            target = work.directory / f"music{len(decoded)}.wav"
            decoded[cut] = decode(cut, target, rate=rate, channels=CHANNELS, log=work.log)
        if not decoded[cut].samples:
            raise FatalError(f"{cut.source.name} has no sound from {float(start):g} s on: begin earlier in it")
        track = place(
            decoded[cut],
            at,
            end,
            gain=float(entry.get("gain", 0.0)),
            fade_in=int(entry.get("fade_in", 0)),
            fade_out=int(entry.get("fade_out", 0)),
            loop=bool(entry.get("loop", False)),
        )
        music.append(Music(track, float(entry.get("duck", 0.0)), down))
    return tuple(music), [wav.path for wav in decoded.values()]


def _bus(tracks: list[Track], samples: int, rate: int) -> Iterator[Floats]:
    """The sum of mono tracks, float32 (samples, 1), in blocks of a second."""
    for index, sounding in enumerate(by_block(tracks, rate, samples)):
        block = np.zeros((min(rate, samples - index * rate), 1), np.float32)
        for track in sounding:
            track.add(block, index * rate)
        yield block


@dataclass(frozen=True)
class Levels:
    """A mix as it was written: its integrated loudness (LUFS), and the peak (linear) and power of each 20 ms."""

    lufs: float
    peaks: Floats
    powers: Floats

    def gain(self, target: float, ceiling: float) -> float:
        """The gain (dB) after which the mix, limited to `ceiling`, has `target` LUFS; at most MAX_GAIN."""
        gain = min(MAX_GAIN, target - self.lufs)
        for _ in range(20):  # each step makes up for what the limiter takes at the gain of the step before
            gain = min(MAX_GAIN, target - self.lufs + self._taken(gain, ceiling))
        return gain

    def _taken(self, gain: float, ceiling: float) -> float:
        """The loudness (LU) that the limiter takes off after that gain, from the power in what it turns down."""
        factor = ceiling / np.maximum(self.peaks * 10 ** (gain / 20), ceiling)
        around = np.pad(factor, 1, mode="edge")
        factor = np.minimum(factor, np.minimum(around[:-2], around[2:]))
        heard = self.powers > self.powers.mean() / 10  # the relative gate of BS.1770: 10 LU below the mean
        left = float((self.powers * np.square(factor))[heard].sum()) / float(self.powers[heard].sum())
        return float(-10 * np.log10(left))


def _measure(mixdown: Mixdown, progress: Callable[[int], None]) -> Levels | None:
    """The mix's levels; None for what is silent or too short (400 ms) to have a loudness."""
    grain = mixdown.rate // _GRAIN
    peaks: list[Floats] = []
    powers: list[Floats] = []

    def watched() -> Iterator[Floats]:
        for block in mixdown.blocks():
            whole = np.zeros((-(-len(block) // grain) * grain, CHANNELS), np.float32)
            whole[: len(block)] = block
            peaks.append(sample_peaks(whole).reshape(-1, grain).max(axis=1))
            powers.append(np.square(whole).reshape(-1, grain * CHANNELS).sum(axis=1))
            yield block

    lufs = loudness_of(watched(), rate=mixdown.rate, channels=CHANNELS, progress=progress)
    return Levels(lufs, np.concatenate(peaks), np.concatenate(powers)) if lufs is not None else None


def _encode(work: Work, mixdown: Mixdown, gain: float, ceiling: float) -> loudness.Loudness:
    """Encode the mix to AAC-LC in MP4 and measure it decoded.

    The movie's time scale is the sample rate, so that the edit list names the first and the last sample exactly (ffmpeg
    9 chooses it by itself, older ones take milliseconds).
    """
    work.log(f"gain {gain:+.1f} dB")
    target = work.outputs["mix"]
    codec = ["-c:a", "aac", "-aac_coder", _CODER, "-b:a", str(work.options["bitrate"])]
    plain = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
    container = ["-movie_timescale", str(mixdown.rate), "-movflags", "+faststart", "-f", "mp4", f"file:{target}"]
    feed(
        limit(mixdown.blocks(gain), ceiling),
        [*codec, *plain, *container],
        rate=mixdown.rate,
        channels=CHANNELS,
        progress=lambda done: work.progress(mixdown.samples + done, 2 * mixdown.samples),
    )
    return loudness.measure(target)
