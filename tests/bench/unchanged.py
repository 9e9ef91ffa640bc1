"""A film of 1,000 and of 10,000 scenes: nothing to do, one title to do, and 2,000 trivial jobs to do.

The same project throughout, beside plain doit on as many hand-written tasks, GNU make on as many files (where there is
one), and `doit --version`. What is measured is everything but the rendering: the project's own rules `shot` and `film`
(a project's rules come before those of vbmake) write a few bytes, as do the hand-written tasks.

    python -m tests.bench.unchanged [rounds] [scenes of the large film]
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.bench.timing import Spent, in_turns, ratio, spent

ROOT = Path(__file__).parents[2]
SLOW = 45e-6  # seconds for a new file: where many were removed lately it takes 200 us, else 15 to 35
RULE = """\
rule: {name}
about: A few bytes in place of pictures, to measure all that is not rendering.
version: 1
reads: {{{reads}}}
options: any
makes: {{{name}: mp4}}
pool: cpu
{action}
"""
FUNCTION = "call: tests.bench.little:write"
COMMAND = 'needs: [cp]\ncommand: [cp, "{{{{ {first}[0] }}}}", "{{{{ {name} }}}}"]'
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
            "actions": [ACTION],
            "file_dep": [f"pictures/{number}.png"],
            "targets": [target],
            "uptodate": [config_changed(scene)],
        }

def task_film():
    shots = [f"made/{number}.txt" for number in range(len(scenes))]
    return {"actions": [(write, ["film", "made/film.txt"])], "file_dep": shots, "targets": ["made/film.txt"]}
"""


# After the tasks above, in a dodo.py that has a film, too.
BESIDE = """
from vbmake.doit_plugin import load_video_tasks

def task_video():
    yield from load_video_tasks("film/video.yaml", prefix="video")
"""


# Instead of ACTION.
WRITE = "(write, [json.dumps(scene), target])"
COPY = 'f"cp pictures/{number}.png {target}"'


def scenes(count: int, titles: Mapping[int, str]) -> list[dict[str, Any]]:
    """The scenes of the film, each with a picture of its own; `titles` are of those that have another one."""
    return [
        {
            "id": f"scene-{number}",
            "duration": "3s",
            "layers": [{"image": f"pictures/{number}.png"}, {"text": f"{titles.get(number, 'Scene')} {number}"}],
        }
        for number in range(count)
    ]


def declare(folder: Path, count: int, titles: Mapping[int, str] = MappingProxyType({})) -> None:
    """Write the declarations for vbmake (JSON is YAML) and for plain doit."""
    film = {"vbmake": 1, "name": "film", "outputs": {"timeline": False}, "scenes": scenes(count, titles)}
    (folder / "video.yaml").write_text(json.dumps(film))
    (folder / "scenes.json").write_text(json.dumps(scenes(count, titles)))


def lay_out(folder: Path, count: int, commands: bool) -> None:
    """A project directory, with what plain doit and make need beside it."""
    import cv2
    import numpy as np

    for name in ("pictures", "made", "rules", "plain"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels = np.full((2, 2, 3), (number % 256, number // 256, 99), np.uint8)
        cv2.imwrite(str(folder / "pictures" / f"{number}.png"), pixels)
    for name, first, second in (("shot", "assets", "fonts"), ("film", "video", "sound")):
        action = COMMAND.format(name=name, first=first) if commands else FUNCTION
        rule = RULE.format(name=name, reads=f"{first}: files, {second}: files", action=action)
        (folder / "rules" / f"{name}.yaml").write_text(rule)
    (folder / "plain" / "dodo.py").write_text(DODO.replace("ACTION", COPY if commands else WRITE))
    for name in ("pictures", "made", "scenes.json"):
        (folder / "plain" / name).symlink_to(folder / name)
    beside = folder / "beside"  # tasks of one's own beside a film of one scene
    beside.mkdir()
    (beside / "dodo.py").write_text(DODO.replace("ACTION", WRITE) + BESIDE)
    (beside / "film" / "pictures").mkdir(parents=True)
    shutil.copy(folder / "pictures" / "0.png", beside / "film" / "pictures")
    shutil.copytree(folder / "rules", beside / "film" / "rules")
    declare(beside / "film", 1)
    for name in ("pictures", "made", "scenes.json"):
        (beside / name).symlink_to(folder / name)
    made = " ".join(f"made/{number}.o" for number in range(count))
    rules = "made/%.o: pictures/%.png\n\tcp $< $@\n"
    (folder / "plain" / "Makefile").write_text(f"made/film.o: {made}\n\ttouch $@\n{rules}")
    declare(folder, count)


class Bench:
    """A project with `count` scenes, and the commands that are compared in it; `commands`: its jobs run programs."""

    def __init__(self, folder: Path, count: int, commands: bool = False) -> None:
        self.folder, self.plain, self.count = folder, folder / "plain", count
        self._env = {"PYTHONPATH": str(ROOT), "VBMAKE_CACHE_DIR": str(folder / "cache")}
        self._doit = [sys.executable, "-m", "doit"]
        self._titles: dict[int, str] = {}
        self._edits = itertools.cycle((0, count // 2, count - 1))
        lay_out(folder, count, commands)

    def film(self) -> Spent:
        """Build the film, or find that there is nothing to build."""
        return spent([*self._doit, "-n", "2"], self.folder, self._env)

    def by_hand(self) -> Spent:
        """The hand-written tasks, with a reporter that says nothing."""
        return spent([*self._doit, "-r", "zero"], self.plain, self._env)

    def beside(self) -> Spent:
        """The hand-written tasks, in a dodo.py that has a film, too."""
        return spent([*self._doit, "-o", os.devnull], self.folder / "beside", self._env)

    def version(self) -> Spent:
        return spent([*self._doit, "--version"], self.folder, self._env)

    def make(self) -> Spent:
        return spent(["make", "-s"], self.plain)

    def before_first_job(self) -> Spent:
        """From the call to the first job after a title was changed: of the first scene, that in the middle, the last.

        The processor time is the whole build's.
        """
        edited = next(self._edits)
        self._titles[edited] = f"{self._titles.get(edited, 'Scene')} anew"
        declare(self.folder, self.count, self._titles)
        begun = time.time()
        whole = self.film()
        events = [json.loads(line) for line in (self.folder / ".vbmake" / "events.jsonl").read_text().splitlines()]
        first = next(one for one in events if one["run"] == events[-1]["run"] and one["event"] == "start")
        assert first["job"] == f"shot:main/scene-{edited}/0", "another job has begun first"
        return Spent(datetime.fromisoformat(first["time"]).timestamp() - begun, whole.cpu)


def run_time(whole: Spent, project: Path) -> Spent:
    """The wall time that the run's jobs took, without starting, planning and probing, as vbmake records it."""
    lines = (project / ".vbmake" / "events.jsonl").read_text().splitlines()
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in lines]
    return Spent((times[-1] - times[0]).total_seconds(), whole.cpu)


def settle(folder: Path, patience: float = 480.0) -> None:
    """Wait until this file system makes files as fast as it can, for which it is asked every few seconds."""
    numbers = itertools.count()

    def seconds() -> float:
        """How long a new file takes, in folders that are as new as those of a project."""
        spent = 0.0
        for _ in range(4):
            inner = folder / str(next(numbers))
            inner.mkdir(parents=True)
            began = time.perf_counter()
            for number in range(500):
                open(inner / str(number), "w").close()
            spent += time.perf_counter() - began
        return spent / 2000

    began = time.monotonic()
    while (found := seconds()) > SLOW and time.monotonic() - began < patience:
        time.sleep(20)
    print(f"a new file takes {found * 1e6:.0f} us, after a wait of {time.monotonic() - began:.0f} s")


def trivial_jobs(folder: Path, rounds: int) -> None:
    """All to do: for jobs that run a program, for those of Python alone, and for tasks of one's own beside a film.

    Plain doit does one at a time. Ours is the run, from its first event to its last, beside the whole process of plain
    doit; how long our whole process takes is printed, too.

    Each time in a folder of its own, none of which is removed before the end: ext4 is many times slower at making
    files for minutes after many were removed, since it looks at each number that has just become free. Where files were
    removed just before (another run of this has ended), that is waited for.
    """
    folder.mkdir()
    settle(folder / "settled")
    number = itertools.count()
    wholes: list[Spent] = []  # of our way that is measured

    def fresh(commands: bool) -> Bench:
        return Bench(folder / str(next(number)), 2000, commands)

    def jobs(commands: bool) -> Spent:
        bench = fresh(commands)
        wholes.append(bench.film())
        return run_time(wholes[-1], bench.folder)

    def own_tasks() -> Spent:
        bench = fresh(False)
        wholes.append(bench.beside())
        return run_time(wholes[-1], bench.folder / "beside" / "film")

    kinds = {
        "2,000 trivial jobs that run a program": (lambda: jobs(True), True),
        "2,000 trivial jobs of Python alone": (lambda: jobs(False), False),
        "2,000 trivial tasks of one's own beside a film": (own_tasks, False),
    }
    for what, (ours, commands) in kinds.items():
        ways = {what: ours, "the same with plain doit": lambda commands=commands: fresh(commands).by_hand()}
        wholes.clear()
        ratio(f"{what} / plain doit", *in_turns(rounds, ways).values(), "below 1")
        whole = statistics.median(one.wall for one in wholes)
        print(f"  the whole process, with planning and a first look at every picture: {whole:.2f} s (nothing is asked)")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    large = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, big = Bench(folder / "small", 1000), Bench(folder / "large", large)
        for bench in (small, big):
            bench.film()
            bench.by_hand()
        ways = {"1,000 scenes": small.film, f"{large:,} scenes": big.film, "doit --version": small.version}
        ways |= {"1,000 tasks of plain doit": small.by_hand}
        longer = {"before the first job": big.before_first_job}
        if shutil.which("make"):
            for bench in (small, big):  # the tasks' files are make's too, but not of its names
                bench.make()
            ways |= {"make, 1,000 files": small.make}
            longer |= {f"make, {large:,} files": big.make}
        # What takes a tenth of a second is done more often: a busy moment is as long.
        found = in_turns(5 * rounds, ways) | in_turns(rounds, longer)
        one, other, version = found["1,000 scenes"], found[f"{large:,} scenes"], found["doit --version"]
        ratio("1,000 scenes / plain doit", one, found["1,000 tasks of plain doit"], "at most 1")
        ratio("1,000 scenes / doit --version", one, version, "at most 2")
        ratio(f"{large:,} scenes / doit --version", other, version, "at most 2")
        ratio(f"{large:,} scenes / 1,000 scenes", other, one, "at most 1.5")
        if shutil.which("make"):
            ratio("1,000 scenes / make", one, found["make, 1,000 files"], "below 1")
            ratio(f"{large:,} scenes / make", other, found[f"make, {large:,} files"], "below 1")
        print(f"before the first job: {found['before the first job'].wall:.2f} s (asked: at most 3 s)")
        trivial_jobs(folder / "jobs", rounds)


if __name__ == "__main__":
    main()
