"""What differs between two values: few and true fields, also when a layer was put between others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbmake.plan.changes import changes

RED, TEAL = ({"kind": "color", "color": color, "x": 1} for color in ("red", "teal"))
HELLO, HALLO = ({"kind": "text", "text": text, "x": 1} for text in ("Hello", "Hallo"))


def test_the_field_is_named_with_its_old_and_new_value() -> None:
    old = {"options": {"layers": [{"text": "Hello"}, {"text": "same"}]}, "take": 1}
    new = {"options": {"layers": [{"text": "Hallo"}, {"text": "same"}, {"text": "new"}]}, "take": 1}
    assert changes(old, new) == [
        ("options.layers[0].text", "Hello", "Hallo"),
        ("options.layers[2]", None, {"text": "new"}),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([RED, HELLO], [RED, TEAL, HELLO], [("[1]", None, TEAL)]),
        ([RED, HELLO], [TEAL, RED, HELLO], [("[0]", None, TEAL)]),
        ([RED, HELLO], [HELLO], [("[0]", RED, None)]),
        ([RED, HELLO], [HALLO], [("[0]", RED, None), ("[0].text", "Hello", "Hallo")]),
        ([RED, HELLO], [TEAL, HELLO], [("[0].color", "red", "teal")]),
        ([RED], [HELLO], [("[0]", RED, None), ("[0]", None, HELLO)]),
        ([RED, TEAL], [TEAL, RED], [("[0].color", "red", "teal"), ("[1].color", "teal", "red")]),
        ([], [RED], [("[0]", None, RED)]),
        ([RED], [], [("[0]", RED, None)]),
        ([RED, RED], [RED], [("[1]", RED, None)]),
        (
            [{"id": "a", "at": 0}, {"id": "b", "at": 5}],
            [{"id": "c", "at": 0}, {"id": "a", "at": 2}, {"id": "b", "at": 7}],
            [("[0]", None, {"id": "c", "at": 0}), ("[1].at", 0, 2), ("[2].at", 5, 7)],
        ),
        (
            [{"id": "a", "at": 0}, {"id": "b", "at": 5}],
            [{"id": "b", "at": 0}, {"id": "a", "at": 5}],
            [("[0].at", 5, 0), ("[1].at", 0, 5)],
        ),
        ([{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "a"}], [("[0].id", "a", "b"), ("[1].id", "b", "a")]),
        ([1, 2, 3], [0, 1, 2, 3], [("[0]", 1, 0), ("[1]", 2, 1), ("[2]", 3, 2), ("[3]", None, 3)]),
        ([1, 2], [1], [("[1]", 2, None)]),
        ([{"a": 1}, 2], [{"a": 2}, 2], [("[0].a", 1, 2)]),
    ],
)
def test_items_of_a_list_are_compared_with_those_that_they_come_from(old: Any, new: Any, told: Any) -> None:
    assert changes(old, new) == told


def test_very_long_lists_are_compared_by_index() -> None:
    old = [{"kind": "cue", "at": number} for number in range(3000)]
    new = [{"kind": "cue", "at": number + 1} for number in range(3000)]
    assert changes(old, new) == [(f"[{number}].at", number, number + 1) for number in range(3000)]


_ITEMS = st.lists(
    st.sampled_from([RED, TEAL, HELLO, HALLO, {"kind": "text"}, {"id": "a", "n": 1}, {"id": "a"}]), max_size=6
)
_LISTS = _ITEMS | st.lists(st.integers(0, 2) | st.just({"a": 1}), max_size=4)


@given(_LISTS, _LISTS)
def test_what_differs_is_told_and_what_does_not_is_not(old: list[Any], new: list[Any]) -> None:
    told = changes(old, new)
    assert bool(told) == (old != new)
    assert all(before != after for _, before, after in told)
    added = sum(before is None and path.endswith("]") for path, before, _ in told)
    removed = sum(after is None and path.endswith("]") for path, _, after in told)
    assert len(new) - len(old) == added - removed


@given(_LISTS, _LISTS)
def test_what_is_told_is_true(old: list[Any], new: list[Any]) -> None:
    for path, before, after in changes(old, new):
        if path.endswith("]"):
            assert before is None or before in old
            assert after is None or new[int(path[1:-1])] == after


@given(_LISTS, _LISTS)
def test_nothing_is_told_to_be_new_and_to_be_gone(old: list[Any], new: list[Any]) -> None:
    told = [change for change in changes(old, new) if all(isinstance(one, dict) for one in (*old, *new))]
    gone = [before for path, before, after in told if path.endswith("]") and after is None]
    assert not [after for path, before, after in told if path.endswith("]") and before is None and after in gone]
