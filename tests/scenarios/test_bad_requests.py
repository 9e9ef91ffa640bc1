"""What a provider would refuse is told when it is planned, with its line, before anybody is asked."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.scenarios.world import REPOSITORY, Ended, World

METHODS = ("authorise", "check", "submit", "accepted", "polled", "failure")
NO_KEYS = {"OPENAI_API_KEY": "", "REPLICATE_API_TOKEN": "", "FAL_KEY": "", "ELEVENLABS_API_KEY": ""}


def film(*images: dict[str, Any], **more: Any) -> dict[str, Any]:
    scenes = [{"duration": "200ms", "layers": [{"image": image}]} for image in images]
    return {"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft", "scenes": scenes, **more}


def refused(world: World, *args: str) -> Ended:
    ended = world.doit(*args, **NO_KEYS)
    assert ended.code == 3, ended.text
    assert "Traceback" not in ended.text
    return ended


WRONG = [
    ({"provider": "openai", "options": {"n": 4, "stream": True}}, ["'n': vbmake asks for one", "'stream': "]),
    ({"provider": "replicate", "model": "justname"}, ["'justname' is no model of Replicate", "owner/name"]),
    ({"provider": "fal", "model": "../../x"}, ["'../../x' is no model of fal", "fal-ai/flux/schnell"]),
    ({"provider": "openai", "seed": 5}, ["vbmake sends no seed to openai's gpt-image-2", "take"]),
]


@pytest.mark.parametrize("command", ["plan", "run", "why"])
def test_all_that_providers_would_refuse_is_told_at_once(world: World, command: str) -> None:
    world.declare(film(*({"prompt": f"picture {number}", **wrong} for number, (wrong, _) in enumerate(WRONG))))
    ended = refused(world, command, *(["image:x"] if command == "why" else []))
    lines = ended.text.splitlines()
    assert len(lines) == len(WRONG)
    for number, (_, words) in enumerate(WRONG):
        assert lines[number].startswith("video.yaml:")
        assert f" scenes[{number}].layers[0].image: " in lines[number]
        assert all(word in lines[number] for word in words)
    assert not (world.root / ".vbmake" / "generations").exists()


def test_a_wrong_voice_is_told_once_where_it_is_declared(world: World) -> None:
    scenes = [{"say": text} for text in ("One.", "Two.", {"text": "Three.", "voice": "guest"})]
    voices = {"guest": {"provider": "openai", "options": {"speed": 9}}}
    voice = {"provider": "elevenlabs", "options": {"stabilty": 1}}
    ended = refused(world.declare(film(scenes=scenes, voice=voice, voices=voices)), "plan")
    told = [line for line in ended.text.splitlines() if line.startswith("video.yaml:")]
    assert len(told) == 2
    assert "voice: elevenlabs" in told[0]
    assert "did you mean" in told[0]
    assert "voices.guest: speed of openai" in told[1]


def test_a_text_that_is_too_long_for_a_good_voice_is_told_where_it_is_said(world: World) -> None:
    scenes = [{"say": "One."}, {"say": "word " * 1000}]
    ended = refused(world.declare(film(scenes=scenes, voice={"provider": "openai"})), "plan")
    assert "scenes[1].say: openai's gpt-4o-mini-tts speaks at most 4096 characters" in ended.text


def test_what_follows_a_script_is_told_before_the_script_is_asked_for(world: World) -> None:
    script = {"prompt": "Bees", "provider": "openai", "images": {"provider": "openai", "options": {"n": 4}}}
    music = {"source": {"prompt": "calm", "provider": "elevenlabs", "duration": "1s"}}
    voice = {"provider": "openai", "options": {"speed": 9}}
    ended = refused(world.declare(film(scenes={"script": script}, music=music, voice=voice)))
    for told in ("scenes.script.images: options of", "music.source: elevenlabs's music_v1 makes 3", "voice: speed of"):
        assert told in ended.text


def test_an_adapter_that_breaks_is_told_as_such(world: World) -> None:
    world.write(
        "site/broken-1.dist-info/entry_points.txt",
        "[vbmake.providers]\nbroken = broken:Broken\ngone = nowhere_at_all:Gone\n",
    )
    world.write("site/broken-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    methods = "".join(f"    def {name}(self, *_): 1 / 0\n" for name in METHODS)
    head = "class Broken:\n    name, hosts, kinds, idempotent = 'broken', (), ('image', 'clip'), True\n"
    world.write("site/broken.py", head + methods)
    world.declare(film({"prompt": "a", "provider": "broken"}, {"prompt": "b", "provider": "gone"}))
    ended = world.doit("plan", PYTHONPATH=os.pathsep.join([str(REPOSITORY), str(world.root / "site")]))
    assert ended.code == 3
    assert "the adapter of broken cannot check this: ZeroDivisionError" in ended.text
    assert "nowhere_at_all:Gone) cannot be imported" in ended.text


def test_a_voice_that_this_machine_does_not_have_is_told_once_where_it_is_named(world: World) -> None:
    says = [{"say": "One."}, {"say": "Two."}, {"say": {"text": "Three.", "voice": {"voice": "en-us+zz"}}}]
    world.declare({"vbmake": 1, "name": "film", "voice": {"voice": "klingon"}, "scenes": says})
    for command in ("plan", "run"):
        ended = refused(world, command)
        first, second = ended.err.splitlines()
        assert ": voice: the local voice has no voice 'klingon'; the nearest are " in first
        assert ": scenes[2].say.voice: the local voice has no voice 'en-us+zz'; the nearest are en-us+" in second
    assert not (world.root / ".vbmake" / "work").exists(), "nothing ran"
