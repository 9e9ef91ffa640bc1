"""A build that is killed: the next one finishes, repeats little, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.world import World, big_plan
from vbmake.run.tags import TagStore


@pytest.mark.parametrize("after", [0, 1, 13, 29])
def test_a_build_killed_after_some_jobs_is_finished_by_the_next(world: World, after: int) -> None:
    args = [sys.executable, "-m", "tests.run.killed_build", str(world.root), str(world.cache)]
    where = Path(__file__).parents[2]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=where) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(after)]
        process.kill()
    assert all(told)
    recorded = set(TagStore(world.root / ".vbmake/dag/tags.jsonl").jobs())
    assert set(told) <= recorded, "what was told as finished is recorded"
    plan = big_plan()
    with world.open() as workspace, workspace.locked():
        workspace.begin()
        workspace.use(plan)
        outcomes = {job.id: workspace.run(job).how for job in plan.jobs}
    assert {name for name, how in outcomes.items() if how == "current"} >= recorded
    assert list(outcomes.values()).count("ran") <= len(plan.jobs) - len(recorded)
    assert world.read("build/film.txt") == " ".join(["film", *(f"part{number} A" for number in range(30))])
    assert list((world.root / ".vbmake/tmp").iterdir()) == []
