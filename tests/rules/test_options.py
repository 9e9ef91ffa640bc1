"""What a project may say to a rule."""

from __future__ import annotations

from typing import Any

import pytest

from vbmake.rules.options import Option, check, fill

PAGE = Option("integer", minimum=1, default=1)
NAME = Option("string", pattern="^[a-z]+$")
SIDE = Option("string", enum=("left", "right"), default="left")
SIZE = Option("string", format="size", default="1280x720")
COLOR = Option("string", format="color", default="black")
LINES = Option("array", items=Option("integer", minimum=1), default=[])
MAYBE = Option("number", default=None)
PLACE = Option("object", properties={"x": Option("number"), "y": Option("number", default=0)}, default={"x": 1})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (PAGE, 1),
        (PAGE, 7.0),
        (NAME, "abc"),
        (SIDE, "right"),
        (SIZE, "640x48"),
        (COLOR, "rgb(1 2 3)"),
        (LINES, [1, 2]),
        (MAYBE, None),
        (MAYBE, 2.5),
        (PLACE, {"x": 3}),
        (Option("boolean"), False),
    ],
)
def test_what_the_schema_allows_is_accepted(option: Option, value: Any) -> None:
    assert option.problems(value, "it") == []


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        (PAGE, 0, "it: found 0, allowed is integer >= 1"),
        (PAGE, True, "it: found true, allowed is integer >= 1"),
        (PAGE, 1.5, "it: found 1.5, allowed is integer >= 1"),
        (PAGE, None, "it: found null, allowed is integer >= 1"),
        (NAME, "Abc", 'it: found "Abc", allowed is string like ^[a-z]+$'),
        (NAME, "abc\n", 'it: found "abc\\n", allowed is string like ^[a-z]+$'),
        (NAME, "a\0", "it: found a NUL character, allowed is text without one"),
        (SIDE, "lefft", "it: found \"lefft\", allowed is left | right; did you mean 'left'?"),
        (SIZE, "640 48", 'it: found "640 48", allowed is size such as 1280x720'),
        (COLOR, "blurple", 'it: found "blurple": a colour is'),
        (LINES, [1, 0], "it[1]: found 0, allowed is integer >= 1"),
        (LINES, 3, "it: found 3, allowed is array of integer >= 1"),
        (MAYBE, float("nan"), "it: found NaN, allowed is number"),
        (PLACE, {"y": 1}, "it.x is missing, give it (number)"),
        (PLACE, {"x": 1, "z": 1}, "it.z: no such option, allowed are x, y"),
    ],
)
def test_everything_else_is_told_with_what_was_found_and_what_is_allowed(option: Option, value: Any, told: str) -> None:
    problems = option.problems(value, "it")
    assert len(problems) == 1
    assert problems[0].startswith(told)


def test_all_mistakes_are_told_at_once() -> None:
    options = {"page": PAGE, "name": NAME}
    told = check(options, {"page": 0, "nmae": "x"})
    assert told == [
        "page: found 0, allowed is integer >= 1",
        "nmae: no such option, allowed are page, name; did you mean 'name'?",
        "name is missing, give it (string like ^[a-z]+$)",
    ]


def test_values_that_mean_the_same_are_filled_in_as_the_same() -> None:
    options = {"page": PAGE, "color": COLOR, "place": PLACE, "maybe": MAYBE}
    short = fill(options, {"color": "white"})
    long = fill(options, {"page": 1.0, "color": "#FFF", "place": {"x": 1.0, "y": 0}, "maybe": None})
    assert short == long == {"page": 1, "color": "#ffffffff", "place": {"x": 1, "y": 0}, "maybe": None}
    assert isinstance(long["page"], int)
