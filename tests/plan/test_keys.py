"""Keys: everything that decides the bytes, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vbmake.plan.canonical import compact_json, digest, plain, plain_json, ready
from vbmake.plan.keys import action_key, key_material
from vbmake.plan.types import BuildPlan, JobSpec, Source


@dataclass
class Rule:
    version: int = 1


def job(**values: object) -> JobSpec:
    rest = {
        "id": "shot:a/0",
        "options": {"x": 1},
        "inputs": {"assets": (Source("a.jpg"),)},
        "outputs": {"shot": "w/a.mp4"},
    }
    return JobSpec(**{"rule": "shot", **rest, **values})  # type: ignore[arg-type]  # fields are given by name in tests


def key(one: JobSpec, digests: dict[str, list[str]] | None = None, **tools: str) -> str:
    return action_key(key_material(one, Rule(), digests or {"assets": ["d1"]}, tools or {"ffmpeg": "f"}))


def test_names_paths_and_places_are_in_no_key() -> None:
    moved = job(id="shot:b/7", inputs={"assets": (Source("other/b.jpg"),)}, outputs={"shot": "elsewhere/b.mp4"})
    assert key(moved) == key(job())


def test_each_thing_that_decides_the_bytes_changes_the_key() -> None:
    base = key(job())
    assert key(job(options={"x": 2})) != base
    assert key(job(take=2)) != base
    assert key(job(outputs={"shot": "w/a.mkv"})) != base
    assert key(job(), {"assets": ["d2"]}) != base
    assert key(job(), ffmpeg="g") != base
    assert action_key(key_material(job(), Rule(2), {"assets": ["d1"]}, {"ffmpeg": "f"})) != base
    assert action_key(key_material(job(), Rule(), {"assets": ["d1"]}, {"ffmpeg": "f"}, salt="s")) != base


def test_the_order_of_inputs_counts_and_the_order_of_keys_does_not() -> None:
    assert key(job(), {"assets": ["d1", "d2"]}) != key(job(), {"assets": ["d2", "d1"]})
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_a_whole_float_and_its_integer_are_one_value() -> None:
    assert plain_json(plain({"crf": 20.0, "at": Fraction(3, 2)})) == b'{"at":"3/2","crf":20}'


def test_text_that_is_no_unicode_and_large_numbers_are_written_beside_fractions() -> None:
    value = {"at": Fraction(3, 2), "name": "\udcff", "seed": 2**70}
    text = f'{{"at":"3/2","name":"\udcff","seed":{2**70}}}'
    assert plain_json(value) == plain_json(plain(value)) == text.encode("utf-8", "surrogatepass")


def test_json_that_is_written_already_may_stand_beside_text_that_is_no_unicode() -> None:
    for text in ("b", "\udcfe"):
        options = ready(f'{{"z":[1.5,"{text}"],"n":{2**70}}}'.encode("utf-8", "surrogatepass"))
        record = compact_json({"path": "d\udcfe/a.png", "options": options})
        wanted = f'{{"path":"d\udcfe/a.png","options":{{"z":[1.5,"{text}"],"n":{2**70}}}}}'
        assert record == wanted.encode("utf-8", "surrogatepass")
        assert plain_json({"path": "\udcfe", "options": options}).startswith(b'{"options":{"n":')


def test_a_plan_may_write_to_a_path_that_is_no_unicode() -> None:
    one = job(options={"crf": 20}, outputs={"out": "d\udcfe/a.png"})
    assert b'"options":{"crf":20}' in BuildPlan(((one,),)).queue


def test_the_key_of_a_known_job_never_changes_by_accident() -> None:
    # A golden vector: changing it disowns every cache in the world.
    assert key(job()) == "149450d9a789031ce437560e6b39a4158f16929a9d3411a881a36e3b0833cd15"


_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates, too: names of files may have them
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_canonical_json_read_and_written_again_is_the_same(value: Any) -> None:
    text = plain_json(plain(value))
    assert plain_json(plain(json.loads(text))) == text
    assert json.loads(compact_json(plain(value))) == json.loads(text)


def test_a_role_in_which_nothing_is_read_is_no_part_of_a_job() -> None:
    read = {"assets": (Source("a.jpg"),)}
    assert job(inputs={**read, "fonts": ()}) == job(inputs=read)
    assert job(inputs={**read, "fonts": ()}).inputs == read
