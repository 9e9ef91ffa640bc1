"""Rule `stem`: the sound of one scene as PCM: every part trimmed, turned, sped up, looped, faded and placed."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vbmake.errors import FatalError
from vbmake.render import pcm
from vbmake.render.track import Cut, Track, by_block, decode, has_sound, place
from vbmake.rules.work import Measures, Work


def render_stem(work: Work) -> Measures:
    """Make `stem`: a float WAV of exactly `options.samples` samples, `options.channels` channels at `options.rate`.

    A source without a sound track is silent. Raises JobError when a source cannot be decoded.
    """
    options = work.options
    rate, channels, samples = int(options["rate"]), int(options["channels"]), int(options["samples"])
    cuts: dict[Cut, pcm.Wav | None] = {}
    tracks: list[Track] = []
    for part in options["parts"]:
        cut = _cut(part, work.inputs.get("sources", ()))
        if cut not in cuts:
            cuts[cut] = _decoded(cut, len(cuts), work, rate, channels)
        wav = cuts[cut]
        if wav is not None:
            tracks.append(_track(wav, part, samples))
    with open(work.outputs["stem"], "wb") as file:
        file.write(pcm.float_header(samples, channels, rate))
        for index, sounding in enumerate(by_block(tracks, rate, samples)):
            start = index * rate
            block = np.zeros((min(rate, samples - start), channels), np.float32)
            for track in sounding:
                track.add(block, start)
            file.write(block.tobytes())
            work.progress(start + len(block), samples)
    for used in cuts.values():
        if used is not None:
            used.path.unlink()
    return {"stem": {"samples": samples, "channels": channels}}


def _cut(part: Mapping[str, Any], sources: tuple[Path, ...]) -> Cut:
    end = part.get("to")
    cut = Cut(
        source=sources[int(part["source"])],
        start=Fraction(part.get("from") or 0),
        end=Fraction(end) if end is not None else None,
        speed=Fraction(part.get("speed", 1)),
    )
    if cut.speed <= 0:
        raise FatalError(f"{cut.source.name}: speed is {cut.speed}; it must be above 0 (reverse plays backwards)")
    if cut.end is not None and cut.end <= cut.start:
        raise FatalError(f"{cut.source.name}: nothing lies between {cut.start} s and {cut.end} s; trim it longer")
    return cut


def _decoded(cut: Cut, index: int, work: Work, rate: int, channels: int) -> pcm.Wav | None:
    if not has_sound(cut.source):
        work.log(f"{cut.source.name} has no sound track: silent")
        return None
    wav = decode(cut, work.directory / f"part{index}.wav", rate=rate, channels=channels, log=work.log)
    if not wav.samples:
        work.log(f"{cut.source.name} has no sound after {cut.start} s: silent")
    return wav


def _track(wav: pcm.Wav, part: Mapping[str, Any], samples: int) -> Track:
    at = int(part.get("at", 0))
    limit = part.get("samples")
    return place(
        wav,
        at,
        samples if limit is None else min(samples, at + int(limit)),
        gain=float(part.get("gain", 0.0)),
        fade_in=int(part.get("fade_in", 0)),
        fade_out=int(part.get("fade_out", 0)),
        loop=bool(part.get("loop", False)),
        reverse=bool(part.get("reverse", False)),
    )
