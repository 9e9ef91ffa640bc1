"""What is sent to OpenAI and ElevenLabs is what their own SDKs send, and fits OpenAI's published OpenAPI document.

Three judges that know nothing of vbmake: the SDKs' types (unknown fields refused), the SDKs themselves (given our
fields as their arguments they must send the same request), and the OpenAPI document (tests/providers/openapi).
"""

from __future__ import annotations

import base64
import email
import importlib
import json
from collections.abc import Callable
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any

import elevenlabs
import httpx
import httpx2
import openai
import pytest
from openai.types import ImagesResponse
from openai.types.audio import TranscriptionVerbose
from openai.types.chat import ChatCompletion
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from tests.providers.openapi import Document
from tests.providers.wishes import ELEVENLABS, OPENAI, WORDS, wish, with_recording
from vbmake.providers.elevenlabs import ElevenLabs
from vbmake.providers.openai import OpenAI
from vbmake.providers.types import Account, Generation, Ready, Request, Response

KEY = "not-a-key"
CLOUD = Account("openai", "openai", "https://api.openai.com/v1")
LABS = Account("elevenlabs", "elevenlabs", "https://api.elevenlabs.io")


IMAGE_ANSWER = {
    "created": 1,
    "data": [{"b64_json": base64.b64encode(b"png").decode(), "revised_prompt": "Two grey boats"}],
    "size": "1536x1024",
    "quality": "low",
    "output_format": "png",
    "background": "opaque",
    "usage": {
        "input_tokens": 9,
        "output_tokens": 400,
        "total_tokens": 409,
        "input_tokens_details": {"text_tokens": 9, "image_tokens": 0},
    },
}
CHAT_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5-mini",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": '{"title": "Dawn"}', "refusal": None},
        }
    ],
    "usage": {"prompt_tokens": 70, "completion_tokens": 500, "total_tokens": 570},
}
WORDS_ANSWER = {
    "language": "english",
    "duration": 1.5,
    "text": "Two boats",
    "words": [{"word": "Two", "start": 0.0, "end": 0.5}, {"word": "boats", "start": 0.5, "end": 1.5}],
    "usage": {"type": "duration", "seconds": 2},
}


def openai_request(generation: Generation, recording: Path | None = None) -> Request:
    if recording is not None:
        generation = with_recording(generation, recording)
    assert OpenAI().check(generation) == ""
    return OpenAI().submit(generation, CLOUD)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    path.write_bytes(b"RIFF....WAVE")
    return path


# The SDK's types.

TYPES = {
    "image": ("openai.types.image_generate_params", "ImageGenerateParamsNonStreaming"),
    "speech": ("openai.types.audio.speech_create_params", "SpeechCreateParams"),
    "script": ("openai.types.chat.completion_create_params", "CompletionCreateParamsNonStreaming"),
    "words": ("openai.types.audio.transcription_create_params", "TranscriptionCreateParamsNonStreaming"),
}
NESTED = (
    ("openai.types.audio.speech_create_params", "VoiceID"),
    ("openai.types.chat.chat_completion_system_message_param", "ChatCompletionSystemMessageParam"),
    ("openai.types.chat.chat_completion_user_message_param", "ChatCompletionUserMessageParam"),
    ("openai.types.shared_params.response_format_json_schema", "ResponseFormatJSONSchema"),
    ("openai.types.shared_params.response_format_json_schema", "JSONSchema"),
)


@cache
def sdk_type(kind: str) -> TypeAdapter[Any]:
    """The SDK's type of a request, with unknown fields refused."""
    strict = with_config(ConfigDict(extra="forbid", arbitrary_types_allowed=True))
    for module, name in (*NESTED, TYPES[kind]):
        strict(getattr(importlib.import_module(module), name))
    module, name = TYPES[kind]
    return TypeAdapter(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("name", OPENAI)
def test_openais_types_take_what_is_sent(name: str) -> None:
    request = openai_request(OPENAI[name])
    adapter = sdk_type(OPENAI[name].kind)
    adapter.validate_python(request.json)
    with pytest.raises(ValidationError):
        adapter.validate_python({**request.json, "colour": "blue"})


@pytest.mark.parametrize("name", WORDS)
def test_openais_types_take_the_form_that_is_sent(name: str, recording: Path) -> None:
    request = openai_request(WORDS[name], recording)
    fields = {key.removesuffix("[]"): value for key, value in (request.data or {}).items()}
    fields |= {key: path.read_bytes() for key, path in (request.files or {}).items()}
    if "temperature" in fields:
        fields["temperature"] = json.loads(fields["temperature"])
    sdk_type("words").validate_python(fields)


# The SDKs themselves, with a transport that keeps the request: no connection is opened.


class Kept(Exception):
    """Carries what the SDK was about to send."""

    def __init__(self, url: str, headers: dict[str, str], body: bytes) -> None:
        super().__init__(url)
        self.url = url
        self.headers = headers
        self.body = body


def keep(request: Any) -> Any:
    raise Kept(str(request.url), dict(request.headers), request.read())


def sent(call: Callable[[], Any]) -> Kept:
    error: BaseException | None = None
    try:
        call()
    except Exception as raised:  # the SDKs wrap it, each in an error of its own
        error = raised
    while error is not None and not isinstance(error, Kept):
        error = error.__cause__ or error.__context__
    assert error is not None
    return error


@pytest.fixture
def openai_sdk() -> Any:
    client = httpx2.Client(transport=httpx2.MockTransport(keep))
    with openai.OpenAI(api_key=KEY, base_url=CLOUD.base_url, http_client=client, max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def labs_sdk() -> Any:
    with httpx.Client(transport=httpx.MockTransport(keep)) as client:
        yield elevenlabs.ElevenLabs(api_key=KEY, base_url=LABS.base_url, httpx_client=client)


def parts(kept: Kept) -> dict[str, list[bytes]]:
    """The fields of a multipart form."""
    head = b"Content-Type: " + kept.headers["content-type"].encode() + b"\r\n\r\n"
    form: dict[str, list[bytes]] = {}
    payload = email.message_from_bytes(head + kept.body).get_payload()
    assert isinstance(payload, list)
    for part in payload:
        assert isinstance(part, Message)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        form.setdefault(str(part.get_param("name", header="content-disposition")), []).append(content)
    return form


@pytest.mark.parametrize("name", OPENAI)
def test_openais_sdk_sends_the_same_request(openai_sdk: Any, name: str) -> None:
    generation = OPENAI[name]
    request = openai_request(generation)
    calls = {
        "image": openai_sdk.images.generate,
        "speech": openai_sdk.audio.speech.create,
        "script": openai_sdk.chat.completions.create,
    }
    kept = sent(lambda: calls[generation.kind](**request.json))
    assert (kept.url, json.loads(kept.body)) == (request.url, request.json)
    assert {"authorization": f"Bearer {KEY}"}.items() <= kept.headers.items()
    assert OpenAI().authorise(KEY) == {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize("name", WORDS)
def test_openais_sdk_sends_the_same_form(openai_sdk: Any, name: str, recording: Path) -> None:
    request = openai_request(WORDS[name], recording)
    data = dict(request.data or {})
    fields = {key.removesuffix("[]"): value for key, value in data.items()}
    kept = sent(lambda: openai_sdk.audio.transcriptions.create(file=recording, **fields))
    assert kept.url == request.url
    ours = {
        key: [text.encode() for text in ([value] if isinstance(value, str) else value)] for key, value in data.items()
    }
    assert parts(kept) == {**ours, "file": [recording.read_bytes()]}


@pytest.mark.parametrize("name", ELEVENLABS)
def test_elevenlabs_sdk_sends_the_same_request(labs_sdk: Any, name: str) -> None:
    generation = ELEVENLABS[name]
    assert ElevenLabs().check(generation) == ""
    request = ElevenLabs().submit(generation, LABS)
    arguments = {key.replace("c2pa", "c_2_pa"): value for key, value in request.json.items()}
    arguments["output_format"] = request.url.rpartition("output_format=")[2]
    calls: dict[str, Callable[..., Any]] = {
        "speech": lambda **named: labs_sdk.text_to_speech.convert_with_timestamps(generation.voice, **named),
        "music": lambda **named: list(labs_sdk.music.compose(**named)),
        "effect": lambda **named: list(labs_sdk.text_to_sound_effects.convert(**named)),
    }
    kept = sent(lambda: calls[generation.kind](**arguments))
    assert (kept.url, json.loads(kept.body)) == (request.url, request.json)
    assert {"xi-api-key": KEY}.items() <= kept.headers.items()
    with pytest.raises(TypeError, match="colour"):
        calls[generation.kind](colour="blue", **arguments)


def test_elevenlabs_settings_of_a_voice_are_those_of_its_type() -> None:
    settings = ElevenLabs().submit(ELEVENLABS["speech"], LABS).json["voice_settings"]
    assert set(settings) <= set(elevenlabs.VoiceSettings.model_fields)
    elevenlabs.VoiceSettings.model_validate(settings)


def test_elevenlabs_sdk_sends_the_same_form(labs_sdk: Any, recording: Path) -> None:
    request = ElevenLabs().submit(with_recording(wish("words", "forced-alignment"), recording), LABS)
    kept = sent(lambda: labs_sdk.forced_alignment.create(file=recording.read_bytes(), text="Two boats"))
    assert kept.url == request.url
    assert set(parts(kept)) == {*(request.data or {}), *(request.files or {})}
    assert parts(kept)["text"] == [b"Two boats"]


# The OpenAPI document.

PATHS = {
    "image": ("/images/generations", "application/json"),
    "speech": ("/audio/speech", "application/json"),
    "script": ("/chat/completions", "application/json"),
    "words": ("/audio/transcriptions", "multipart/form-data"),
}


@cache
def document() -> Document:
    return Document(Path(__file__).parent / "openapi" / "openai.json")


def body_schema(kind: str) -> Any:
    path, media = PATHS[kind]
    return document().told["paths"][path]["post"]["requestBody"]["content"][media]["schema"]


def conforms(kind: str, body: dict[str, Any]) -> None:
    assert document().mistakes(body_schema(kind), body) == []


@pytest.mark.parametrize("name", OPENAI)
def test_what_is_sent_fits_the_published_document(name: str) -> None:
    request = openai_request(OPENAI[name])
    path, _ = PATHS[OPENAI[name].kind]
    assert request.url == document().told["servers"][0]["url"] + path
    conforms(OPENAI[name].kind, request.json)


@pytest.mark.parametrize("name", WORDS)
def test_the_form_that_is_sent_fits_the_published_document(name: str, recording: Path) -> None:
    data = dict(openai_request(WORDS[name], recording).data or {})
    fields = {key: [value] if isinstance(value, str) else value for key, value in data.items()}
    conforms("words", document().form(body_schema("words"), fields, ["file"]))


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("image", {"prompt": "x", "n": 50}),
        ("image", {"model": "gpt-image-2"}),
        ("image", {"prompt": "x", "background": "blue"}),
        ("speech", {"model": "tts-1", "voice": "alloy", "input": "x" * 4097}),
        ("speech", {"model": "tts-1", "voice": "alloy", "input": "x", "speed": 9}),
        ("script", {"model": "gpt-5-mini", "messages": []}),
        ("script", {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "x"}], "colour": "blue"}),
        ("words", {"model": "whisper-1"}),
    ],
)
def test_the_document_would_have_found_a_mistake(kind: str, broken: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        conforms(kind, broken)


# The answers that the adapter's tests read are answers that OpenAI gives.


def ready(generation: Generation, body: Any) -> Ready:
    answer = Response(200, {"content-type": "application/json"}, json.dumps(body).encode())
    found = OpenAI().accepted(generation, answer, CLOUD)
    assert isinstance(found, Ready)
    return found


def answered(schema: str, body: Any) -> list[str]:
    return document().mistakes({"$ref": f"#/components/schemas/{schema}"}, body)


def test_an_answered_image_fits_the_document_and_the_sdk() -> None:
    assert answered("ImagesResponse", IMAGE_ANSWER) == []
    ImagesResponse.model_validate(IMAGE_ANSWER)
    found = ready(OPENAI["image"], IMAGE_ANSWER)
    assert found.payloads[0].content == b"png"
    assert found.usage == {"images": 1, "input_tokens": 9, "output_tokens": 400}


def test_an_answered_script_fits_the_document_and_the_sdk() -> None:
    assert answered("CreateChatCompletionResponse", CHAT_ANSWER) == []
    ChatCompletion.model_validate(CHAT_ANSWER)
    assert ready(OPENAI["script"], CHAT_ANSWER).data == {"title": "Dawn"}


def test_answered_words_fit_the_document_and_the_sdk() -> None:
    assert answered("CreateTranscriptionResponseVerboseJson", WORDS_ANSWER) == []
    TranscriptionVerbose.model_validate(WORDS_ANSWER)
    assert [word["text"] for word in ready(WORDS["words"], WORDS_ANSWER).words or ()] == ["Two", "boats"]


def test_an_error_fits_the_document() -> None:
    body = {"error": {"message": "Slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
    assert answered("ErrorResponse", body) == []
    assert answered("ErrorResponse", {"error": {"message": "Slow down"}})
    assert OpenAI().failure(Response(429, {}, json.dumps(body).encode())).sort == "rate"


def test_an_answered_speech_of_elevenlabs_fits_its_sdk() -> None:
    alignment = {
        "characters": ["H", "i"],
        "character_start_times_seconds": [0.0, 0.1],
        "character_end_times_seconds": [0.1, 0.3],
    }
    body = {"audio_base64": base64.b64encode(b"mp3").decode(), "alignment": alignment, "normalized_alignment": None}
    elevenlabs.AudioWithTimestampsResponse.model_validate(body)
    answer = Response(200, {"content-type": "application/json"}, json.dumps(body).encode())
    found = ElevenLabs().accepted(ELEVENLABS["speech"], answer, LABS)
    assert isinstance(found, Ready)
    assert found.words == ({"text": "Hi", "start": 0, "end": 0.3},)


def test_answered_words_of_elevenlabs_fit_its_sdk() -> None:
    letters = [{"text": letter, "start": index / 10, "end": (index + 1) / 10} for index, letter in enumerate("Hi you")]
    words = [
        {"text": "Hi", "start": 0.0, "end": 0.2, "loss": 0.1},
        {"text": "you", "start": 0.3, "end": 0.6, "loss": 0.1},
    ]
    body = {"characters": letters, "words": words, "loss": 0.1}
    elevenlabs.ForcedAlignmentResponseModel.model_validate(body)
    answer = Response(200, {"content-type": "application/json"}, json.dumps(body).encode())
    found = ElevenLabs().accepted(wish("words", "forced-alignment"), answer, LABS)
    assert isinstance(found, Ready)
    assert [word["text"] for word in found.words or ()] == ["Hi", "you"]
