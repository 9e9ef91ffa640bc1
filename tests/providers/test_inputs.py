"""The input that a model is sent: what is known of its family, what the project says, and never a field too many."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.asking import PNG, ask
from vbmake.providers import fal, replicate
from vbmake.providers.inputs import Family, Length, build, data_url, family_of, nearest, problem, unsaid
from vbmake.providers.types import Failure, Generation

LIMIT = 256 * 1024


def built(generation: Generation) -> dict[str, Any]:
    return build(family(generation), generation, LIMIT)


def family(generation: Generation) -> Family:
    known = replicate.FAMILIES if generation.service == "replicate" else fal.FAMILIES
    return family_of(generation.model, generation.kind, known)


def wrong(generation: Generation) -> str:
    return problem(family(generation), generation, LIMIT)


def test_a_model_that_is_not_described_is_sent_the_prompt_alone() -> None:
    asked = ask("replicate", model="someone/painter", width=1280, height=720, seconds=4.0, voice="Ada")
    assert built(asked) == {"prompt": "a lighthouse"}
    assert built(ask("replicate", "speech", model="someone/speaker")) == {"text": "a lighthouse"}
    assert unsaid(family(asked), asked) == ["size", "seconds", "voice", "seed"]


def test_the_project_s_options_go_to_every_model_and_win() -> None:
    asked = ask("replicate", width=1280, height=720, options={"aspect_ratio": "21:9", "go_fast": False, "seed": 99})
    sent = built(asked)
    assert sent["aspect_ratio"] == "21:9"
    assert sent["go_fast"] is False
    assert sent["seed"] == 99


def test_the_prompt_is_not_an_option() -> None:
    assert built(ask("replicate", options={"prompt": "a harbour"}))["prompt"] == "a lighthouse"


def test_options_may_name_where_the_prompt_and_the_rest_belong() -> None:
    options = {"gen_text": "$prompt", "size": ["$width", "$height"], "sampling": {"seed": "$seed"}, "price": "$5"}
    sent = built(ask("replicate", "speech", model="someone/f5", width=640, height=360, options=options))
    assert sent == {"gen_text": "a lighthouse", "size": [640, 360], "sampling": {"seed": 7}, "price": "$5"}


def test_a_place_that_this_asset_does_not_have_is_a_mistake_before_anything_is_paid() -> None:
    asked = ask("replicate", "clip", model="someone/mover", options={"a": {"b": ["$image"]}})
    assert wrong(asked) == "options name $image, and this clip has no image"
    assert "no seconds" in wrong(ask("replicate", model="someone/painter", options={"length": "$seconds"}))


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(1280, 720, "16:9"), (720, 1280, "9:16"), (1080, 1080, "1:1"), (2560, 1080, "21:9"), (1000, 800, "5:4")],
)
def test_the_shape_is_the_nearest_that_the_family_has(width: int, height: int, shape: str) -> None:
    assert built(ask("replicate", width=width, height=height))["aspect_ratio"] == shape


def test_sizes_in_px_are_multiples_of_16_within_what_models_take() -> None:
    assert built(ask("fal", width=1280, height=720))["image_size"] == {"width": 1280, "height": 720}
    assert built(ask("fal", width=3840, height=2160))["image_size"] == {"width": 1536, "height": 864}
    assert built(ask("fal", width=100, height=50))["image_size"] == {"width": 256, "height": 256}


@given(st.integers(1, 20000), st.integers(1, 20000))
def test_every_size_has_a_nearest_shape_that_turns_with_it(width: int, height: int) -> None:
    shapes = ("1:1", "16:9", "9:16", "1280*720", "3:2", "2:3")
    first, second = nearest(shapes, width, height), nearest(shapes, height, width)
    if first != "1:1":
        assert (width > height) == (
            int(first.replace("*", ":").split(":")[0]) > int(first.replace("*", ":").split(":")[1])
        )
    assert (first == "1:1") == (second == "1:1")


@pytest.mark.parametrize(("seconds", "frames"), [(1.0, 81), (5.0, 81), (5.1, 85), (6.0, 97), (7.5, 121)])
def test_a_clip_has_at_least_the_frames_of_its_length(seconds: float, frames: int) -> None:
    sent = built(ask("replicate", "clip", seconds=seconds))
    assert sent["num_frames"] == frames
    assert frames >= 16 * seconds


def test_a_length_with_choices_takes_the_next_one() -> None:
    length = Length("duration", choices=(5, 10))
    assert [length.value(seconds) for seconds in (1, 5, 5.2, 10, 12)] == [5, 5, 10, 10, 10]
    assert length.longest == 10


def test_a_clip_longer_than_the_model_makes_is_refused_before_it_is_paid_for() -> None:
    assert "8 s are asked for and wan-video/wan-2.2-t2v-fast makes at most 7.5 s" in wrong(
        ask("replicate", "clip", seconds=8.0)
    )
    assert wrong(ask("replicate", "clip", seconds=8.0, options={"num_frames": 121})) == ""
    assert wrong(ask("replicate", "clip", seconds=7.5)) == ""


def test_music_longer_than_the_model_makes_is_as_long_as_it_gets() -> None:
    asked = ask("replicate", "music", model="meta/musicgen", seconds=90.0)
    assert wrong(asked) == ""
    assert built(asked)["duration"] == 30


def test_a_voice_and_a_language_reach_minimax_in_its_own_words() -> None:
    sent = built(ask("replicate", "speech", voice="Wise_Woman", language="de-AT", prompt="Guten Tag"))
    assert sent == {"text": "Guten Tag", "voice_id": "Wise_Woman", "language_boost": "German"}


def test_options_of_an_object_are_laid_over_the_family_s() -> None:
    asked = ask("fal", "speech", model="fal-ai/minimax/speech-02-hd", voice="Wise_Woman")
    asked = ask("fal", "speech", asked.model, voice="Wise_Woman", options={"voice_setting": {"speed": 1.2}})
    assert built(asked)["voice_setting"] == {"voice_id": "Wise_Woman", "speed": 1.2}


def test_a_text_that_is_too_long_is_told_with_its_length() -> None:
    assert "5001 characters and minimax/speech-02-turbo takes 5000" in wrong(
        ask("replicate", "speech", prompt="a" * 5001)
    )
    assert wrong(ask("replicate", prompt=" \n")) == "the prompt is empty"


def test_the_first_frame_is_sent_inside_the_request(tmp_path: Path) -> None:
    picture = tmp_path / "first.png"
    picture.write_bytes(PNG)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    asked = ask("replicate", "clip", "wan-video/wan-2.2-i2v-fast", files={"image": picture})
    assert wrong(asked) == ""
    assert built(asked)["image"] == url
    named = ask("replicate", "clip", "someone/mover", files={"image": picture}, options={"start": "$image"})
    assert wrong(named) == ""
    assert built(named) == {"start": url, "prompt": "a lighthouse"}


def test_a_picture_for_a_model_whose_field_is_not_known_is_asked_about(tmp_path: Path) -> None:
    asked = ask("replicate", "clip", files={"image": tmp_path / "later.png"})
    assert "options: {FIELD: $image}" in wrong(asked)


def test_a_picture_that_is_too_large_says_what_to_do(tmp_path: Path) -> None:
    picture = tmp_path / "first.png"
    picture.write_bytes(PNG + bytes(300 * 1024))
    asked = ask("replicate", "clip", "wan-video/wan-2.2-i2v-fast", files={"image": picture})
    assert wrong(asked).startswith("the picture first.png has 300 kB and at most 256 kB can be sent")
    with pytest.raises(Failure, match="save it smaller") as raised:
        built(asked)
    assert raised.value.sort == "invalid"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PNG, "png"), (b"\xff\xd8\xff\xe0..", "jpeg"), (b"GIF89a", "gif"), (b"RIFF....WEBPVP8 ", "webp")],
)
def test_a_picture_is_known_by_its_content(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "picture.bin").write_bytes(content)
    assert data_url(tmp_path / "picture.bin", LIMIT).startswith(f"data:image/{kind};base64,")


def test_what_is_no_picture_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.png").write_bytes(b"RIFF....WAVEfmt ")
    with pytest.raises(Failure, match=r"song\.png is no PNG, JPEG, WebP or GIF"):
        data_url(tmp_path / "song.png", LIMIT)
    with pytest.raises(Failure, match=r"gone\.png cannot be read: No such file"):
        data_url(tmp_path / "gone.png", LIMIT)


def test_every_described_family_makes_an_input_that_has_its_fields_once() -> None:
    for service, families in (("replicate", replicate.FAMILIES), ("fal", fal.FAMILIES)):
        for one in families:
            fields = [one.prompt, one.seed, one.shape, one.size, one.image, one.voice, one.language]
            named = [name for name in [*fields, one.length.field if one.length else "", *one.fixed] if name]
            assert len(named) == len(set(named)), (service, one.models.pattern)
            assert bool(one.shape) == bool(one.shapes), (service, one.models.pattern)
