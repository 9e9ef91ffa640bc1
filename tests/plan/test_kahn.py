"""Layers: every job after what it needs, in a stable order."""

from __future__ import annotations

import pytest

from vbmake.plan.kahn import layers
from vbmake.plan.types import JobSpec, Output


def job(id: str, *needs: str) -> JobSpec:
    return JobSpec(id, "r", {}, {"in": tuple(Output(need, "out") for need in needs)}, {"out": id})


def test_each_job_stands_in_the_layer_after_the_last_of_its_needs() -> None:
    found = layers([job("film", "shot", "mix"), job("mix", "stem"), job("stem"), job("shot")])
    assert [[one.id for one in layer] for layer in found] == [["stem", "shot"], ["mix"], ["film"]]


def test_jobs_of_one_layer_keep_the_order_in_which_they_were_given() -> None:
    found = layers([job("z"), job("a"), job("m"), job("last", "z", "a", "m")])
    assert [one.id for one in found[0]] == ["z", "a", "m"]


def test_jobs_that_wait_for_each_other_are_named() -> None:
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        layers([job("a", "b"), job("b", "a"), job("c")])


def test_a_need_that_no_job_makes_is_named() -> None:
    with pytest.raises(ValueError, match="a needs ghost"):
        layers([job("a", "ghost")])
