"""Which names a plan may have is told from the declaration alone, and no name that it has is ever refused."""

from __future__ import annotations

import pytest

from tests.plan.films import CLIP, SOUND, STILL, build, colored, film, speech
from vbmake.plan.names import Names, scenes_of
from vbmake.project.models import Film, Project

SAID = {"id": "b", "say": "Hello there."}
FILMS = {
    "plain": [film(title="My Film")],
    "rich": [
        film(
            name="x",
            captions={"style": "phrase", "files": ["srt", "vtt"]},
            transition={"kind": "fade", "duration": "0.5s"},
            outputs={"poster": {"at": "1s"}, "gif": {"end": "1s"}, "otio": True},
            formats={"wide": {}, "tall": {"size": "180x320"}},
            music=[{"source": "m.ogg"}],
            scenes=[
                colored("a"),
                SAID,
                {"id": "c", "duration": "30s", "layers": [{"video": "v.mp4"}, {"image": {"prompt": "a hill"}}]},
            ],
        )
    ],
    "two": [film(name="one", scenes=[SAID, colored("d~e"), colored("f")]), film(name="two")],
}
MEASURES = {"m.ogg": SOUND, "v.mp4": CLIP, "i.png": STILL}


def names(films: list[Film]) -> Names:
    return Names(Project(root=".", films=films))


@pytest.mark.parametrize("films", FILMS.values(), ids=FILMS)
def test_every_name_of_a_plan_is_one_that_it_may_have(films: list[Film]) -> None:
    found = names(films)
    plan, measures = build(*films, measures=MEASURES), dict(MEASURES)
    while plan.pending:
        known = {item.ref.name: STILL if "image" in item.ref.name else speech(1, "Hello") for item in plan.pending}
        measures |= known
        plan = build(*films, measures=measures)
    assert len(plan.jobs) > 2
    assert [job.id for job in plan.jobs if not found.may_be_job(job.id)] == []
    paths = {path: job.final for job in plan.jobs for path in job.outputs.values()}
    assert [path for path in paths if not found.may_be_target(path)] == []
    assert {path for path, final in paths.items() if final} == found.targets
    assert {job.id for job in plan.jobs}.issuperset(set(found.sure()) - found.groups)


@pytest.mark.parametrize(
    "id",
    ["film:x", "film:main", "shot:wide/z/0", "shot:wide/a", "shot:wide/a/x", "shot:a/0", "cut:wide/a~z", "speech:xx",
     "gif:small", "mix:y", "subtitles:x.ass", "stem:z/voice", "still:wide/a", "placeholder-image:a-hill", "film", "x"],
)  # fmt: skip
def test_a_name_that_no_declared_part_can_have_is_refused(id: str) -> None:
    assert not names(FILMS["rich"]).may_be_job(id)


@pytest.mark.parametrize("path", ["build/y.mp4", "build/x.mp4", "build/x-wide.png", "v.mp4", "x-wide.mp4", "build"])
def test_a_path_that_nothing_is_written_to_is_refused(path: str) -> None:
    assert not names(FILMS["rich"]).may_be_target(path)


def test_while_a_script_is_not_written_any_scene_may_come() -> None:
    found = names([film(name="x", scenes={"script": {"prompt": "Hills"}})])
    assert all(
        map(found.may_be_job, ["shot:main/anything/3", "speech:anything", "local-script:script", "cut:main/a~b"])
    )
    assert not any(map(found.may_be_job, ["shot:wide/anything/3", "film:anything", "local-script:x"]))


@pytest.mark.parametrize(
    ("job", "several", "found"),
    [
        ("shot:main/one/0", False, ("", ["one"])),
        ("shot:main/main/3", False, ("", ["main"])),
        ("shot:a/wide/one/0", True, ("a", ["one"])),
        ("cut:wide/one~two", False, ("", ["one", "two"])),
        ("cut:a/wide/one~two", True, ("a", ["one", "two"])),
        ("stem:one/2", False, ("", ["one"])),
        ("stem:a/one/2", True, ("a", ["one"])),
        ("speech:one", False, ("", ["one"])),
        ("speech:a/one", True, ("a", ["one"])),
        ("film:wide", False, ("", [])),
        ("film:a/wide", True, ("a", [])),
        ("mix:film", False, ("", [])),
        ("qr-code:one-0123abcd", False, ("", [])),
    ],
)
def test_a_job_tells_of_which_scenes_it_is(job: str, several: bool, found: tuple[str, list[str]]) -> None:
    assert scenes_of(job, several) == found
