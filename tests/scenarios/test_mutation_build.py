"""Change any field of the language and build: exactly what must is done again, and the films are those of a cold build.

Some fields stand for all in the default run; `pytest -m long` builds every one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MakeClip, MakeMedia
from tests.scenarios.mutations import CASES, FILMS, Case, edited
from tests.scenarios.sources import write_sources
from tests.scenarios.test_mutation_plan import matching
from tests.scenarios.world import Built, World

SAMPLE = {
    "TextLayer.text-text",
    "VideoLayer.trim-talking",
    "Say.text-said",
    "Scene.id-scenes",
    "Transition.duration-scenes",
}
BuiltFilm = Callable[[str], tuple[World, Built]]


@pytest.fixture(scope="session")
def built_film(
    tmp_path_factory: pytest.TempPathFactory,
    make_media: MakeMedia,
    make_clip: MakeClip,
    clip: Path,
    talking_clip: Path,
) -> BuiltFilm:
    """built_film(name): one of the films, built once in a directory and with a cache of its own."""

    @functools.cache
    def make(name: str) -> tuple[World, Built]:
        folder = tmp_path_factory.mktemp("film")
        world = World(folder / "project", folder / "cache").declare(FILMS[name])
        write_sources(world.root, make_media, make_clip, clip, talking_clip)
        return world, world.build()

    return make


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=() if case.name in SAMPLE else pytest.mark.long) for case in CASES],
)
def test_a_changed_field_runs_what_it_must_and_the_films_are_those_of_a_cold_build(
    case: Case, built_film: BuiltFilm, tmp_path: Path
) -> None:
    original, before = built_film(case.film)
    warm = original.copy(tmp_path / "warm", tmp_path / "warm cache")
    warm.declare(edited(FILMS[case.film], case.path, case.value))
    after = warm.build()
    wanted = case.changes if case.runs is None else case.runs
    allowed = matching(after.ran, wanted | case.maybe)
    assert after.ran == allowed, f"done again without need: {sorted(after.ran - allowed)}"
    missed = {pattern for pattern in wanted if not matching(after.ran, [pattern])}
    assert not missed, f"not done again: {sorted(missed)}"
    assert (after.targets != before.targets) is not case.silent, "whether it shows in what is made"
    # A process of its own: nothing that this one remembers helps the cold build.
    cold = warm.cold(tmp_path / "cold", tmp_path / "cold cache")
    ended = cold.doit()
    assert ended.code == 0, ended.text
    differing = {path for path, content in after.targets.items() if (cold.root / path).read_bytes() != content}
    assert not differing, "an incremental build gave other bytes than a cold one"
