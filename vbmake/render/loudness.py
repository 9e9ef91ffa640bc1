"""How loud a sound is: integrated loudness and true peak (ITU-R BS.1770-4, EBU R 128), by ffmpeg's ebur128."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vbmake.render import ffmpeg

_FLOOR = -70.0  # LUFS: the absolute gate; ebur128 gives this number when no block passed it


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness (LUFS) and true peak (dBTP). None: silence, shorter than 400 ms, or not measured."""

    lufs: float | None
    peak: float | None


def measure(path: Path) -> Loudness:
    """Measure the first sound track of a file. Raises JobError when it has none or cannot be read."""
    report: list[str] = []
    args = ["-map", "0:a:0", "-af", "ebur128=framelog=quiet:peak=true", "-f", "null", "-"]
    ffmpeg.run([*ffmpeg.input_args(path), *args], log=report.append, level="info")
    return parse(report)


def parse(report: Sequence[str]) -> Loudness:
    """Read ebur128's summary out of what ffmpeg printed."""
    text = "\n".join(report)
    summary = text[text.rfind("Summary:") :] if "Summary:" in text else ""
    lufs, peak = _number(r"I:\s+(\S+) LUFS", summary), _number(r"Peak:\s+(\S+) dBFS", summary)
    return Loudness(lufs if lufs is not None and lufs > _FLOOR else None, peak)


def _number(pattern: str, text: str) -> float | None:
    match = re.search(pattern, text)
    try:
        number = float(match[1]) if match else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
