"""Which files a plan will want measured."""

from __future__ import annotations

from tests.plan.films import CLIP, STILL, build, film
from vbmake.plan.media import media
from vbmake.project.models import Project

SCENES = [
    {"id": "a", "layers": [{"video": "a.mp4"}, {"image": "logo.png"}, {"text": "A"}]},
    {"id": "b", "duration": "2s", "sounds": [{"source": "bell.wav"}], "layers": [{"svg": "sign.svg"}]},
]


def test_the_media_of_a_film_are_all_that_its_plan_waits_for() -> None:
    made = film(scenes=SCENES, music={"source": "song.flac"}, overlays=[{"image": "logo.png"}])
    named = list(dict.fromkeys(source.name for source in media(Project(root=".", films=(made,)))))
    assert sorted(named) == ["a.mp4", "bell.wav", "logo.png", "song.flac"]
    assert sorted(item.ref.name for item in build(made).pending) == sorted(named)
    known = {"a.mp4": CLIP, "logo.png": STILL}
    assert {item.ref.name for item in build(made, measures=known).pending} == {"bell.wav", "song.flac"}


def test_what_is_described_is_no_file() -> None:
    scenes = [{"id": "a", "duration": "2s", "layers": [{"image": {"prompt": "a lighthouse", "provider": "openai"}}]}]
    assert list(media(Project(root=".", films=(film(scenes=scenes),)))) == []
