"""Reading YAML: places, YAML 1.2's values, and refusal of whatever is too large or no YAML."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbmake.document.node import Map, Node, Problems, Scalar, plain, scope_value
from vbmake.document.yaml_reader import Limits, read_yaml
from vbmake.errors import ProjectError


def read(text: str | bytes, limits: Limits | None = None) -> Any:
    problems = Problems()
    content = text if isinstance(text, bytes) else text.encode()
    tree = read_yaml(content, "a.yaml", problems, limits or Limits())
    assert not problems, problems.found
    return plain(tree)


def told(text: str | bytes, limits: Limits | None = None) -> list[str]:
    problems = Problems()
    content = text if isinstance(text, bytes) else text.encode()
    try:
        read_yaml(content, "a.yaml", problems, limits or Limits())
    except ProjectError as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in problems.found]


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "y", "1:03.5", "12:30:45", "007", "1_000", "0x1f", ".inf"])
def test_words_that_yaml_1_1_would_turn_into_something_else_stay_text(word: str) -> None:
    assert read(f"a: {word}") == {"a": word}


def test_dates_and_huge_numbers_stay_text() -> None:
    huge = "9" * 5000
    assert read(f"a: 2024-01-01\nb: 1e999\nc: {huge}") == {"a": "2024-01-01", "b": "1e999", "c": huge}


def test_only_true_and_false_are_booleans_and_numbers_are_decimal() -> None:
    assert read("[true, False, 12, -3, +4, 2.50, .5, 1e3, ~, null]") == [
        True,
        False,
        12,
        -3,
        4,
        2.5,
        0.5,
        1000.0,
        None,
        None,
    ]


def test_a_quoted_number_is_text() -> None:
    assert read("a: '12'\nb: \"true\"\nc: !!str 5") == {"a": "12", "b": "true", "c": "5"}


def test_numbers_remember_how_they_were_written() -> None:
    value = scope_value(read_yaml(b"a: 2.50", "a.yaml", Problems()))
    assert value["a"] == 2.5
    assert str(value["a"]) == "2.50"


def test_every_key_and_value_knows_its_line_column_and_path() -> None:
    tree = read_yaml(b"scenes:\n  - id: a\n  - layers:\n      - show: [1s,\n           2s]\n", "a.yaml", Problems())
    assert isinstance(tree, Map)
    layer = tree.items["scenes"].items[1].items["layers"].items[0]
    assert str(layer.keys["show"]) == "a.yaml:4:9"
    end = layer.items["show"].items[1].place
    assert (end.line, end.column, end.path) == (5, 12, "scenes[1].layers[0].show[1]")


def test_text_may_be_any_language_and_may_have_a_byte_order_mark() -> None:
    assert read("\ufeffa: שלום 你好 🎬".encode()) == {"a": "שלום 你好 🎬"}


def test_aliases_are_what_they_stand_for() -> None:
    assert read("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2, 3, 4, 5, 6, 7, 8]\nbbb: 1", "a.yaml:2:1: bbb"),
        ("a: [1, 2, 3, 4, 5, 6, 7]\nb: 1\nc: 2", "a.yaml:2:4: b"),
        ("a:\n  [1, 2, 3, 4, 5, 6, 7, 8]\nb:\n  c:\n    d: *nothing", "a.yaml:3:1: b"),
    ],
)
def test_the_value_or_key_that_is_too_many_is_told(text: str, place: str) -> None:
    assert told(text, Limits(nodes=10))[0].startswith(f"{place}: the file holds too many values")


def test_only_what_stands_in_one_place_as_it_is_written_is_fixed() -> None:
    text = "{a: {b: [1, {c: 2}]}, d: &x [[3], {e: [4]}], f: *x, g: ['{{ h }}', [5]], i: {for: 1, j: [6]}, k: [~, '']}"
    root = read_yaml(text.encode(), "a.yaml", Problems())
    assert isinstance(root, Map)
    found: dict[str, int] = {}
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Scalar):
            found[node.place.path] = node.fixed
            waiting += node.items.values() if isinstance(node, Map) else node.items
    several = {"": 0, "d": 0, "d[0]": 0, "d[1]": 0, "d[1].e": 0}
    assert found == {**several, "a": 5, "a.b": 4, "a.b[1]": 2, "g": 0, "g[1]": 2, "i": 0, "i.j": 2, "k": 0}


def test_alias_bombs_are_refused_and_not_expanded() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    assert "too many values" in told("\n".join(lines))[0]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (b"", "a.yaml:1:1", "empty"),
        (b"\n  \n", "a.yaml:1:1", "empty"),
        (b"# only this\n", "a.yaml:1:1", "only comments"),
        (b"\xff\xfea\x00", "a.yaml", "UTF-16"),
        (b"a: 1\nb: \xe9", "a.yaml:2:4", "not UTF-8"),
        (b"a: 1\nb: x\x00", "a.yaml:2:5", "not text"),
        (b"\x89PNG\r\n\x1a\n", "a.yaml:1:1", "not UTF-8"),
        (b"a:\n\t- b", "a.yaml:2:1", "tab"),
        (b"a: b: c", "a.yaml:1:5", "in quotes"),
        (b"a: {{ x }} y", "a.yaml:1:12", "needs quotes"),
        (b"a: {{ x }}", "a.yaml:1:4", "quote it"),
        (b'a: "\\q"', "a.yaml:1:5", "single quotes"),
        (b"a: @x", "a.yaml:1:4", "quotes"),
        (b"a: 'x", "a.yaml:1:6", "end of stream"),
        (b"a: 1\nb: 2\na: 3", "a.yaml:3:1", "written twice"),
        (b"? [a]\n: b", "a.yaml:1:1", "plain word"),
        (b"<<: {a: 1}", "a.yaml:1:1", "merge keys"),
        (b"a: *b", "a.yaml:1:4", "no anchor"),
        (b"a: &b [*b]", "a.yaml:1:8", "inside what it stands for"),
        (b"a: !!python/object/apply:os.system [ls]", "a.yaml:1:4", "tag"),
        (b'a: "\\x07"', "a.yaml:1:4", "control characters"),
        (b"--- 1\n--- 2", "a.yaml:2:1", "more than one document"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: bytes, place: str, words: str) -> None:
    found = told(text)
    assert found
    assert found[0].startswith(place)
    assert words in "\n".join(found)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000])
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    assert "nested too deeply" in told(text)[-1]


def test_files_beyond_the_limits_are_refused() -> None:
    assert "too large" in told("a: " + "x" * 200, Limits(bytes=100))[0]
    assert "too many values" in told("[" + "a," * 200 + "]", Limits(nodes=100))[0]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"%#\n \t,?<1.", max_size=60)))
def test_any_text_gives_a_tree_or_a_told_mistake(text: str) -> None:
    problems = Problems()
    try:
        read_yaml(text.encode("utf-8", "surrogatepass"), "a.yaml", problems)
    except ProjectError as error:
        told = error.problems
    else:
        return
    assert told
    assert all(problem.message for problem in told)


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), max_size=20)
_NUMBER = st.one_of(st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False))
_VALUES = st.recursive(
    st.one_of(_TEXT, _NUMBER, st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abc *&", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(_VALUES)
def test_json_is_read_as_what_it_says(value: Any) -> None:
    assert read(json.dumps({"value": value}, ensure_ascii=False)) == {"value": value}
