"""A build in a process of its own, to be killed: python -m tests.run.killed_build PROJECT CACHE."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.run.world import Book, big_plan
from vbmake.cache.cache import Cache
from vbmake.run.build import run_build
from vbmake.run.executor import ThreadExecutor
from vbmake.run.workspace import Workspace
from vbmake.storage.packed import PackedStorage


def main(project: str, cache: str) -> None:
    storage = PackedStorage(Path(cache))
    with Workspace(Path(project), Book(), Cache(storage), planner=lambda measures: big_plan()) as workspace:
        run_build(workspace, executor=ThreadExecutor(4), watch=lambda job, answer: print(job.id, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
