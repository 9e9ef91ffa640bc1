"""From a prompt to a film, whole: offline with what this machine makes, and with a chat provider that charges."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from tests.providers.stand_in import StandIn
from tests.scenarios.world import World
from vbmake.render.probe import probe

SMALL = ["--duration", "8", "--size", "64x36"]
ANSWER = {
    "title": "The dance: {{ bees }}",
    "language": "en",
    "scenes": [
        {"title": "One", "say": "One two.", "picture": "A bee, macro", "heading": r"{\b1}"},
        {"title": "Two", "say": "Three four.", "picture": "../../etc/passwd", "heading": ""},
    ],
}


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with StandIn() as server:
        server.says = lambda body: ANSWER
        yield server


@pytest.fixture
def asking(world: World, provider: StandIn) -> World:
    return dataclasses.replace(world, variables=provider.environ())


def seconds(film: Path) -> float:
    return float(Fraction(probe(film)["duration"]))


def test_a_project_from_a_prompt_is_a_film_offline(world: World) -> None:
    offline = dataclasses.replace(world, variables={"VBMAKE_OFFLINE": "1"})
    written = offline.doit("new", "civil-war", "--prompt", "The American Civil War in a minute", *SMALL)
    assert written.code == 0, written.text
    project = dataclasses.replace(offline, root=world.root / "civil-war")
    built = project.doit()
    assert built.code == 0, built.text
    assert 3 < seconds(project.root / "build/civil-war.mp4") < 12
    assert "the American Civil War" in (project.root / "build/civil-war.srt").read_text().replace("\n", " ")
    again = project.doit()
    assert again.code == 0
    assert " ran" not in again.out


def test_a_build_of_the_film_alone_is_not_taken_for_one_of_everything(world: World, tmp_path: Path) -> None:
    """The script is only measured: where it comes from a cache, the film does not need its bytes."""
    declared = {"vbmake": 1, "size": "64x36", "scenes": {"script": {"prompt": "Hills", "duration": "8s"}}}
    assert world.declare(declared).doit().code == 0
    clean = world.cold(tmp_path / "clean", world.cache)
    assert clean.doit("film:main", "timeline:main").code == 0
    assert "fetch    local-script:script" in clean.doit("plan").out
    assert "fetched  local-script:script" in clean.doit().out
    assert "fetch" not in clean.doit("plan").out
    assert len(clean.doit().out.splitlines()) == 1, "nothing is to be done"


def test_from_a_prompt_straight_to_the_film_offline(world: World) -> None:
    command = ["--prompt", "Civil War", "--output", "./build/", "-n", "2", "--offline", "--music", "none", *SMALL]
    ended = world.doit(*command)
    assert ended.code == 0, ended.text
    assert ended.out.splitlines()[-2].split()[0] == "build/civil-war.mp4"
    film = world.root / "build/civil-war.mp4"
    assert film.read_bytes() == (world.root / "build/civil-war/build/civil-war.mp4").read_bytes()
    assert 3 < seconds(film) < 12
    film.unlink()
    again = world.doit(*command)
    assert again.code == 0, again.text
    assert " ran" not in again.out, "nothing is made again"
    assert film.exists()
    assert world.doit(*command, "--style", "news").code == 2


def test_a_chat_provider_writes_a_project_and_its_builds_pay_nothing_more(asking: World, provider: StandIn) -> None:
    written = asking.doit(
        "new", "bees", "--prompt", "How bees dance", "--provider", "openai", "--music", "none", *SMALL
    )
    assert written.code == 0, written.text
    project = dataclasses.replace(asking, root=asking.root / "bees")
    built = project.doit()
    assert built.code == 0, built.text
    assert "Three four." in (project.root / "build/bees.srt").read_text()
    assert [charge.route for charge in provider.charges()] == ["chat"]
    costs = project.doit("costs")
    assert costs.code == 0, costs.text
    assert "gpt-5-mini" in costs.text


def test_straight_to_the_film_by_providers_pays_for_each_thing_once(asking: World, provider: StandIn) -> None:
    made = ["--provider", "openai", "--images", "openai", "--music", "none"]
    command = ["--prompt", "How bees dance", "--output", "out", *made, *SMALL]
    for _ in range(2):
        ended = asking.doit(*command)
        assert ended.code == 0, ended.text
        assert (asking.root / "out/how-bees-dance.mp4").exists()
        assert sorted(charge.route for charge in provider.charges()) == ["chat", "images", "images"]


def test_a_build_that_fails_passes_its_exit_code_on_and_goes_on_later(asking: World, provider: StandIn) -> None:
    provider.misbehave("openai", route="images", status=400, message="no such picture", times=1)
    command = [
        "--prompt",
        "Bees",
        "--output",
        "out",
        "--provider",
        "openai",
        "--images",
        "openai",
        "--music",
        "none",
        *SMALL,
    ]
    ended = asking.doit(*command)
    assert ended.code == 1
    assert "no such picture" in ended.text
    assert "the same command again" in ended.text
    assert not (asking.root / "out/bees.mp4").exists()
    assert asking.doit(*command).code == 0
    assert sorted(charge.route for charge in provider.charges()) == ["chat", "images", "images"]
