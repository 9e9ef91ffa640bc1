"""What is told of inputs that differ: by their names, and "changed" only of one that has other bytes than it had."""

from __future__ import annotations

import pytest

from vbmake.plan.reasons import Read, differences, input_differences
from vbmake.plan.types import JobSpec, Source, Tag


def reads(text: str) -> list[Read]:
    """Inputs of "a1 b2": a name and a digest each; "1" has no name."""
    return [Read(word[:-1], word[-1]) for word in text.split()]


def told(old: str, new: str) -> list[str]:
    """The differences as "old > new", the place of it in the list before it."""
    return [
        f"{field.removeprefix('inputs.role')} {''.join(before or '-')} > {''.join(after or '-')}".strip()
        for field, before, after in input_differences("role", reads(old), reads(new))
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("a1 b2", "a1 b3", ["[1] b2 > b3"]),
        ("a1", "b2", ["[0] a1 > b2"]),
        ("a1 b2 c3", "b2 c3", ["[0] a1 > -"]),
        ("b2 c3", "a1 b2 c3", ["[0] - > a1"]),
        ("a1 b2 c3", "b2 c3 d4", ["[0] a1 > -", "[2] - > d4"]),
        ("a1 b2 c3", "a1 x4 y5 c3", ["[1] b2 > x4", "[2] - > y5"]),
        ("a1 b2 c3", "a1 c3 b2", ["b2 > c3"]),
        ("a1 b2 c3", "c4 a1 b2", ["[0] c3 > c4", "a1 > c4"]),
        ("a1 b2", "z1 b3", ["[1] b2 > b3"]),  # a new name of the same bytes is nothing to a key
        ("a1 a1", "a1", ["[1] a1 > -"]),
        ("a1 b1", "b1", ["[0] a1 > -"]),  # twins
        ("one1 two2", "one2 two1", ["[0] one1 > one2", "[1] two2 > two1"]),
    ],
)
def test_inputs_are_told_by_name(old: str, new: str, found: list[str]) -> None:
    assert told(old, new) == found


def test_where_no_names_are_recorded_inputs_are_known_by_their_digests() -> None:
    assert told("1 2 3", "a1 c3") == ["[1] 2 > -"]
    assert told("1 2", "a1 b3") == ["[1] 2 > b3"]
    assert told("1 2", "b2 a1") == ["a1 > b2"]


def test_a_record_with_and_without_names_is_compared_with_the_job() -> None:
    job = JobSpec("shot:a/0", "shot", {"x": 2}, {"assets": (Source("one.png"), Source("two.png"))}, {"shot": "a.mp4"})
    old = {"inputs": {"assets": ["d1"]}, "options": {"x": 1}}
    new = {"inputs": {"assets": ["d1", "d2"]}, "options": {"x": 2}}
    tag = Tag(job.id, "k", {}, {}, old, "", "ran", 0.0, {"assets": ["one.png"]})
    expected = [("inputs.assets[1]", None, Read("two.png", "d2")), ("options.x", 1, 2)]
    assert differences(tag, job, new) == expected
    assert differences(tag._replace(inputs={}), job, new) == expected
    assert differences(tag._replace(inputs={"assets": ["more", "than", "were"]}), job, new) == expected
