"""OpenAI's adapter: what it asks, what it reads, what it refuses. No network: requests and answers are data."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbmake.providers.openai import OpenAI
from vbmake.providers.openai_sizes import FEWEST, GRID, LONGEST_EDGE, MOST, WIDEST, free_size, size_for
from vbmake.providers.types import Account, Failure, Generation, Ready, Response
from vbmake.services import Kind

ADAPTER = OpenAI()
CLOUD = Account("openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY")
LOCAL = Account("mine", "openai", "http://localhost:8880/v1/")
PIXELS = b"\x89PNG\r\n\x1a\nnot really"
MODELS: dict[Kind, str] = {
    "image": "gpt-image-2",
    "speech": "gpt-4o-mini-tts",
    "script": "gpt-5-mini",
    "words": "whisper-1",
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {"title": {"type": "string"}},
}


def asked(kind: Kind, **more: Any) -> Generation:
    basis = Generation(kind, "openai", MODELS.get(kind, "some-model"), "A harbour at dawn")
    if kind == "speech":
        basis = dataclasses.replace(basis, voice="alloy")
    if kind == "script":
        basis = dataclasses.replace(basis, schema=SCHEMA, system="You write films.")
    if kind == "words":
        basis = dataclasses.replace(basis, files={"audio": Path("voice.wav")})
    return dataclasses.replace(basis, **more)


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"content-type": "application/json", **named}, content)


def read(generation: Generation, response: Response, account: Account = CLOUD) -> Ready:
    ready = ADAPTER.accepted(generation, response, account)
    assert isinstance(ready, Ready)
    return ready


def failed(generation: Generation, response: Response) -> Failure:
    with pytest.raises(Failure) as caught:
        ADAPTER.accepted(generation, response, CLOUD)
    return caught.value


def error(
    status: int, message: str, code: str | None = None, kind: str = "invalid_request_error", **headers: str
) -> Failure:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return ADAPTER.failure(answer(body, status, **headers))


def chat(content: Any, reason: str = "stop", **more: Any) -> Response:
    message = {"role": "assistant", "content": content, "refusal": None, **more}
    return answer({"choices": [{"index": 0, "message": message, "finish_reason": reason}]})


# What is asked.


def test_an_image_is_asked_for_once_and_in_a_size_of_the_model() -> None:
    request = ADAPTER.submit(asked("image", width=1920, height=1080, options={"quality": "low"}), CLOUD)
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/images/generations")
    assert request.json == {
        "model": "gpt-image-2",
        "prompt": "A harbour at dawn",
        "n": 1,
        "size": "1920x1088",
        "quality": "low",
    }
    assert request.headers == {}


@pytest.mark.parametrize(
    "model", ["gpt-image-2", "gpt-image-1.5", "gpt-image-2.5-flare", "chatgpt-image-latest", "flux"]
)
def test_only_dall_e_is_told_the_response_format(model: str) -> None:
    assert "response_format" not in ADAPTER.submit(asked("image", model=model), CLOUD).json
    assert ADAPTER.submit(asked("image", model="dall-e-3"), CLOUD).json["response_format"] == "b64_json"


@pytest.mark.parametrize(
    ("model", "wanted", "size"),
    [
        ("gpt-image-2", (1280, 720), (1280, 720)),
        ("gpt-image-2", (1920, 1080), (1920, 1088)),
        ("gpt-image-2", (1080, 1920), (1088, 1920)),
        ("gpt-image-2", (3840, 2160), (3840, 2160)),
        ("gpt-image-2", (7680, 4320), (3840, 2160)),
        ("gpt-image-2", (4096, 4096), (2880, 2880)),
        ("gpt-image-2", (320, 180), (1088, 608)),
        ("gpt-image-2", (2000, 200), (2000, 672)),
        ("gpt-image-2.5-flare", (1600, 900), (1600, 912)),
        ("gpt-image-1", (1920, 1080), (1536, 1024)),
        ("gpt-image-1-mini", (1080, 1920), (1024, 1536)),
        ("gpt-image-1.5", (1000, 1000), (1024, 1024)),
        ("chatgpt-image-latest", (1920, 1080), (1536, 1024)),
        ("dall-e-3", (1920, 1080), (1792, 1024)),
        ("dall-e-2", (300, 300), (512, 512)),
        ("dall-e-2", (1920, 1080), (1024, 1024)),
        ("stable-diffusion", (1000, 333), (1000, 333)),
    ],
)
def test_the_size_is_the_nearest_that_the_model_can_make(
    model: str, wanted: tuple[int, int], size: tuple[int, int]
) -> None:
    assert size_for(model, *wanted) == size


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_any_size_becomes_one_within_the_limits_that_covers_it_where_it_can(width: int, height: int) -> None:
    across, down = free_size(width, height)
    assert across % GRID == down % GRID == 0
    assert max(across, down) <= LONGEST_EDGE
    assert FEWEST <= across * down <= MOST
    assert max(across, down) <= WIDEST * min(across, down)
    if max(width, height) <= LONGEST_EDGE and (width + GRID) * (height + GRID) <= MOST / 3:
        assert across >= width
        assert down >= height


def test_speech_is_asked_for_as_wav_with_speed_only_when_it_is_said() -> None:
    request = ADAPTER.submit(asked("speech"), CLOUD)
    assert request.url == "https://api.openai.com/v1/audio/speech"
    assert request.json == {
        "model": "gpt-4o-mini-tts",
        "input": "A harbour at dawn",
        "voice": "alloy",
        "response_format": "wav",
    }
    calm = asked("speech", options={"speed": 0.9, "instructions": "Calm."})
    assert ADAPTER.submit(calm, CLOUD).json.items() >= {"speed": 0.9, "instructions": "Calm."}.items()


def test_a_voice_of_the_accounts_own_is_an_object_for_openai_and_a_name_for_others() -> None:
    own = asked("speech", voice="voice_12ab")
    assert ADAPTER.submit(own, CLOUD).json["voice"] == {"id": "voice_12ab"}
    assert ADAPTER.submit(own, LOCAL).json["voice"] == "voice_12ab"


def test_a_script_is_asked_for_by_its_schema() -> None:
    request = ADAPTER.submit(asked("script", options={"reasoning_effort": "low"}), LOCAL)
    assert request.url == "http://localhost:8880/v1/chat/completions"
    assert request.json == {
        "model": "gpt-5-mini",
        "messages": [
            {"role": "system", "content": "You write films."},
            {"role": "user", "content": "A harbour at dawn"},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "script", "strict": True, "schema": SCHEMA},
        },
        "reasoning_effort": "low",
    }


def test_words_are_asked_for_as_a_form_with_the_recording() -> None:
    request = ADAPTER.submit(asked("words", language="en-GB", options={"temperature": 0}), CLOUD)
    assert request.url == "https://api.openai.com/v1/audio/transcriptions"
    assert request.files == {"file": Path("voice.wav")}
    assert request.json is None
    assert request.data == {
        "model": "whisper-1",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word"],
        "language": "en",
        "temperature": "0",
    }


def test_the_key_is_in_no_request() -> None:
    assert ADAPTER.authorise("sk-1") == {"Authorization": "Bearer sk-1"}


# What is refused before anything is paid.


@pytest.mark.parametrize(
    ("generation", "words"),
    [
        (asked("clip"), "openai makes no clip; it makes image, speech, script, words"),
        (asked("image", model=""), "openai needs a model for image"),
        (asked("image", prompt=" \n"), "the prompt for openai's gpt-image-2 is empty"),
        (asked("image", prompt="x" * 32001), "at most 32000 characters and this one has 32001"),
        (asked("image", width=100), "needs both width and height"),
        (asked("image", width=0, height=10), "needs both width and height"),
        (
            asked("image", options={"output_format": "svg"}),
            "output_format of openai's gpt-image-2 is png, jpeg or webp",
        ),
        (asked("image", options={"response_format": "url"}), "cannot hold 'response_format': vbmake sets it"),
        (asked("image", model="flux", options={"response_format": "png"}), "is 'url' or 'b64_json', not 'png'"),
        (asked("image", options={"aspect_ratio": "16:9"}), "openai's gpt-image-2 has no option 'aspect_ratio'"),
        (asked("image", options={"qualty": "low"}), "has no option 'qualty'; did you mean 'quality'? It has: quality,"),
        (
            asked("image", options={"quality": "hd"}),
            "quality of openai's gpt-image-2 is one of low, medium, high, auto",
        ),
        (asked("image", options={"style": "vivid"}), "has no option 'style'"),
        (asked("image", model="dall-e-3", options={"quality": "low"}), "dall-e-3 is one of standard, hd, not 'low'"),
        (asked("image", model="dall-e-2", options={"style": "vivid"}), "dall-e-2 has no option 'style'"),
        (
            asked("image", options={"background": "transparent", "output_format": "jpeg"}),
            "in JPEG has no transparent background",
        ),
        (asked("speech", prompt="x" * 4097), "at most 4096 characters at a time and this text has 4097"),
        (asked("speech", voice=""), "needs a voice"),
        (asked("speech", options={"speed": 5}), "a number from 0.25 to 4, not 5"),
        (asked("speech", options={"speed": "fast"}), "a number from 0.25 to 4, not 'fast'"),
        (asked("speech", model="tts-1", options={"instructions": "Calm."}), "takes no instructions"),
        (asked("words", files={}), "needs a recording"),
        (asked("words", model="gpt-4o-mini-transcribe"), "tells no times of words; name whisper-1"),
    ],
)
def test_what_the_model_cannot_do_is_told_before_anything_is_paid(generation: Generation, words: str) -> None:
    assert words in ADAPTER.check(generation)


@pytest.mark.parametrize("kind", MODELS)
def test_a_good_wish_passes(kind: Kind) -> None:
    assert ADAPTER.check(asked(kind)) == ""
    assert ADAPTER.check(asked(kind, model="some-server's-own", options={"anything": {"of": "its own"}})) == ""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[("image", name) for name in ("model", "prompt", "n", "size", "stream", "partial_images")],
        *[("speech", name) for name in ("model", "input", "voice", "response_format", "format", "stream_format")],
        *[("script", name) for name in ("model", "messages", "response_format", "n", "stream", "tools")],
        *[("words", name) for name in ("model", "file", "response_format", "timestamp_granularities[]", "stream")],
    ],
)
def test_options_cannot_replace_what_vbmake_sends(kind: Kind, name: str) -> None:
    evil = asked(kind, options={name: "evil"})
    assert f"options of openai's {MODELS[kind]} cannot hold {name!r}" in ADAPTER.check(evil)
    request = ADAPTER.submit(asked(kind, width=64, height=64), CLOUD)
    sent = request.json or {**(request.data or {}), **(request.files or {})}
    if name in sent:  # and where a caller forgot to check, they do not
        overridden = ADAPTER.submit(dataclasses.replace(evil, width=64, height=64), CLOUD)
        assert {**(overridden.json or overridden.data or {}), **(overridden.files or {})}[name] == sent[name]


# What it reads.


def test_an_image_comes_as_base64_with_its_tokens_and_what_the_prompt_became() -> None:
    body = {
        "created": 1,
        "data": [{"b64_json": base64.b64encode(PIXELS).decode(), "revised_prompt": "A grey harbour"}],
        "size": "1024x1024",
        "usage": {"input_tokens": 9, "output_tokens": 4160, "total_tokens": 4169},
    }
    ready = read(asked("image"), answer(body))
    assert ready.payloads[0].content == PIXELS
    assert ready.payloads[0].extension == "png"
    assert ready.usage == {"images": 1, "input_tokens": 9, "output_tokens": 4160}
    assert ready.facts == {"size": "1024x1024", "revised_prompt": "A grey harbour"}


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("https://files.example/a.png", "https://files.example/a.png"),
        ("/generated-images/a.png", "http://localhost:8880/generated-images/a.png"),
    ],
)
def test_an_image_of_a_compatible_server_may_be_a_url_and_its_answer_bare(url: str, absolute: str) -> None:
    ready = read(asked("image", model="flux"), answer({"data": [{"url": url}]}), LOCAL)
    assert ready.payloads[0].content is None
    assert ready.payloads[0].url == absolute
    assert ready.usage == {"images": 1}


def test_an_image_may_be_a_data_url() -> None:
    url = "data:image/png;base64," + base64.b64encode(PIXELS).decode()
    assert read(asked("image"), answer({"data": [{"url": url}]})).payloads[0].content == PIXELS


def test_speech_is_the_body_and_costs_its_characters() -> None:
    ready = read(asked("speech"), answer(b"RIFF....WAVE", content_type="audio/wav"))
    assert ready.payloads[0].content == b"RIFF....WAVE"
    assert ready.payloads[0].extension == "wav"
    assert ready.usage == {"characters": 17}
    assert ready.words is None
    other = read(asked("speech"), answer(b"ID3", content_type="audio/mpeg"))
    assert other.payloads[0].extension == "mp3"


@pytest.mark.parametrize(
    "content",
    [
        '{"title": "Dawn"}',
        '```json\n{"title": "Dawn"}\n```',
        'Here is the script:\n```\n{"title": "Dawn"}\n```\nEnjoy!',
        '<think>A title...\n```json\n{"title": "No"}\n```</think>\n{"title": "Dawn"}',
        [{"type": "text", "text": '{"title": '}, {"type": "text", "text": '"Dawn"}'}],
    ],
    ids=["plain", "fence", "words", "thought", "parts"],
)
def test_a_script_is_the_json_that_the_model_wrote_however_it_is_wrapped(content: Any) -> None:
    ready = read(asked("script"), chat(content))
    assert ready.data == {"title": "Dawn"}
    assert ready.usage == {}


def test_the_tokens_of_a_script_are_told_as_far_as_they_are_numbers() -> None:
    body = json.loads(chat('{"title": "Dawn"}').content)
    body |= {"id": "chatcmpl-1", "usage": {"prompt_tokens": 70, "completion_tokens": 500, "total_tokens": 570}}
    assert read(asked("script"), answer(body)).usage == {"input_tokens": 70, "output_tokens": 500}
    assert read(asked("script"), answer(body)).facts == {"id": "chatcmpl-1"}
    body["usage"] = {"prompt_tokens": None, "completion_tokens": "many"}
    assert read(asked("script"), answer(body)).usage == {}
    body["usage"] = {"prompt_tokens": -3, "completion_tokens": True}
    assert read(asked("script"), answer(body)).usage == {}


def test_words_come_with_their_seconds() -> None:
    body = {
        "task": "transcribe",
        "language": "english",
        "duration": 1.5,
        "text": "A harbour",
        "words": [{"word": " A", "start": 0, "end": 0.1}, {"word": "harbour", "start": 0.1, "end": 0.8}],
        "usage": {"type": "duration", "seconds": 2},
    }
    ready = read(asked("words"), answer(body))
    assert ready.payloads == ()
    assert ready.words == (
        {"text": "A", "start": 0, "end": 0.1},
        {"text": "harbour", "start": 0.1, "end": 0.8},
    )
    assert ready.usage == {"seconds": 2}
    assert ready.facts == {"language": "english"}


# A failure inside a 2xx, most of them paid.


@pytest.mark.parametrize(
    ("response", "sort", "words"),
    [
        (chat(None, refusal="I can't help with that."), "moderation", "it: I can't help with that; say"),
        (chat("", reason="content_filter"), "moderation", "say the prompt in other words"),
        (chat('{"title": "Da', reason="length"), "failed", "raise max_completion_tokens"),
        (chat('{"title": "Da'), "failed", "no JSON"),
        (chat('["Dawn"]'), "failed", "it is no object but list"),
        (chat("[" * 100_000), "failed", "nested too deeply"),
        (chat(""), "failed", "without any text"),
        (answer({"choices": []}), "failed", "without any text"),
    ],
)
def test_a_script_that_is_none_is_a_failure_that_was_paid(response: Response, sort: str, words: str) -> None:
    failure = failed(asked("script"), response)
    assert failure.sort == sort
    assert words in failure.message
    assert "openai's gpt-5-mini" in failure.message
    assert failure.paid == "yes"


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("image", {"created": 1, "data": []}, "without any picture"),
        ("image", {"created": 1}, "without any picture"),
        ("image", {"data": [{"b64_json": "%%%"}]}, "cannot be decoded"),
        ("image", {"data": "nonsense"}, "without any picture"),
        ("image", b"<html>", "no JSON object"),
        ("image", b"[" * 100_000, "no JSON object"),
        ("image", {"error": {"message": "upstream is down", "code": 502}}, "upstream is down"),
        ("speech", b"", "without any sound"),
        ("speech", {"error": "no such voice"}, "instead of sound: no such voice"),
        ("words", {"text": "A harbour"}, "told no times of words"),
        ("words", {"words": [{"word": "A"}]}, "a word without its times"),
        ("words", {"words": [{"word": "A", "start": "0", "end": 1}]}, "a word without its times"),
    ],
)
def test_a_2xx_without_a_result_is_a_failure(kind: Kind, body: Any, words: str) -> None:
    failure = failed(asked(kind), answer(body))
    assert failure.sort == "failed"
    assert words in failure.message
    assert MODELS[kind] in failure.message
    assert failure.paid in ("maybe", "yes")


def test_there_is_nothing_to_poll() -> None:
    with pytest.raises(Failure, match="answers at once"):
        ADAPTER.polled(asked("image"), answer({}), CLOUD)


# Answers that are not 2xx.


@pytest.mark.parametrize(
    ("failure", "sort", "words"),
    [
        (
            error(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
            "quota",
            "raise it",
        ),
        (error(400, "Billing hard limit has been reached", "billing_hard_limit_reached"), "quota", "raise it"),
        (error(429, "You exceeded your current quota, please check your plan.", None), "quota", "look at the account"),
        (error(429, "Slow down", "rate_limit_exceeded", "requests", x_should_retry="false"), "quota", "the account"),
        (error(402, "Pay first"), "quota", "add credit"),
        (error(401, "Incorrect API key provided: sk-ab***yz", "invalid_api_key"), "auth", "OPENAI_API_KEY"),
        (error(403, "Country not supported", "unsupported_country_region_territory"), "auth", "Country not supported"),
        (error(404, "The model `gpt-9` does not exist", "model_not_found"), "invalid", "name a model"),
        (error(404, "Invalid URL (POST /images)"), "invalid", "base_url"),
        (error(400, "Refused: safety_violations=[violence]", "moderation_blocked"), "moderation", "other words"),
        (error(400, "Rejected", "content_policy_violation"), "moderation", "other words"),
        (error(400, "Unknown parameter: 'colour'", "unknown_parameter"), "invalid", "Unknown parameter: 'colour'"),
        (error(422, "n must be 1"), "invalid", "n must be 1"),
        (
            error(429, "Request too large for gpt-5 on TPM: Limit 1, Requested 2", "rate_limit_exceeded"),
            "invalid",
            "less",
        ),
        (error(429, "Rate limit reached", "rate_limit_exceeded", "requests"), "rate", "Rate limit reached"),
        (error(408, "Timeout"), "transient", "Timeout"),
        (error(409, "Conflict"), "transient", "Conflict"),
        (error(500, "The server had an error"), "transient", "The server had an error"),
        (ADAPTER.failure(answer({"error": 'model "llama" not found, try pulling it first'}, 404)), "invalid", "llama"),
        (
            ADAPTER.failure(answer({"detail": [{"loc": ["body", "voice"], "msg": "unknown"}]}, 422)),
            "invalid",
            "unknown",
        ),
        (ADAPTER.failure(answer({"object": "error", "message": "no such voice"}, 400)), "invalid", "no such voice"),
        (ADAPTER.failure(answer(b"<html>Bad gateway</html>", 502)), "transient", "502"),
        (ADAPTER.failure(answer(b"", 301)), "invalid", "base_url"),
    ],
)
def test_every_error_is_sorted_and_says_what_to_do(failure: Failure, sort: str, words: str) -> None:
    assert failure.sort == sort
    assert words in failure.message
    assert failure.message.startswith("openai answered ")
    assert "<" not in failure.message


def test_a_rate_limit_says_when_to_come_back() -> None:
    assert error(429, "Slow down", "rate_limit_exceeded", retry_after="7").retry_after == 7
    assert error(429, "Slow down", "rate_limit_exceeded", x_ratelimit_reset_requests="6m0s").retry_after == 360
    assert error(429, "Please try again in 20ms.", "rate_limit_exceeded").retry_after == pytest.approx(0.02)
    assert error(429, "You exceeded your current quota", None, retry_after="3").sort == "rate"


def test_a_fault_of_the_service_may_have_been_paid_unless_it_surely_refused() -> None:
    assert error(500, "oops").paid == "maybe"
    assert error(408, "Timeout").paid == "maybe"
    assert error(503, "overloaded").paid == "maybe"
    assert error(503, "overloaded", retry_after="2").paid == "nothing"
    assert error(409, "Conflict").paid == "nothing"
    assert error(400, "bad").paid == "nothing"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_message_repeats_a_key_or_moves_the_cursor(status: int) -> None:
    echo = "Incorrect API key provided: sk-proj-abcdefgh12345678. Header: Bearer 0123456789abcdefghij \x1b[2J\n\r"
    message = error(status, echo).message
    assert "abcdefgh" not in message
    assert message.isprintable()
