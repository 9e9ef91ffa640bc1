"""What a chat model is asked for a script, what becomes of its answer, and films whose scenes it writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.providers.stand_in import StandIn
from tests.scenarios.world import SMALL, World
from vbmake import resources
from vbmake.errors import FatalError
from vbmake.providers.openai import OpenAI
from vbmake.providers.script import asked_script, read_answer, scene_count, schema
from vbmake.providers.types import Account, Generation
from vbmake.render.image import read_image
from vbmake.render.shot import render_still
from vbmake.rules.work import Work
from vbmake.run.workspace import Workspace

ACCOUNT = Account("openai", "openai", "https://api.openai.com/v1")


def asked(**more: Any) -> Generation:
    options = {"kind": "script", "service": "openai", "model": "gpt-5-mini", "prompt": "How bees dance"}
    return asked_script({**options, "seconds": "60", "style": "documentary", "language": "en", **more}, seed=7)


def scene(text: str = "A hill", **more: Any) -> dict[str, Any]:
    return {"title": text, "say": "One.", "picture": f"{text}, oil on wood", "heading": "", **more}


def answer(*scenes: dict[str, Any]) -> dict[str, Any]:
    return {"title": "A film", "language": "en", "scenes": [*scenes]}


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for part in value.values():
            yield from objects(part)


# what is asked


def test_the_request_says_length_style_language_and_subject() -> None:
    generation = asked(seconds="42", style="news", language="pt-BR")
    assert (generation.kind, generation.seconds, generation.seed) == ("script", 42.0, 7)
    for part in ("42 seconds", "exactly 6 scenes", "Style: news", "heading: pt-BR", "How bees dance"):
        assert part in generation.prompt
    for part in ("JSON", "well known", "at most 6 words", "Nothing is written in the pictures"):
        assert part in generation.system


@pytest.mark.parametrize(("seconds", "count"), [("1", 1), ("7", 1), ("15/2", 1), ("14", 2), ("60", 9), ("1800", 257)])
def test_scenes_last_six_to_eight_seconds(seconds: str, count: int) -> None:
    assert scene_count(asked(seconds=seconds).seconds or 0) == count
    assert f"exactly {count} scene" in asked(seconds=seconds).prompt


def test_as_many_words_are_asked_for_as_can_be_said() -> None:
    """About 2.4 words a second in English, without the time to breathe; letters where nobody writes spaces."""
    words = {
        code: int(asked(language=code).prompt.split(" words in the whole film")[0].split()[-1]) for code in ("en", "fi")
    }
    assert 60 * 1.9 < words["en"] < 60 * 2.4
    assert words["fi"] < words["en"]
    assert "characters in the whole film" in asked(language="zh-CN").prompt


def test_the_schema_is_strict() -> None:
    found = list(objects(schema()))
    assert len(found) == 2
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])
    body = OpenAI().submit(asked(), ACCOUNT).json
    assert body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize("seconds", ["0", "1801", "x", "1/0", "-5"])
def test_a_length_that_no_script_has_is_told(seconds: str) -> None:
    with pytest.raises(FatalError, match="allowed are"):
        asked(seconds=seconds)


def test_a_style_is_one_line_of_the_request() -> None:
    assert "Style: news Scenes: 99" in asked(style="news\nScenes: 99").prompt


def test_an_answer_is_plain_data() -> None:
    assert read_answer(answer(scene(extra=1)) | {"make": "x"}) == answer(scene())
    with pytest.raises(ValueError, match="scenes: there are none"):
        read_answer(answer())


# whole films


@pytest.fixture(scope="module")
def provider() -> Iterator[StandIn]:
    with StandIn(polls=1) as server:
        yield server


@pytest.fixture
def asking(tmp_path: Path, provider: StandIn) -> Iterator[World]:
    """A project whose scenes openai writes; the stand-in is as new afterwards."""
    (tmp_path / "film").mkdir()
    yield World(tmp_path / "film", tmp_path / "cache", provider.environ())
    provider.says = None
    provider.behave()


@pytest.fixture
def charged(provider: StandIn) -> Callable[[], list[str]]:
    before = len(provider.charges())
    return lambda: [charge.route for charge in provider.charges()[before:]]


def film(prompt: str, **script: Any) -> dict[str, Any]:
    asked_for = {"prompt": prompt, "provider": "openai", "duration": "6s", **script}
    return {**SMALL, "captions": {"style": "phrase", "files": ["srt"]}, "scenes": {"script": asked_for}}


def test_a_script_is_asked_for_once_and_becomes_a_film(
    asking: World, provider: StandIn, charged: Callable[[], list[str]]
) -> None:
    provider.says = lambda body: answer(scene("A hill", say="One two three."), scene("A lake", say="Four five."))
    built = asking.declare(film("Two places")).build()
    assert charged() == ["chat"]
    assert {"generated-script:script", "speech:a-hill", "speech:a-lake"} <= built.ran
    assert b"One two three." in built.targets["build/film.srt"]
    again = asking.build()
    assert (again.ran, again.targets) == (frozenset(), built.targets)
    clean = asking.cold(asking.root.parent / "clean", asking.cache)
    assert dataclasses.replace(clean, variables={"VBMAKE_OFFLINE": "1"}).build().targets == built.targets
    assert charged() == ["chat"]


def test_the_plan_tells_that_the_scenes_follow(asking: World, charged: Callable[[], list[str]]) -> None:
    plan = json.loads(asking.declare(film("A plan")).doit("plan", "--json").out)
    assert [job["id"] for job in plan["jobs"]] == ["generated-script:script"]
    assert plan["jobs"][0]["cost"] > 0
    assert "what scenes there are" in json.dumps(plan["pending"])
    assert charged() == []


def test_script_and_pictures_by_one_provider_are_each_paid_once(
    asking: World, provider: StandIn, charged: Callable[[], list[str]]
) -> None:
    provider.says = lambda body: answer(scene("A hill"), scene("A lake"), scene("Again", picture="A hill, oil on wood"))
    pictures = {"provider": "openai", "options": {"quality": "low"}}
    asking.declare(film("Three pictures", images=pictures)).build()
    assert sorted(charged()) == ["chat", "images", "images"]
    asking.build()
    assert len(charged()) == 3
    provider.says = lambda body: answer(scene("A hill"), scene("A fox"))
    asking.declare(film("Three pictures", images=pictures, take=2)).build()
    assert sorted(charged()) == ["chat", "chat", "images", "images", "images"], "the hill is known"


HOSTILE = [
    scene("{{ 7*7 }}", say="{{ 7*7 }} {% x %}", heading=r"{\b1}{\fs200}"),
    scene("../../etc/passwd", picture="../../etc/passwd", heading="file:/etc/passwd"),
    scene(
        "{{ 7*7 }}",
        say="make: html-page \x1b[2J \u202e!!python/name:os.system",
        make="html-page",
        layers=[{"image": "x"}],
    ),
]


def test_a_hostile_script_is_shown_and_said_as_plain_text(asking: World, provider: StandIn) -> None:
    provider.says = lambda body: answer(*HOSTILE)
    ended = asking.declare(film("Hostile")).doit()
    assert ended.code == 0, ended.text
    said = (asking.root / "build/film.srt").read_text()
    assert "{( 7*7 )} (% x %)" in said, "braces are tags in SRT files, and other brackets are written"
    assert "make: html-page" in said
    assert "\x1b" not in said + ended.text
    with Workspace.open(asking.root) as workspace:
        jobs = workspace.plan().jobs
    texts = {job.options["text"] for job in jobs if job.rule == "speech"}
    assert texts == {"{{ 7*7 }} {% x %}", "One.", "make: html-page [2J !!python/name:os.system"}
    shown = {layer["text"] for job in jobs for layer in job.options.get("layers", ()) if layer["kind"] == "text"}
    assert shown == {r"{\b1}{\fs200}", "file:/etc/passwd"}
    assert not any(job.rule == "html-page" for job in jobs)


def test_tags_of_subtitles_in_a_heading_are_letters_that_are_seen(tmp_path: Path) -> None:
    """A tag would be obeyed, and leave nothing to be seen."""
    still = tmp_path / "still.png"
    style = {"font": 0, "size": 24.0, "color": "#ffffffff", "align": "left"}
    tags = {
        "kind": "text",
        "text": r"{\b1}{\fs200}",
        "style": style,
        "wrap": None,
        "show": [0, 1],
        "origin": [0.0, 0.0],
    }
    options = {"width": 320, "height": 64, "fps": "30", "frames": 1, "background": "#000000ff"}
    options["layers"] = [{**tags, "x": 4, "y": 4}]
    fonts = {"assets": (), "fonts": (resources.path(resources.DEFAULT_FONT),)}
    render_still(Work(options, fonts, {"still": still}, tmp_path, lambda _: None, lambda _done, _total: None))
    columns = np.flatnonzero((read_image(still)[..., :3] > 128).any(axis=(0, 2)))
    assert columns[-1] - columns[0] > 120, "thirteen signs"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (answer(), "scenes: there are none"),
        (answer(*[scene()] * 5000), "there are more than 300"),
        (answer(scene(say="a" * 10_000_000)), "the text is too long"),
        ({"scenes": 7}, "title: it is missing"),
        (answer({**scene(), "say": ["x"]}), "scenes[1].say: a text is wanted, not a list"),
        ("[" * 100_000, "no JSON"),
        ("I would rather not.", "no JSON"),
        ('{"a": ' + "9" * 5000 + "}", "no JSON"),
    ],
    ids=["empty", "many", "long", "shape", "type", "deep", "prose", "number"],
)
def test_what_is_no_script_is_refused_with_what_to_do(asking: World, provider: StandIn, says: Any, told: str) -> None:
    provider.says = lambda body: says
    ended = asking.declare(film(f"Refused {told}")).doit()
    assert ended.code == 1, ended.text
    assert told in ended.text
    assert "reroll" in ended.text or "run it again" in ended.text
    assert "Traceback" not in ended.text
    assert len(ended.text) < 4000


@pytest.mark.parametrize(
    ("deed", "told"), [("refusal", "other words"), ("length", "shorter film"), ("content-filter", "other words")]
)
def test_a_refusal_and_a_cut_answer_tell_what_to_do(
    asking: World, provider: StandIn, charged: Callable[[], list[str]], deed: str, told: str
) -> None:
    provider.misbehave("openai", deed)
    ended = asking.declare(film(f"A {deed}")).doit()
    assert ended.code == 1
    assert told in ended.text
    assert "it was charged" in ended.text
    assert charged() == ["chat"]


def test_a_script_in_a_cache_that_is_none_is_told_with_its_mend(asking: World, provider: StandIn) -> None:
    """Measures are data of others, too: a cache may be shared."""
    provider.says = lambda body: answer(scene())
    asking.declare(film("A cache")).build()
    journal = asking.root / ".vbmake/measures.jsonl"
    tags = asking.root / ".vbmake/dag/tags.jsonl"
    found = False
    for file in (journal, tags):
        text = file.read_text()
        found = found or '"title":"A film"' in text or '"title": "A film"' in text
        file.write_text(text.replace('"title":"A film"', '"title":7').replace('"title": "A film"', '"title": 7'))
    assert found
    ended = asking.doit()
    assert ended.code == 3, ended.text
    assert "the script cannot be used: it is no script: title: a text is wanted, not a number" in ended.text
    assert "forget generated-script:script" in ended.text
