"""Films with assets of providers, made by a stand-in that charges: nothing is ever paid twice."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.providers.stand_in import StandIn
from tests.providers.stand_in.media import picture
from tests.scenarios.world import SMALL, World
from tests.storage.s3_server import CREDENTIALS
from vbmake.errors import ProjectError, WorkspaceError
from vbmake.providers.openai import OpenAI
from vbmake.run.build import run_build
from vbmake.run.executor import ThreadExecutor
from vbmake.run.workspace import Workspace

Film = dict[str, Any]


@pytest.fixture(scope="module")
def provider() -> Iterator[StandIn]:
    with StandIn(polls=1) as server:
        yield server


@pytest.fixture
def asking(world: World, provider: StandIn) -> World:
    """A project whose providers are the stand-in, with a key for each."""
    return dataclasses.replace(world, variables=provider.environ())


class Bill:
    """What was charged since this was made, by service."""

    def __init__(self, provider: StandIn) -> None:
        self.provider = provider
        self.before = len(provider.charges())

    @property
    def count(self) -> int:
        return len(self.provider.charges()) - self.before

    @property
    def asked(self) -> list[str]:
        return [charge.service for charge in self.provider.charges()[self.before :]]


@pytest.fixture
def bill(provider: StandIn) -> Bill:
    return Bill(provider)


def film(*scenes: Film, **more: Any) -> Film:
    return {**SMALL, "scenes": [*scenes], **more}


def painted(prompt: str, id: str = "", **more: Any) -> Film:
    image = {"prompt": prompt, "provider": "openai", "options": {"quality": "low"}, **more}
    return {"id": id or prompt.replace(" ", "-"), "duration": "500ms", "layers": [{"image": image}]}


def test_every_kind_of_asset_is_asked_for_once_and_never_again(asking: World, bill: Bill) -> None:
    everything = film(
        painted("a hill"),
        {"id": "wave", "layers": [{"video": {"prompt": "a wave", "provider": "replicate"}}]},
        {"id": "said", "say": "One two three four."},
        {"id": "more", "say": {"text": "Five six seven.", "voice": "other"}},
        {"id": "bell", "duration": "1s", "sounds": [{"source": {"prompt": "a bell", "provider": "elevenlabs"}}]},
        {"id": "fal", "duration": "1s", "layers": [{"image": {"prompt": "a fox", "provider": "fal"}}]},
        voice={"provider": "elevenlabs"},
        voices={"other": {"provider": "openai"}},
        music={"source": {"prompt": "a song", "provider": "elevenlabs", "duration": "3s"}},
        captions={"style": "phrase", "files": ["srt"]},
    )
    asking.declare(everything)
    first = asking.build()
    # A voice, a song, a bell; a picture; a picture, a voice and the times of its words; a clip.
    assert sorted(bill.asked) == ["elevenlabs"] * 3 + ["fal"] + ["openai"] * 3 + ["replicate"]
    again = Bill(bill.provider)
    second = asking.build()
    assert again.count == 0
    assert not second.ran
    assert second.targets == first.targets
    assert b"One two three four." in first.targets["build/film.srt"]


def test_a_changed_prompt_pays_for_one_asset(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("a red house"), painted("a blue house"))).build()
    assert bill.count == 2
    asking.declare(film(painted("a red house"), painted("a green house"))).build()
    assert bill.count == 3
    asking.declare(film(painted("a red house"), painted("a blue house"))).build()
    assert bill.count == 3, "the earlier picture is in the cache"


def test_what_was_made_is_past_being_refused(asking: World, bill: Bill, monkeypatch: pytest.MonkeyPatch) -> None:
    asking.declare(film(painted("a kept hill"))).build()
    monkeypatch.setattr(OpenAI, "check", lambda _self, _generation: "it takes nothing any more")
    assert not asking.build().ran
    asking.declare(film(painted("a kept hill"), painted("a new hill")))
    with pytest.raises(ProjectError, match=r"scenes\[1\]\.layers\[0\]\.image: it takes nothing any more") as caught:
        asking.build()
    assert len(caught.value.problems) == 1
    assert bill.count == 1


def test_the_same_prompt_in_two_scenes_is_paid_once_and_renaming_is_free(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("one cat", id="a"), painted("one cat", id="b"))).build()
    assert bill.count == 1
    asking.declare(film(painted("one cat", id="renamed"), painted("one cat", id="b"), title="Cats")).build()
    assert bill.count == 1


def test_a_clean_checkout_builds_offline_without_keys_from_the_lock_and_the_cache(
    asking: World, bill: Bill, tmp_path: Path
) -> None:
    built = asking.declare(film(painted("a locked door"))).build()
    lock = json.loads((asking.root / "vbmake.lock").read_text())
    (asset,) = lock["assets"].values()
    assert (asset["service"], asset["model"], asset["prompt"]) == ("openai", "gpt-image-2", "a locked door")
    clean = World(tmp_path / "clean", asking.cache, {"VBMAKE_OFFLINE": "1"})
    shutil.copytree(asking.root, clean.root, ignore=shutil.ignore_patterns(".vbmake", "build"))
    assert clean.build().targets == built.targets
    assert bill.count == 1


def test_what_is_only_measured_is_built_too_and_leaves_nothing_to_do(asking: World, bill: Bill, tmp_path: Path) -> None:
    """The script and the times of words: no other job reads them, and a plan that is built asks for none of them."""
    script = {"prompt": "two hills", "provider": "openai", "duration": "8s"}
    declared = {**film(voice={"provider": "openai"}, captions={"files": ["srt"]}), "scenes": {"script": script}}
    assert asking.declare(declared).doit().code == 0
    paid = bill.count
    clean = dataclasses.replace(asking.cold(tmp_path / "clean", asking.cache), variables={"VBMAKE_OFFLINE": "1"})
    for state in ("fetch", "current"):
        plan = json.loads(clean.doit("plan", "--json").out)
        measured = [job for job in plan["jobs"] if job["rule"] in ("generated-script", "word-times")]
        assert {job["rule"] for job in measured} == {"generated-script", "word-times"}
        assert {job["state"] for job in measured} == {state}
        ended = clean.doit()
        assert ended.code == 0, ended.text
    assert plan["totals"]["current"] == plan["totals"]["jobs"]
    assert bill.count == paid


def test_offline_fails_rather_than_calls_and_says_what_is_missing(asking: World, bill: Bill) -> None:
    ended = asking.declare(film(painted("nobody asks"))).doit(VBMAKE_OFFLINE="1")
    assert ended.code == 1
    assert "offline" in ended.text
    assert "video.yaml" in ended.text
    assert bill.count == 0


def test_without_a_key_it_says_which_variable_to_set(asking: World, bill: Bill) -> None:
    ended = asking.declare(film(painted("no key"))).doit(OPENAI_API_KEY="")
    assert ended.code == 1
    assert "OPENAI_API_KEY" in ended.text
    assert bill.count == 0


def test_what_the_lock_pins_is_taken_rather_than_what_another_machine_made(
    asking: World, bill: Bill, tmp_path: Path
) -> None:
    """Two machines asked for the same picture and got two: the committed lock decides."""
    asking.declare(film(painted("two answers")))
    other = dataclasses.replace(asking.cold(tmp_path / "other", tmp_path / "other cache"))
    first, second = asking.build(), other.build()
    assert bill.count == 2
    assert first.targets["build/film.mp4"] != second.targets["build/film.mp4"]
    shutil.copytree(asking.cache, other.cache, dirs_exist_ok=True)
    shutil.copyfile(asking.root / "vbmake.lock", other.root / "vbmake.lock")
    agreed = other.build()
    assert agreed.targets == first.targets
    assert bill.count == 2


def test_another_take_is_another_asset_and_the_earlier_one_is_free(asking: World, bill: Bill) -> None:
    first = asking.declare(film(painted("a take"))).build()
    (job,) = [name for name in first.ran if name.startswith("generated-image:")]
    ended = asking.doit("reroll", job)
    assert ended.code == 0, ended.text
    assert "take 2" in ended.text
    second = asking.build()
    assert bill.count == 2
    assert second.targets["build/film.mp4"] != first.targets["build/film.mp4"]
    assert asking.doit("reroll", job, "--take", "1").code == 0
    assert asking.build().targets == first.targets
    assert bill.count == 2


def test_a_take_that_is_none_is_refused_and_nothing_is_chosen(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("no such take")))
    (job,) = [job["id"] for job in json.loads(asking.doit("plan", "--json").out)["jobs"] if "image:" in job["id"]]
    for take in ("0", "-1", "10001", "two", "1.5", ""):
        ended = asking.doit("reroll", f"--take={take}", job)
        told = f"ERROR: --take is a number from 1 to 10000, not {take or 'nothing'}\n"
        assert (ended.code, ended.out, ended.err) == (3, "", told)
    assert "not -1" in asking.doit("reroll", job, "--take", "-1").err
    assert not (asking.root / "vbmake.lock").exists()
    assert bill.count == 0


def test_there_is_no_take_after_the_last(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("the last take", take=10000)))
    (job,) = [job["id"] for job in json.loads(asking.doit("plan", "--json").out)["jobs"] if "image:" in job["id"]]
    ended = asking.doit("reroll", job)
    assert ended.code == 3
    assert "has no take after 10000" in ended.err
    assert not (asking.root / "vbmake.lock").exists()


def test_a_declared_take_is_another_asset(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("declared takes"))).build()
    asking.declare(film(painted("declared takes", take=2))).build()
    asking.declare(film(painted("declared takes", take=1))).build()
    assert bill.count == 2


def test_what_cannot_be_asked_for_again_is_told_with_what_can(asking: World) -> None:
    asking.declare(film(painted("a near hill"), {"id": "local", "layers": [{"image": {"prompt": "a far hill"}}]}))
    for word, told in (
        ("a-neer-hill", "did you mean generated-image:a-near-hill-"),
        ("nosuch", "nosuch is no job and no target; providers make generated-image:a-near-hill-"),
        ("placeholder-image", "is not made by a provider: made again, it would be the same; providers make generated-"),
    ):
        ended = asking.doit("reroll", word)
        assert ended.code == 3
        assert told in ended.err


def test_a_job_that_is_planned_later_is_told_as_what_it_is(asking: World) -> None:
    asking.declare(film(painted("a later hill"), {"id": "said", "say": "One."}, voice={"provider": "openai"}))
    for word, told in (
        ("shot:main/a-later-hill/0", "is not made by a provider: made again, it would be the same; providers make"),
        ("sho:main", "is no job and no target; providers make"),
    ):
        ended = asking.doit("reroll", word)
        assert ended.code == 3
        assert f"{word} {told}" in ended.err
    assert "not all is planned yet: " in ended.err


def test_doing_everything_again_pays_for_nothing_again(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("always"))).build()
    ended = asking.doit("-a")
    assert ended.code == 0, ended.text
    assert bill.count == 1


def test_the_plan_tells_of_a_request_in_question(asking: World, provider: StandIn, bill: Bill) -> None:
    asking.declare(film(painted("lost answer")))
    provider.misbehave("openai", "reset", charged=True)
    try:
        assert asking.doit().code == 1
    finally:
        provider.behave()
    assert bill.count == 1
    (row,) = [job for job in json.loads(asking.doit("plan", "--json").out)["jobs"] if job["rule"] == "generated-image"]
    assert "it may have been asked for" in row["reason"]
    assert row["cost"] == 0
    assert asking.doit("resume", "--resubmit", row["id"]).code == 0
    assert asking.doit().code == 0
    assert bill.count == 2, "that was agreed to"


def test_a_job_that_was_accepted_can_be_given_up(asking: World, provider: StandIn, bill: Bill) -> None:
    asking.declare(film({"id": "wave", "layers": [{"video": {"prompt": "a slow wave", "provider": "replicate"}}]}))
    provider.misbehave("replicate", "stuck")
    provider.misbehave("replicate", route="poll", status=401)
    try:
        assert asking.doit().code == 1
        listed = asking.doit("resume").out
        job = listed.split()[0]
        assert "under way since" in listed
        assert "the next build asks for its result" in listed
        assert "under way" in asking.doit("resume", "--resubmit", job).text
        assert "was asked to stop it, and did" in asking.doit("resume", "--abandon", job).out
        assert f"{job}  abandoned" in asking.doit("resume").out
        ended = asking.doit()
        assert (ended.code, bill.count) == (1, 1)
        assert "was abandoned" in ended.text
    finally:
        provider.behave()
    assert asking.doit("resume", "--resubmit", job).code == 0
    assert asking.doit().code == 0
    assert bill.count == 2


def test_agreeing_counts_what_earlier_rounds_have_spent(asking: World, bill: Bill) -> None:
    prices = [
        {"service": "openai", "model": "gpt-image-2", "unit": "image", "price": "1 USD"},
        {"service": "elevenlabs", "model": "*", "unit": "run", "price": "1 USD"},
    ]
    said = {"id": "said", "say": "One two.", "voice": None}
    del said["voice"]
    scenes = {"script": {"prompt": "two words", "provider": "openai", "duration": "8s"}}
    prices.append({"service": "openai", "model": "gpt-5-mini", "unit": "run", "price": "2 USD"})
    declared = {**film(said), "scenes": scenes, "voice": {"provider": "elevenlabs"}}
    asking.declare({**declared, "budget": {"confirm": "2.5 USD"}, "prices": prices})
    ended = asking.doit()
    assert ended.code == 2, ended.text
    assert bill.count == 1, "the script was below what was agreed to; with the voices it is above"


def test_what_is_not_asked_for_need_not_be_agreed_to(asking: World, bill: Bill) -> None:
    price = {"service": "openai", "model": "gpt-image-2", "unit": "image", "price": "1 USD"}
    text = {"id": "text", "duration": "500ms", "layers": [{"text": "T"}]}
    asking.declare(film(painted("agreed"), text, budget={"confirm": "0.5 USD"}, prices=[price]))
    assert asking.doit(VBMAKE_YES="no").code == 2
    assert asking.doit("--yes").code == 0
    assert bill.count == 1


def test_a_build_that_was_planned_before_another_ended_pays_for_nothing_again(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("twice planned")))
    uncached = dataclasses.replace(asking, variables={**asking.variables, "VBMAKE_CACHE_DIR": "off"})
    told = {**asking.variables, "VBMAKE_CACHE_DIR": "off"}
    with mock.patch.dict("os.environ", told), Workspace.open(asking.root) as early:
        early.plan()
        assert uncached.doit(VBMAKE_CACHE_DIR="off").code == 0
        assert bill.count == 1
        assert run_build(early, executor=ThreadExecutor(1)).ok
    assert bill.count == 1


def test_a_reroll_during_a_build_is_not_lost(asking: World) -> None:
    first = asking.declare(film(painted("rolled meanwhile"))).build()
    (job,) = [name for name in first.ran if name.startswith("generated-image:")]
    told = {**asking.variables, "VBMAKE_CACHE_DIR": str(asking.cache)}
    with mock.patch.dict("os.environ", told), Workspace.open(asking.root) as early:
        early.plan()
        assert asking.doit("reroll", job).code == 0
        assert run_build(early, executor=ThreadExecutor(1)).ok
    assert list(json.loads((asking.root / "vbmake.lock").read_text())["takes"].values()) == [2]


def test_a_lock_of_bytes_that_nobody_has_costs_nothing_and_stays(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("elsewhere"))).build()
    lock = asking.root / "vbmake.lock"
    told = json.loads(lock.read_text())
    (asset,) = told["assets"].values()
    asset["outputs"]["image"]["sha256"] = "0" * 64
    lock.write_text(json.dumps(told))
    asking.build()
    assert bill.count == 1
    assert "0" * 64 in lock.read_text()


def test_what_is_pinned_and_nowhere_kept_is_told_and_asked_for_anew(asking: World, bill: Bill, tmp_path: Path) -> None:
    asking.declare(film(painted("pinned and lost"), painted("not pinned"))).build()
    lock = asking.root / "vbmake.lock"
    told = json.loads(lock.read_text())
    (kept,) = [key for key, asset in told["assets"].items() if asset["prompt"] == "pinned and lost"]
    told["assets"] = {kept: told["assets"][kept]}
    lock.write_text(json.dumps(told))
    bare = asking.cold(tmp_path / "bare", tmp_path / "bare cache")
    rows = {job["id"]: job for job in json.loads(bare.doit("plan", "--json").out)["jobs"] if job["cost"]}
    (lost,) = [row for name, row in rows.items() if "pinned-and-lost" in name]
    (new,) = [row for name, row in rows.items() if "not-pinned" in name]
    assert (lost["state"], new["state"]) == ("run", "run")
    said = "vbmake.lock pins it, and no cache has those bytes: it is asked for, and paid, anew"
    assert lost["reason"].startswith(said)
    assert "vbmake.lock" not in new["reason"]
    assert said in bare.doit("plan").out
    assert said in bare.doit("why", lost["id"]).out
    assert bill.count == 2
    ended = bare.doit()
    assert ended.code == 0, ended.text
    assert bill.count == 4
    again = json.loads((bare.root / "vbmake.lock").read_text())["assets"]
    assert set(again) > {kept}
    assert again[kept]["outputs"] != told["assets"][kept]["outputs"], "the lock pins what there is now"
    assert json.loads(bare.doit("plan", "--json").out)["totals"]["run"] == 0


def test_the_lock_is_tidied_where_no_stamp_can_be_written(asking: World) -> None:
    rule = "rule: dots\nabout: x\nmakes: {image: png}\nneeds: [fonts, cp]\nreads: {a: file}\n"
    rule += "command: [cp, '{{ a }}', '{{ image }}']\n"
    dots = {"id": "dots", "duration": "500ms", "layers": [{"make": "dots", "a": "a.png"}]}
    asking.write("rules/dots.yaml", rule).write("a.png", picture(16, 16, b"a"))
    asking.declare(film(painted("first thought"), dots)).build()
    asking.declare(film(painted("second thought"), dots)).build()
    assets = json.loads((asking.root / "vbmake.lock").read_text())["assets"]
    assert [asset["prompt"] for asset in assets.values()] == ["second thought"]


def test_cleaning_never_removes_what_only_money_brings_back(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("precious")))
    uncached = dataclasses.replace(asking, variables={**asking.variables, "VBMAKE_CACHE_DIR": "off"})
    assert uncached.doit(VBMAKE_CACHE_DIR="off").code == 0
    ended = uncached.doit("clean", VBMAKE_CACHE_DIR="off")
    assert "it was paid for" in ended.text
    assert uncached.doit(VBMAKE_CACHE_DIR="off").code == 0
    assert bill.count == 1


def test_trimming_the_cache_spares_what_was_paid_for(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("spared"), {"id": "text", "duration": "500ms", "layers": [{"text": "T"}]}))
    first = asking.build()
    ended = asking.doit("gc", "--size", "0")
    assert ended.code == 0, ended.text
    shutil.rmtree(asking.root / ".vbmake")
    shutil.rmtree(asking.root / "build")
    again = asking.build()
    assert [name for name in again.fetched if name.startswith("generated-image:")]
    assert "shot:main/text/0" in again.ran
    assert again.targets == first.targets
    assert bill.count == 1
    assert asking.doit("gc", "--size", "0", "--paid").code == 0
    assert not list((asking.cache / "v1").rglob("*.json"))


@pytest.mark.parametrize("lost", ["", "s3://films/cache?endpoint=http://127.0.0.1:9"])
def test_what_was_paid_for_and_is_gone_is_told_and_not_paid_again_unasked(asking: World, bill: Bill, lost: str) -> None:
    """Found out while another job reads it; a cache that does not answer may have it still."""
    where = {"VBMAKE_CACHE_DIR": "off", "VBMAKE_CACHE": lost, **CREDENTIALS}
    scene = painted("a lost picture", id="scene")
    assert asking.declare(film(scene)).doit(**where).code == 0
    (picture,) = (asking.root / ".vbmake").rglob("generated-image*/*.png")
    picture.unlink()
    asking.declare(film({**scene, "layers": [*scene["layers"], {"color": "#ff000080"}]}))
    ended = asking.doit(**where)
    assert ended.code == 1, ended.text
    said = "and s3://films/cache cannot be asked for it; build again when it can" if lost else "and from every cache"
    assert f"is gone from this directory{' ' if not lost else ', '}{said}" in " ".join(ended.text.split())
    assert ("doit forget" in ended.text) == (not lost)
    assert bill.count == 1


def test_what_is_pinned_is_not_paid_again_because_the_cache_that_has_it_does_not_answer(
    asking: World, bill: Bill, tmp_path: Path
) -> None:
    down = {"VBMAKE_CACHE": "s3://films/cache?endpoint=http://127.0.0.1:9", **CREDENTIALS}
    shared = str(tmp_path / "shared")
    assert asking.declare(film(painted("a shared hill"))).doit(VBMAKE_CACHE=shared).code == 0
    cold = asking.cold(tmp_path / "cold", tmp_path / "cold cache")
    said = "vbmake.lock pins it, and s3://films/cache, which may have those bytes, does not answer"
    plan = json.loads(cold.doit("plan", "--json", **down).out)
    (row,) = [job for job in plan["jobs"] if job["rule"] == "generated-image"]
    assert (row["state"], row["reason"].startswith(said), row["cost"]) == ("run", True, 0)
    ended = cold.doit(**down)
    assert (ended.code, said in " ".join(ended.text.split())) == (1, True), ended.text
    assert bill.count == 1
    assert cold.doit(VBMAKE_CACHE=shared).code == 0
    assert bill.count == 1
    other = asking.cold(tmp_path / "other", tmp_path / "other cache")
    assert other.doit(VBMAKE_CACHE="off").code == 0, "whoever has no cache to ask pays"
    assert bill.count == 2


def test_none_of_several_that_ask_alike_is_told_to_be_made_where_none_may(
    asking: World, bill: Bill, tmp_path: Path
) -> None:
    films = {"for": {"name": "{{ ['one', 'two'] }}"}, "name": "{{ name }}"}
    said = film({"id": "said", "say": "Pinned alike."}, voice={"provider": "openai", "voice": "alloy"}, films=films)
    asking.declare({key: value for key, value in said.items() if key != "name"})
    assert asking.doit(VBMAKE_CACHE=str(tmp_path / "shared")).code == 0
    down = {"VBMAKE_CACHE": "s3://films/cache?endpoint=http://127.0.0.1:9", **CREDENTIALS}
    cold = asking.cold(tmp_path / "cold", tmp_path / "cold cache")
    plan = json.loads(cold.doit("plan", "--json", **down).out)
    rows = [job for job in plan["jobs"] if job["rule"] == "generated-voice"]
    assert [(row["state"], "does not answer" in row["reason"]) for row in rows] == [("run", True)] * 2
    assert bill.count == 1


def test_cleaned_assets_come_back_from_the_cache(asking: World, bill: Bill) -> None:
    first = asking.declare(film(painted("cached and cleaned"))).build()
    assert "paid" not in asking.doit("clean").text
    assert asking.build().targets == first.targets
    assert bill.count == 1


def test_no_key_is_in_any_file_or_output(asking: World, provider: StandIn) -> None:
    asking.declare(film(painted("a secret"), {"id": "said", "say": "A word."}, voice={"provider": "elevenlabs"}))
    ended = asking.doit()
    assert ended.code == 0, ended.text
    keys = [provider.key(service).encode() for service in ("openai", "elevenlabs")]
    for file in [*asking.root.rglob("*"), *asking.cache.rglob("*")]:
        if file.is_file():
            assert not any(key in file.read_bytes() for key in keys), file
    assert not any(key.decode() in ended.text for key in keys)


def test_a_broken_lock_is_told_with_its_mend(asking: World) -> None:
    asking.declare(film(painted("broken lock"))).write("vbmake.lock", "<<<<<<< HEAD\n{}\n")
    ended = asking.doit()
    assert ended.code == 3
    assert "vbmake.lock" in ended.text
    assert "merge" in ended.text


def test_a_budget_is_never_exceeded(asking: World, bill: Bill) -> None:
    scenes = [painted(f"picture {number}") for number in range(6)]
    price = {"service": "openai", "model": "gpt-image-2", "unit": "image", "price": "1 USD"}
    ended = asking.declare(film(*scenes, budget="3 USD", prices=[price])).doit("-n", "8", "--continue")
    assert ended.code == 1
    assert bill.count == 3
    assert "budget" in ended.text


def test_a_budget_holds_as_much_side_by_side_as_one_after_the_other(
    asking: World, bill: Bill, provider: StandIn
) -> None:
    scenes = [painted(f"a small picture {number}", options={}) for number in range(3)]
    provider.limit("openai", latency=0.1)  # so that they meet
    try:
        ended = asking.declare(film(*scenes, budget="0.2 USD")).doit("-n", "4", "--continue")
    finally:
        provider.limit("openai")
    assert ended.code == 0, ended.text
    assert bill.count == 3


def test_a_model_without_a_price_is_refused_under_a_budget(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("unpriced", model="unheard-of-model"), budget="3 USD"))
    ended = asking.doit()
    assert ended.code == 1
    assert "unheard-of-model" in ended.text
    assert bill.count == 0
    allowed = film(painted("unpriced", model="unheard-of-model"), budget={"total": 3, "unpriced": "allow"})
    assert asking.declare(allowed).doit().code == 0
    assert bill.count == 1


def test_a_build_that_may_cost_much_is_agreed_to_first(asking: World, bill: Bill) -> None:
    price = {"service": "openai", "model": "gpt-image-2", "unit": "image", "price": "1 USD"}
    asking.declare(film(painted("a question"), budget={"confirm": "0.5 USD"}, prices=[price]))
    ended = asking.doit()
    assert ended.code == 2
    assert "1.00 USD" in ended.text
    assert "--yes" in ended.text
    assert bill.count == 0
    ended = asking.doit("--yes")
    assert ended.code == 0, ended.text
    assert "paid 1.00 USD" in ended.text
    assert bill.count == 1


def test_what_two_films_ask_for_alike_is_agreed_to_and_told_once(asking: World, bill: Bill) -> None:
    said = film({"id": "said", "say": "Said alike."}, voice={"provider": "openai", "voice": "alloy"})
    single = json.loads(asking.declare(said).doit("plan", "--json").out)["totals"]["cost"]
    films = {"for": {"name": "{{ ['one', 'two'] }}"}, "name": "{{ name }}"}
    limit = f"{single * 1.1:.6f} USD"
    both = {key: value for key, value in said.items() if key != "name"}
    asking.declare({**both, "films": films, "budget": {"confirm": limit, "run": limit}})
    plan = json.loads(asking.doit("plan", "--json").out)
    states = [(job["state"], job["cost"]) for job in plan["jobs"] if job["rule"] == "generated-voice"]
    assert states == [("run", single), ("fetch", 0.0)]
    assert plan["totals"]["cost"] == single > 0
    assert "the budget has" not in asking.doit("plan").out
    ended = asking.doit()
    assert ended.code == 0, ended.text
    assert bill.count == 1


def test_a_build_from_python_asks_whom_it_was_given(asking: World, bill: Bill) -> None:
    price = {"service": "openai", "model": "gpt-image-2", "unit": "image", "price": "1 USD"}
    asking.declare(film(painted("asked from python"), budget={"confirm": "0.5 USD"}, prices=[price]))
    told: list[str] = []

    def ask(what: str) -> bool:
        told.append(what)
        return len(told) > 1

    with mock.patch.dict("os.environ", {**asking.variables, "VBMAKE_CACHE_DIR": str(asking.cache)}):
        with pytest.raises(WorkspaceError, match="not agreed to"):
            run_build(asking.root, confirm=ask)
        assert bill.count == 0
        assert run_build(asking.root, confirm=ask).ok
        assert bill.count == 1
        assert run_build(asking.root, confirm=ask).ok, "what is paid need not be agreed to"
    assert told == ["this build may cost up to 1.00 USD (1 request), more than 0.50 USD"] * 2


@pytest.mark.parametrize("more", [{}, {"overlays": [{"text": "over"}]}], ids=["", "with an overlay"])
def test_a_still_pays_for_what_its_scene_shows_alone(asking: World, bill: Bill, more: Film) -> None:
    two = [painted(f"still {len(more)} {name}", id=name) for name in ("one", "two")]
    asking.declare(film(*two, transition="fade", **more))
    ended = asking.doit("frame", "one@0s")
    assert ended.code == 0, ended.text
    assert bill.count == 1
    asking.build()
    assert bill.count == 2, "the film pays for the other alone"


def test_the_plan_tells_what_would_be_paid(asking: World, bill: Bill) -> None:
    asking.declare(film(painted("a price"), painted("another price")))
    plan = json.loads(asking.doit("plan", "--json").out)
    costs = [job["cost"] for job in plan["jobs"] if job["rule"] == "generated-image"]
    assert len(costs) == 2
    assert all(cost > 0 for cost in costs)
    assert plan["totals"]["cost"] == pytest.approx(sum(costs))
    assert bill.count == 0
    asking.build()
    assert json.loads(asking.doit("plan", "--json").out)["totals"]["cost"] == 0
    told = json.loads(asking.doit("costs", "--json").out)
    assert told


def test_the_plan_tells_of_a_missing_key_and_of_a_budget_that_does_not_reach(asking: World, bill: Bill) -> None:
    prices = [{"service": "openai", "model": "gpt*", "unit": "image", "price": "1 USD"}]
    scenes = [painted("first of all"), painted("second of all")]
    asking.declare(film(scenes[0], prices=prices, budget="2.5 USD"))
    assert "note " not in asking.doit("plan").out
    keyless = asking.doit("plan", OPENAI_API_KEY="").out
    assert "note     openai has no key: set the environment variable OPENAI_API_KEY (1 request to ask)" in keyless
    asking.build()
    asking.declare(film(*scenes, painted("third of all"), prices=prices, budget="2.5 USD"))
    assert "note     this may cost up to 2.00 USD, and the budget has 1.50 USD left" in asking.doit("plan").out
    unpriced = painted("fourth of all", provider="replicate", model="some/one", options={})
    asking.declare(film(scenes[0], unpriced, prices=prices, budget="2.5 USD"))
    assert "note     1 request of models without a known price" in asking.doit("plan").out


def test_the_provenance_stands_beside_each_asset(asking: World) -> None:
    asking.declare(film(painted("a story"))).build()
    (file,) = (asking.root / ".vbmake/work/generated-image").glob("*.provenance.json")
    facts = json.loads(file.read_text())
    assert facts["service"] == "openai"
    assert facts["request"]["json"]["prompt"] == "a story"
    assert facts["request_id"]
    assert facts["cost"]


def test_limits_hold_across_the_run(asking: World, provider: StandIn) -> None:
    scenes = [painted(f"many {number}") for number in range(12)]
    asking.declare(film(*scenes, providers={"openai": {"limit": 3}}))
    provider.limit("openai", concurrent=50, latency=0.05)
    try:
        before = provider.peak("openai")
        ended = asking.doit("-n", "8")
    finally:
        provider.limit("openai", latency=0)
    assert ended.code == 0, ended.text
    assert before <= 3
    assert provider.peak("openai") == 3
