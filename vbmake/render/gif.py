"""Rule `gif`: a looping GIF of a part of the film, with a palette of its own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vbmake.errors import FatalError
from vbmake.render import ffmpeg
from vbmake.render.probe import probe
from vbmake.rules.work import Work

# GIF counts delays in hundredths of a second, and browsers slow down what is faster than 50 a second.
_FASTEST = 50


def render_gif(work: Work) -> None:
    """Make `gif` from the `film`: seconds `from` to `to` (null: its end), `width` px wide, at `fps` pictures a second.

    Raises FatalError for a part that the film does not have, JobError when ffmpeg fails.
    """
    film = work.inputs["film"][0]
    length = Fraction(probe(film)["duration"])
    start = Fraction(work.options.get("from") or 0)
    end = length if work.options.get("to") is None else min(length, Fraction(work.options["to"]))
    fps = Fraction(work.options["fps"])
    width = int(work.options["width"])
    if not 0 <= start < end:
        raise FatalError(
            f"the GIF is to run from {float(start):g} s to {float(end):g} s and the film lasts {float(length):g} s: "
            "choose a part of it"
        )
    if not 0 < fps <= _FASTEST or width < 1:
        raise FatalError(
            f"the GIF is to be {width} px wide at {float(fps):g} fps: allowed are 1 px or more, up to 50 fps"
        )
    # The palette goes through a file: one graph for both would hold every picture until the palette is known.
    palette = work.directory / "palette.png"
    frames = max(1, round((end - start) * fps))
    part = ffmpeg.input_args(film, before=["-ss", _seconds(start), "-t", _seconds(end - start)])
    shown = f"fps={fps},scale={width}:-1:flags=lanczos+accurate_rnd+bitexact"
    ffmpeg.run(
        [*part, "-vf", f"{shown},palettegen=stats_mode=diff", *_ONE_THREAD, "-update", "1", str(palette)], log=work.log
    )
    graph = f"[0:v]{shown}[film];[film][1:v]paletteuse=dither=sierra2_4a:diff_mode=rectangle"
    ffmpeg.run(
        [*part, *ffmpeg.input_args(palette), "-lavfi", graph, *_ONE_THREAD, "-loop", "0", _file(work.outputs["gif"])],
        log=work.log,
        progress=work.progress,
        total=frames,
    )
    palette.unlink()


_ONE_THREAD = ("-threads", "1", "-filter_threads", "1", "-filter_complex_threads", "1", "-fflags", "+bitexact")


def _seconds(time: Fraction) -> str:
    return f"{time.numerator * 10**6 // time.denominator}us"


def _file(path: Path) -> str:
    return f"file:{path}"
