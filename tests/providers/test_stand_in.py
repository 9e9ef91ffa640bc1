"""The services' own SDKs drive the stand-in: what it speaks is the real protocol, as they understand it."""

from __future__ import annotations

import base64
import io
import itertools
import json
import urllib.request
from collections.abc import Iterator

import av
import cv2
import fal_client
import httpx
import numpy as np
import openai
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core import ApiError
from elevenlabs.types import AudioWithTimestampsResponse, ForcedAlignmentResponseModel
from fal_client import client as fal_internals
from openai.types import ImagesResponse
from openai.types.audio import TranscriptionVerbose
from openai.types.chat import ChatCompletion
from replicate.client import Client as Replicate
from replicate.exceptions import ModelError, ReplicateError

from tests.providers.stand_in import StandIn, sound

TEXT = "Ships found Alexandria by its light."
SCHEMA: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "scenes"],
    "properties": {
        "title": {"type": "string"},
        "scenes": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["say"],
                "properties": {"say": {"type": "string"}},
            },
        },
    },
}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def talk(server: StandIn) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=server.key("openai"), base_url=server.url("openai"), max_retries=0) as client:
        yield client


@pytest.fixture
def cog(server: StandIn) -> Iterator[Replicate]:
    client = Replicate(api_token=server.key("replicate"), base_url=f"{server.origin()}/replicate")
    client.poll_interval = 0.0
    yield client
    client._client.close()  # it has no way of its own to close


@pytest.fixture
def eleven(server: StandIn) -> Iterator[ElevenLabs]:
    with httpx.Client() as http:
        yield ElevenLabs(api_key=server.key("elevenlabs"), base_url=server.url("elevenlabs"), httpx_client=http)


@pytest.fixture
def fal(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_client.SyncClient]:
    # its hosts can be set in the environment, but not that they are asked over https
    monkeypatch.setattr(fal_internals, "QUEUE_URL_FORMAT", f"{server.url('fal')}/")
    client = fal_client.SyncClient(key=server.key("fal"))
    yield client
    client._client.close()


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        content = answer.read()
    assert isinstance(content, bytes)
    return content


def size(picture: bytes) -> tuple[int, int]:
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels.shape[1], pixels.shape[0]


def frames(film: bytes) -> int:
    with av.open(io.BytesIO(film), "r") as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


# OpenAI


def test_the_openai_sdk_gets_a_picture_of_the_size_it_asks_for(server: StandIn, talk: openai.OpenAI) -> None:
    answer = talk.images.generate(model="gpt-image-2", prompt="A lighthouse", size="1280x720", quality="high")
    ImagesResponse.model_validate(answer.to_dict())
    assert answer.data
    assert answer.usage is not None
    assert size(base64.b64decode(answer.data[0].b64_json or "")) == (1280, 720)
    [charge] = server.charges("openai")
    assert (charge.model, charge.route, charge.key) == ("gpt-image-2", "images", server.key("openai"))


def test_dall_e_answers_with_a_url(server: StandIn, talk: openai.OpenAI) -> None:
    answer = talk.images.generate(model="dall-e-3", prompt="A lighthouse", size="1024x1024")
    assert answer.data
    assert size(fetched(answer.data[0].url or "")) == (1024, 1024)
    assert answer.data[0].revised_prompt


@pytest.mark.parametrize("form", ["wav", "mp3", "flac", "opus", "aac", "pcm"])
def test_speech_lasts_as_long_as_its_text_in_every_format(talk: openai.OpenAI, form: str) -> None:
    answer = talk.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input=TEXT, response_format=form)  # type: ignore[arg-type]  # a literal
    seconds = len(answer.content) / 48000 if form == "pcm" else sound.seconds_of(answer.content)
    assert seconds == pytest.approx(sound.spoken(TEXT).seconds, abs=0.1)


def test_a_transcription_hears_the_words_where_they_were_said(talk: openai.OpenAI) -> None:
    speech = talk.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format="wav").content
    heard = talk.audio.transcriptions.create(
        model="whisper-1",
        file=("speech.wav", speech),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    TranscriptionVerbose.model_validate(heard.to_dict())
    assert heard.words is not None
    assert [word.word for word in heard.words] == ["Ships", "found", "Alexandria", "by", "its", "light"]
    assert heard.words[1].start == pytest.approx(sound.spoken(TEXT).words()[1][1], abs=0.001)
    assert heard.duration == pytest.approx(sound.spoken(TEXT).seconds, abs=0.001)


def test_a_chat_answers_with_json_of_the_schema_or_with_what_the_test_says(
    server: StandIn, talk: openai.OpenAI
) -> None:
    def ask() -> ChatCompletion:
        return talk.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "A film about light"}],
            response_format={"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": SCHEMA}},
        )

    answer = ask()
    ChatCompletion.model_validate(answer.to_dict())
    script = json.loads(answer.choices[0].message.content or "")
    assert script["title"]
    assert [set(scene) for scene in script["scenes"]] == [{"say"}] * 3
    server.says = lambda body: {"title": body["model"], "scenes": []}
    assert json.loads(ask().choices[0].message.content or "") == {"title": "gpt-5-mini", "scenes": []}
    server.misbehave("openai", "refusal")
    assert ask().choices[0].message.refusal
    server.misbehave("openai", "length")
    assert ask().choices[0].finish_reason == "length"


def test_the_openai_sdk_is_told_of_wrong_keys_and_wrong_requests(server: StandIn, talk: openai.OpenAI) -> None:
    stranger = talk.with_options(api_key="sk-wrong")
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as wrong_key:
        stranger.images.generate(model="gpt-image-2", prompt="x")
    assert wrong_key.value.code == "invalid_api_key"
    with pytest.raises(openai.BadRequestError, match="1920x1080"):
        talk.images.generate(model="gpt-image-2", prompt="x", size="1920x1080")
    with pytest.raises(openai.BadRequestError, match="response_format"):
        talk.images.generate(model="gpt-image-2", prompt="x", response_format="b64_json")
    with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'seed'"):
        talk.images.generate(model="gpt-image-2", prompt="x", extra_body={"seed": 1})
    with pytest.raises(openai.BadRequestError, match="4096"):
        talk.audio.speech.create(model="tts-1", voice="alloy", input="x" * 4097)
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        talk.chat.completions.create(
            model="gpt-5-mini",
            messages=[{"role": "user", "content": "x"}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "s", "strict": True, "schema": {"type": "object"}},
            },
        )
    assert server.charges() == []


def test_the_openai_sdk_retries_as_long_as_it_is_told(server: StandIn, talk: openai.OpenAI) -> None:
    server.misbehave("openai", status=429, retry_after=0.001, told="ms", times=2)
    talk.with_options(max_retries=2).images.generate(model="gpt-image-2", prompt="x")
    assert [request.status for request in server.requests("openai")] == [429, 429, 200]
    assert len(server.charges("openai")) == 1
    server.misbehave("openai", status=429, code="insufficient_quota")
    with pytest.raises(openai.RateLimitError) as quota:
        talk.images.generate(model="gpt-image-2", prompt="x")
    assert quota.value.code == "insufficient_quota"


# Replicate


def test_the_replicate_sdk_follows_a_prediction_to_its_end(server: StandIn, cog: Replicate) -> None:
    asked = {"prompt": "A lighthouse", "aspect_ratio": "16:9", "output_format": "png"}
    prediction = cog.models.predictions.create("black-forest-labs/flux-schnell", input=asked)
    seen = [prediction.status]
    while prediction.status not in ("succeeded", "failed", "canceled"):
        prediction.reload()
        seen.append(prediction.status)
    assert seen == ["starting", "processing", "succeeded"]
    assert prediction.output
    assert size(fetched(prediction.output[0])) == (1344, 768)
    assert server.charges("replicate")[0].model == "black-forest-labs/flux-schnell"


def test_the_replicate_sdk_runs_models_waiting_or_polling(cog: Replicate) -> None:
    waited = list(cog.run("black-forest-labs/flux-schnell", input={"prompt": "x", "aspect_ratio": "1:1"}))
    assert size(fetched(waited[0])) == (1024, 1024)
    polled = cog.run("wan-video/wan-2.2-t2v-fast", input={"prompt": "x", "num_frames": 8}, wait=False)
    assert frames(fetched(str(polled))) == 8
    spoken = cog.run("minimax/speech-02-turbo", input={"text": TEXT})
    assert sound.seconds_of(fetched(str(spoken))) == pytest.approx(sound.spoken(TEXT).seconds, abs=0.1)
    pinned = list(cog.run(f"someone/portraits:{'a' * 64}", input={"prompt": "x", "width": 64, "height": 32}))
    assert size(fetched(pinned[0])) == (64, 32)


def test_a_cancelled_prediction_runs_no_more(server: StandIn, cog: Replicate) -> None:
    server.misbehave("replicate", "stuck")
    prediction = cog.predictions.create(version="b" * 64, input={"prompt": "x"})
    for _ in range(5):
        prediction.reload()
    seen: list[str] = [prediction.status]
    assert server.running("replicate") == 1
    prediction.cancel()
    prediction.reload()
    assert [*seen, prediction.status] == ["processing", "canceled"]
    assert server.running("replicate") == 0


def test_the_replicate_sdk_is_told_of_failures_and_wrong_requests(server: StandIn, cog: Replicate) -> None:
    server.misbehave("replicate", "failed", error="NSFW content detected")
    with pytest.raises(ModelError, match="NSFW"):
        cog.run("black-forest-labs/flux-schnell", input={"prompt": "x"})
    server.misbehave("replicate", status=429, retry_after=5, told="body")
    with pytest.raises(ReplicateError, match="throttled") as throttled:
        cog.predictions.create(version="b" * 64, input={})
    assert throttled.value.status == 429
    with pytest.raises(ReplicateError, match="Invalid version"):
        cog.predictions.create(version="latest", input={})
    assert len(server.charges()) == 1


def test_inputs_can_be_uploaded_to_replicate(cog: Replicate) -> None:
    file = io.BytesIO(b"a picture")
    file.name = "first.png"
    stored = cog.files.create(file)
    assert fetched(stored.urls["get"]) == b"a picture"


# ElevenLabs


def test_the_elevenlabs_sdk_gets_speech_with_the_time_of_each_character(server: StandIn, eleven: ElevenLabs) -> None:
    answer = eleven.text_to_speech.convert_with_timestamps(
        "JBFqnCBsd6RMkjVDRZzb", text=TEXT, model_id="eleven_multilingual_v2", output_format="mp3_44100_128", seed=7
    )
    AudioWithTimestampsResponse.model_validate(answer.model_dump(by_alias=True))
    assert answer.alignment is not None
    assert "".join(answer.alignment.characters) == TEXT
    assert sorted(answer.alignment.character_start_times_seconds) == answer.alignment.character_start_times_seconds
    seconds = sound.seconds_of(base64.b64decode(answer.audio_base_64))
    assert seconds == pytest.approx(answer.alignment.character_end_times_seconds[-1], abs=0.15)
    assert server.charges("elevenlabs", "timestamps")[0].key == server.key("elevenlabs")


def test_the_elevenlabs_sdk_gets_speech_music_and_effects(eleven: ElevenLabs) -> None:
    speech = b"".join(eleven.text_to_speech.convert("voice", text=TEXT, output_format="pcm_24000"))
    assert len(speech) / 48000 == pytest.approx(sound.spoken(TEXT).seconds, abs=0.001)
    music = b"".join(eleven.music.compose(prompt="calm harp", music_length_ms=4000))
    assert sound.seconds_of(music) == pytest.approx(4, abs=0.1)
    effect = b"".join(eleven.text_to_sound_effects.convert(text="waves", duration_seconds=1.5))
    assert sound.seconds_of(effect) == pytest.approx(1.5, abs=0.1)


def test_the_elevenlabs_sdk_aligns_a_text_to_a_recording(eleven: ElevenLabs) -> None:
    recording = sound.wav(bytes(2 * 24000 * 2), 24000)
    answer = eleven.forced_alignment.create(file=("speech.wav", recording), text=TEXT)
    ForcedAlignmentResponseModel.model_validate(answer.model_dump())
    assert [word.text for word in answer.words] == TEXT.split()
    assert answer.words[-1].end == pytest.approx(2, abs=0.1)
    assert all(one.end <= two.start for one, two in itertools.pairwise(answer.words))


def test_the_elevenlabs_sdk_is_told_of_wrong_keys_and_crowds(server: StandIn, eleven: ElevenLabs) -> None:
    with httpx.Client() as http:
        stranger = ElevenLabs(api_key="wrong", base_url=server.url("elevenlabs"), httpx_client=http)
        with pytest.raises(ApiError) as refused:
            stranger.text_to_speech.convert_with_timestamps("voice", text=TEXT)
    assert refused.value.status_code == 401
    assert refused.value.body["detail"]["status"] == "invalid_api_key"
    server.misbehave("elevenlabs", status=429, times=None)
    with pytest.raises(ApiError) as crowded:
        eleven.text_to_speech.convert_with_timestamps("voice", text=TEXT, request_options={"max_retries": 0})
    assert crowded.value.body["detail"]["status"] == "too_many_concurrent_requests"
    assert server.charges() == []


# fal


def test_the_fal_sdk_follows_a_request_through_the_queue(server: StandIn, fal: fal_client.SyncClient) -> None:
    handle = fal.submit("fal-ai/flux/schnell", {"prompt": "x", "image_size": {"width": 640, "height": 368}, "seed": 3})
    events = [type(event).__name__ for event in handle.iter_events(interval=0)]
    assert events == ["Queued", "Completed"]
    picture = handle.get(interval=0)["images"][0]
    assert (picture["width"], picture["height"], picture["content_type"]) == (640, 368, "image/jpeg")
    assert size(fetched(picture["url"])) == (640, 368)
    film = fal.submit("fal-ai/wan/v2.2-5b/text-to-video", {"prompt": "x", "num_frames": 4}).get(interval=0)
    assert frames(fetched(film["video"]["url"])) == 4
    assert [charge.model for charge in server.charges("fal")] == [
        "fal-ai/flux/schnell",
        "fal-ai/wan/v2.2-5b/text-to-video",
    ]


def test_the_fal_sdk_is_told_of_failures_and_cancels(server: StandIn, fal: fal_client.SyncClient) -> None:
    server.misbehave("fal", "failed", error="The content was flagged", code="content_policy_violation")
    handle = fal.submit("fal-ai/flux/schnell", {"prompt": "x"})
    *_, last = handle.iter_events(interval=0)
    assert isinstance(last, fal_client.Completed)
    assert last.error == "The content was flagged"
    with pytest.raises(fal_client.FalClientHTTPError, match="flagged"):
        handle.get(interval=0)
    server.misbehave("fal", "stuck")
    stuck = fal.submit("fal-ai/flux/schnell", {"prompt": "y"})
    stuck.status()
    assert isinstance(stuck.status(), fal_client.InProgress)
    stuck.cancel()
    assert isinstance(stuck.status(), fal_client.Completed)
    stranger = fal_client.SyncClient(key="wrong")
    with pytest.raises(fal_client.FalClientHTTPError) as refused:
        stranger.submit("fal-ai/flux/schnell", {"prompt": "x"})
    stranger._client.close()
    assert refused.value.status_code == 401
