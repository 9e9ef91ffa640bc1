"""Twenty image scenes of 3 s with a zoom and a title on each, cross-faded: vbmake against one ffmpeg filter graph.

Both make the same film: 1280x720 at 30 fps, x264 veryfast, CRF 20. Then one title is edited and built again.

    python -m tests.bench.build [rounds]
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from tests.bench.timing import Spent, in_turns, ratio, spent
from vbmake import resources
from vbmake.render.ffmpeg import executable

SCENES, FRAMES, FADE = 20, 90, 15


def photographs(folder: Path) -> None:
    """Pictures with the spectrum of photographs: noise of every scale, 1920x1080."""
    random = np.random.default_rng(1)
    for number in range(SCENES):
        picture = np.zeros((1080, 1920, 3), np.float32)
        for scale in (4, 16, 64, 256):
            noise = random.normal(size=(1080 // scale + 2, 1920 // scale + 2, 3)).astype(np.float32)
            picture += cv2.resize(noise, (1920, 1080), interpolation=cv2.INTER_CUBIC) * scale**0.75 * 1.6
        cv2.imwrite(str(folder / f"{number:02}.jpg"), np.clip(picture + 120, 0, 255).astype(np.uint8))


def declaration(titles: list[str]) -> str:
    """The film as a video.yaml (JSON is YAML)."""
    return json.dumps(
        {
            "vbmake": 1,
            "name": "film",
            "transition": {"kind": "fade", "duration": "0.5s"},
            "styles": {"title": {"size": "9%", "outline": {"width": "0.3%"}}},
            "outputs": {"timeline": False},
            "scenes": [
                {
                    "id": f"scene-{number}",
                    "duration": "3s",
                    "layers": [
                        {"image": f"{number:02}.jpg", "motion": {"zoom": [1, 1.15]}},
                        {"text": title, "style": "title", "at": "bottom left"},
                    ],
                }
                for number, title in enumerate(titles)
            ],
        }
    )


def graph(folder: Path) -> list[str]:
    """The same film as one ffmpeg command, as an experienced hand would write it."""
    args = [executable(), "-y", "-hide_banner", "-loglevel", "error"]
    font = resources.path(resources.DEFAULT_FONT)
    shutil.copy(font, folder / "font.otf")
    parts = []
    for number in range(SCENES):
        args += ["-i", f"{number:02}.jpg"]
        zoom = f"zoompan=z='1+0.15*on/{FRAMES - 1}':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={FRAMES}:s=1280x720:fps=30"
        title = f"drawtext=fontfile=font.otf:text='Scene {number}':fontsize=65:fontcolor=white:borderw=2:x=64:y=h-110"
        parts.append(f"[{number}:v]scale=1280:720,{zoom},{title},format=yuv420p,settb=1/30[v{number}]")
    last = "v0"
    for number in range(1, SCENES):
        offset = number * (FRAMES - FADE) / 30
        parts.append(f"[{last}][v{number}]xfade=transition=fade:duration={FADE / 30}:offset={offset}[x{number}]")
        last = f"x{number}"
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-r", "30"]
    return [*args, "-filter_complex", ";".join(parts), "-map", f"[{last}]", *encode, "graph.mp4"]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    doit = [sys.executable, "-m", "doit", "-n", "2"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographs(folder)
        titles = [f"Scene {number}" for number in range(SCENES)]
        cache = {"VBMAKE_CACHE_DIR": str(folder / "cache")}

        def full() -> Spent:
            for rest in (".vbmake", "build", "cache"):
                shutil.rmtree(folder / rest, ignore_errors=True)
            (folder / "video.yaml").write_text(declaration(titles))
            return spent(doit, folder, cache)

        def edit() -> Spent:
            changed = [*titles[:7], f"A new title {next(edits)}", *titles[8:]]  # one that no round has had before
            (folder / "video.yaml").write_text(declaration(changed))
            return spent(doit, folder, cache)

        edits = itertools.count(1)
        ways = {"graph": lambda: spent(graph(folder), folder), "full build": full, "one title": edit}
        medians = in_turns(rounds, ways)
        size = {path: (folder / path).stat().st_size for path in ("graph.mp4", "build/film.mp4")}
        counted = subprocess.run(
            [
                executable(),
                "-v",
                "error",
                "-stats",
                "-i",
                "build/film.mp4",
                "-map",
                "0:v",
                "-c",
                "copy",
                "-f",
                "null",
                "-",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        print("frames of the film:", counted.stderr.split("frame=")[-1].split()[0])
        print("sizes:", ", ".join(f"{path} {count / 1e6:.1f} MB" for path, count in size.items()))
        ratio("full build / graph", medians["full build"], medians["graph"], "at most 1.05")
        ratio("one title / full build", medians["one title"], medians["full build"], "at most 0.12")


if __name__ == "__main__":
    main()
