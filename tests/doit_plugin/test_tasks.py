"""The tasks that doit is given for jobs: as it would make them itself, and made faster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from doit.task import Task

from vbmake.doit_plugin.project import META
from vbmake.doit_plugin.tasks import JobAction, UpToDate, _JobTask


def test_a_job_s_task_has_all_that_doit_gives_a_task_with_the_same_arguments() -> None:
    handle: Any = SimpleNamespace()
    action = JobAction(handle)
    made = _JobTask(
        "film:wide",
        action,
        file_dep={"a.png"},
        task_dep=["shot:a", "shot:b"],
        targets=["build/film.mp4"],
        doc="A film",
        subtask_of="film",
    )
    like = Task(
        "film:wide",
        [action],
        file_dep=["a.png"],
        task_dep=["shot:a", "shot:b"],
        targets=["build/film.mp4"],
        uptodate=[UpToDate(handle)],
        clean=True,
        doc="A film",
        subtask_of="film",
        meta={META: handle},
    )
    ours, doits = vars(made).copy(), vars(like).copy()
    for attributes in (ours, doits):
        attributes["io"] = attributes["io"].capture
        attributes["uptodate"] = [(type(call), *rest) for call, *rest in attributes["uptodate"]]
    assert ours == doits


def test_two_tasks_share_nothing_that_either_may_change() -> None:
    handle: Any = SimpleNamespace()
    one, other = (
        _JobTask(name, JobAction(handle), file_dep=set(), task_dep=[], targets=[], doc="", subtask_of="film")
        for name in ("one", "other")
    )
    containers = [name for name, value in vars(one).items() if isinstance(value, list | set | dict)]
    assert len(containers) > 8
    assert [name for name in containers if getattr(one, name) is getattr(other, name)] == []


@pytest.mark.parametrize("doc", ["A title", "  A title \n of two lines", "\n\nA title", " ", "", "\tA title"])
def test_what_a_task_is_about_is_told_in_one_line_as_doit_tells_it(doc: str) -> None:
    handle: Any = SimpleNamespace()
    made = _JobTask("a", JobAction(handle), file_dep=set(), task_dep=[], targets=[], doc=doc, subtask_of="film")
    assert made.doc == Task("a", [], doc=doc).doc
