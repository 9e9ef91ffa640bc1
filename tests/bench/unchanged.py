"""A film of 1,000 and of 10,000 scenes with nothing to do, with one title to do, and 2,000 trivial jobs to do.

The same project throughout, beside plain doit on as many hand-written tasks, GNU make on as many files, and `doit
--version`. What is measured is everything but the rendering: the project's own rules `shot` and `film` (a project's rules
come before those of vbmake) write a few bytes, as do the hand-written tasks.

    python -m tests.bench.unchanged [rounds] [scenes of the large film]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.timing import Spent, in_turns, spent
from vbmake.rules.work import Work

ROOT = Path(__file__).parents[2]
RULE = """\
rule: {name}
about: A few bytes in place of pictures, to measure all that is not rendering.
version: 1
reads: {{{reads}}}
options: any
makes: {{{name}: mp4}}
pool: cpu
call: tests.bench.unchanged:write_a_little
"""
# As a person would write them: the task depends on its picture and on its own settings.
DODO = """\
import json
from doit.tools import config_changed

scenes = json.load(open("scenes.json"))

def write(text, target):
    with open(target, "w") as file:
        file.write(text)

def task_shot():
    for number, scene in enumerate(scenes):
        target = f"made/{number}.txt"
        yield {
            "name": str(number),
            "actions": [(write, [json.dumps(scene), target])],
            "file_dep": [f"pictures/{number}.png"],
            "targets": [target],
            "uptodate": [config_changed(scene)],
        }

def task_film():
    shots = [f"made/{number}.txt" for number in range(len(scenes))]
    return {"actions": [(write, ["film", "made/film.txt"])], "file_dep": shots, "targets": ["made/film.txt"]}
"""


def write_a_little(work: Work) -> None:
    """What the bench's rules do: a few bytes that follow from the job's options."""
    for path in work.outputs.values():
        path.write_text(json.dumps(work.options, sort_keys=True)[:4096])


def scenes(count: int, title: str = "Scene") -> list[dict[str, Any]]:
    """The scenes of the film, each with a picture of its own; `title` names the first."""
    return [
        {
            "id": f"scene-{number}",
            "duration": "3s",
            "layers": [{"image": f"pictures/{number}.png"}, {"text": f"{title if not number else 'Scene'} {number}"}],
        }
        for number in range(count)
    ]


def declare(folder: Path, count: int, title: str = "Scene") -> None:
    """Write the declarations for vbmake (JSON is YAML) and for plain doit."""
    film = {"vbmake": 1, "name": "film", "outputs": {"timeline": False}, "scenes": scenes(count, title)}
    (folder / "video.yaml").write_text(json.dumps(film))
    (folder / "scenes.json").write_text(json.dumps(scenes(count, title)))


def lay_out(folder: Path, count: int) -> None:
    """A project directory, with what plain doit and make need beside it."""
    import cv2
    import numpy as np

    for name in ("pictures", "made", "rules", "plain"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels = np.full((2, 2, 3), (number % 256, number // 256, 99), np.uint8)
        cv2.imwrite(str(folder / "pictures" / f"{number}.png"), pixels)
    (folder / "rules" / "shot.yaml").write_text(RULE.format(name="shot", reads="assets: files, fonts: files"))
    (folder / "rules" / "film.yaml").write_text(RULE.format(name="film", reads="video: files, sound: files"))
    (folder / "plain" / "dodo.py").write_text(DODO)
    for name in ("pictures", "made", "scenes.json"):
        (folder / "plain" / name).symlink_to(folder / name)
    made = " ".join(f"made/{number}.o" for number in range(count))
    rules = "made/%.o: pictures/%.png\n\tcp $< $@\n"
    (folder / "plain" / "Makefile").write_text(f"made/film.o: {made}\n\ttouch $@\n{rules}")
    declare(folder, count)


class Ways:
    """The commands that are compared, in one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._env = {"PYTHONPATH": str(ROOT), "VBMAKE_CACHE_DIR": str(folder / "cache")}
        self._doit = [sys.executable, "-m", "doit"]

    def film(self, *more: str) -> Spent:
        return spent([*self._doit, *more], self.folder, self._env)

    def plain(self) -> Spent:
        return spent([*self._doit, "-r", "zero"], self.folder / "plain", self._env)

    def version(self) -> Spent:
        return spent([*self._doit, "--version"], self.folder, self._env)

    def make(self) -> Spent:
        return spent(["make", "-s"], self.folder / "plain")

    def forget(self) -> None:
        """Let everything be to do again."""
        for name in (".vbmake", "build", "cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in [*self.folder.glob("made/*"), *(self.folder / "plain").glob(".doit.db*")]:
            path.unlink()


def before_the_first_job(folder: Path) -> float:
    """Seconds from the call to the first job's start, by the record of the last run. It needs the call's time."""
    raise NotImplementedError(folder)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    large = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    print(rounds, large)


if __name__ == "__main__":
    main()
