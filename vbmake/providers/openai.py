"""OpenAI, and every server that speaks its API at another `base_url`: images, speech, scripts, word times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urljoin, urlsplit

from vbmake.providers.answers import headline, said, sentence
from vbmake.providers.delays import retry_after
from vbmake.providers.openai_sizes import is_dall_e, is_gpt_image, size_for
from vbmake.providers.reading import (
    amounts,
    answers_at_once,
    body_of,
    by_status,
    decoded,
    inside,
    iso_language,
    nearest,
    refused_kind,
    refused_option,
    refused_seed,
    sound_extension,
    sound_of,
    told,
    who_of,
)
from vbmake.providers.types import Accepted, Account, Failure, Generation, Payload, Ready, Request, Response, Running
from vbmake.services import SERVICES, Kind

LONGEST_SPEECH: Final = 4096  # characters
LONGEST_PROMPT: Final = 32_000  # characters, of the GPT image models
SPEEDS: Final = (0.25, 4.0)
HOST: Final = urlsplit(SERVICES["openai"].base_url).hostname

_MODEL: Final = "name the model with `model`"
_ONE: Final = "vbmake asks for one answer at a time; `take` gives another"
_WHOLE: Final = "vbmake reads whole answers"
_SIZE: Final = "the size follows from the layer's width and height, or the film's"
_SETS: Final = "vbmake sets it"

# What `options` cannot hold, because the adapter sets it, or cannot read what would come of it.
_RESERVED: Final[Mapping[Kind, Mapping[str, str]]] = {
    "image": {"model": _MODEL, "prompt": _SETS, "n": _ONE, "stream": _WHOLE, "partial_images": _WHOLE, "size": _SIZE},
    "speech": {
        "model": _MODEL,
        "input": _SETS,
        "voice": "name the voice with `voice`",
        "response_format": _SETS,
        "format": _SETS,
        "stream_format": _WHOLE,
    },
    "script": {
        "model": _MODEL,
        "messages": _SETS,
        "response_format": _SETS,
        "n": _ONE,
        "stream": _WHOLE,
        "stream_options": _WHOLE,
        **dict.fromkeys(("tools", "tool_choice", "functions", "function_call", "modalities", "audio"), _WHOLE),
    },
    "words": {
        "model": _MODEL,
        "file": _SETS,
        "response_format": _SETS,
        "timestamp_granularities": _SETS,
        "timestamp_granularities[]": _SETS,
        "stream": _WHOLE,
    },
}
# What `options` of OpenAI's own image models can hold: {name: its values, () for any}. It refuses all else.
_GPT_IMAGE: Final[Mapping[str, tuple[str, ...]]] = {
    "quality": ("low", "medium", "high", "auto"),
    "background": ("transparent", "opaque", "auto"),
    "moderation": ("low", "auto"),
    "output_format": (),
    "output_compression": (),
    "user": (),
}
_DALL_E_3: Final[Mapping[str, tuple[str, ...]]] = {
    "quality": ("standard", "hd"),
    "style": ("vivid", "natural"),
    "user": (),
}
_DALL_E_2: Final[Mapping[str, tuple[str, ...]]] = {"quality": ("standard",), "user": ()}
_QUOTA: Final = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_limit_user_error"}
_MODERATION: Final = {"content_policy_violation", "moderation_blocked", "content_filter", "safety_violation"}
_FENCE: Final = re.compile(r"```[a-zA-Z]*\s*\n(.*?)\n?\s*```", re.DOTALL)
_THOUGHT: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_TOKENS: Final = {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
_CHAT_TOKENS: Final = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}


class OpenAI:
    """OpenAI's API answers every request at once; it has no idempotency key, so asking twice may cost twice."""

    name: ClassVar[str] = "openai"
    hosts: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[Kind, ...]] = ("image", "speech", "script", "words")
    idempotent: ClassVar[bool] = False

    def authorise(self, key: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {key}"}

    def check(self, generation: Generation) -> str:
        if wrong := refused_kind(self, generation):
            return wrong
        if not generation.model:
            return f"openai needs a model for {generation.kind}; name one with `model`"
        if not generation.prompt.strip() and generation.kind != "words":
            return f"the prompt for {who_of(self.name, generation)} is empty; say what it shall make"
        who = who_of(self.name, generation)
        wrong = refused_seed(who, generation)
        wrong = wrong or refused_option(who, generation.options, _RESERVED[generation.kind])
        return wrong or _CHECKS[generation.kind](generation, who)

    def submit(self, generation: Generation, account: Account) -> Request:
        return _REQUESTS[generation.kind](generation, account)

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        who = who_of(self.name, generation)
        if generation.kind == "speech":
            return _speech(generation, response, who)
        body = body_of(response)
        error = inside(body, "error")
        if error:  # some compatible servers say so with status 200
            raise Failure(
                "failed",
                f"{who} failed: {sentence(told(inside(error, 'message') or error))}; run it again",
                paid="maybe",
            )
        if not isinstance(body, dict):
            raise Failure(
                "failed", f"{who} answered with something that is no JSON object; check its base_url", paid="maybe"
            )
        return _READERS[generation.kind](generation, body, who, account)

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        raise answers_at_once(self.name, generation)

    def failure(self, response: Response) -> Failure:
        error = inside(body_of(response), "error")
        codes = {str(inside(error, name) or "") for name in ("code", "type")}
        words = said(response)
        head = headline(self.name, response)
        if codes & _QUOTA:
            advice = "the credit or the limit of this account is used up: raise it there, then build again"
            return Failure("quota", f"{head}; {advice}")
        if codes & _MODERATION:
            return Failure("moderation", f"{head}; its rules refuse this prompt: say it in other words")
        if response.status == 404 and ("model_not_found" in codes or "model" in words.lower()):
            return Failure("invalid", f"{head}; name a model that this account has with `model`, or check base_url")
        if response.status == 429 and words.startswith("Request too large"):
            return Failure("invalid", f"{head}; this one request is more than a minute's limit: ask for less")
        if response.status == 429 and _stops(response, words):
            return Failure("quota", f"{head}; it will not pass by itself: look at the account, then build again")
        return by_status(self.name, response)


def _stops(response: Response, words: str) -> bool:
    """Whether a 429 asks for a person: servers without OpenAI's codes say so in words, and name no delay."""
    if retry_after(response) is not None:
        return False
    return response.headers.get("x-should-retry") == "false" or "exceeded your current quota" in words


# Before anything is paid: what is wrong with what is asked.


def _check_image(generation: Generation, who: str) -> str:
    options, model = generation.options, generation.model
    width, height = generation.width, generation.height
    if (width is None) != (height is None) or (width is not None and height is not None and min(width, height) < 1):
        return f"{who} needs both width and height in whole px, or neither"
    if is_gpt_image(model) and len(generation.prompt) > LONGEST_PROMPT:
        count = len(generation.prompt)
        return f"{who} takes prompts of at most {LONGEST_PROMPT} characters and this one has {count}; shorten it"
    if "response_format" in options and (is_gpt_image(model) or is_dall_e(model)):
        return f"options of {who} cannot hold 'response_format': {_SETS}"
    if options.get("response_format", "url") not in ("url", "b64_json"):
        return f"response_format of {who} is 'url' or 'b64_json', not {options['response_format']!r}"
    if options.get("output_format", "png") not in ("png", "jpeg", "webp"):
        return f"output_format of {who} is png, jpeg or webp here, not {options['output_format']!r}"
    if options.get("background") == "transparent" and options.get("output_format") == "jpeg":
        return f"a picture of {who} in JPEG has no transparent background; leave out output_format, or name png or webp"
    return _check_image_options(generation, who)


def _check_image_options(generation: Generation, who: str) -> str:
    """What OpenAI's own models refuse with `Unknown parameter`; those of other servers take what they like."""
    if is_gpt_image(generation.model):
        known = _GPT_IMAGE
    elif is_dall_e(generation.model):
        known = _DALL_E_3 if generation.model == "dall-e-3" else _DALL_E_2
    else:
        return ""
    for name, value in generation.options.items():
        if name not in known:
            return f"{who} has no option {name!r}{nearest(name, known)} It has: {', '.join(known)}"
        if known[name] and value not in known[name]:
            return f"{name} of {who} is one of {', '.join(known[name])}, not {value!r}{nearest(value, known[name])}"
    return ""


def _check_speech(generation: Generation, who: str) -> str:
    count = len(generation.prompt)
    if count > LONGEST_SPEECH:
        return f"{who} speaks at most {LONGEST_SPEECH} characters at a time and this text has {count}; say it in parts"
    if not generation.voice:
        return f"{who} needs a voice; name one with `voice`"
    if "instructions" in generation.options and generation.model in ("tts-1", "tts-1-hd"):
        return f"{who} takes no instructions; leave them out or name another model"
    speed = generation.options.get("speed", 1)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not SPEEDS[0] <= speed <= SPEEDS[1]:
        return f"speed of {who} is a number from {SPEEDS[0]} to {SPEEDS[1]:g}, not {speed!r}"
    return ""


def _check_script(generation: Generation, who: str) -> str:
    return ""


def _check_words(generation: Generation, who: str) -> str:
    if "audio" not in generation.files:
        return f"{who} needs a recording to find the words in"
    if re.match(r"gpt-(4o-)?(mini-)?transcribe", generation.model):
        return f"{who} tells no times of words; name whisper-1 with `model`"
    return ""


_CHECKS: Final = {"image": _check_image, "speech": _check_speech, "script": _check_script, "words": _check_words}


# What is asked.


def _ask_image(generation: Generation, account: Account) -> Request:
    body: dict[str, Any] = {**generation.options, "model": generation.model, "prompt": generation.prompt, "n": 1}
    if generation.width is not None and generation.height is not None:
        width, height = size_for(generation.model, generation.width, generation.height)
        body["size"] = f"{width}x{height}"
    if is_dall_e(generation.model):
        body["response_format"] = "b64_json"
    return Request("POST", f"{account.base}/images/generations", json=body)


def _ask_speech(generation: Generation, account: Account) -> Request:
    voice: Any = generation.voice
    if urlsplit(account.base_url).hostname == HOST and re.fullmatch(r"voice_\w+", voice):
        voice = {"id": voice}  # a voice of the account's own
    body = {
        **generation.options,
        "model": generation.model,
        "input": generation.prompt,
        "voice": voice,
        "response_format": "wav",
    }
    return Request("POST", f"{account.base}/audio/speech", json=body)


def _ask_script(generation: Generation, account: Account) -> Request:
    messages = [{"role": "user", "content": generation.prompt}]
    if generation.system:
        messages.insert(0, {"role": "system", "content": generation.system})
    body: dict[str, Any] = {**generation.options, "model": generation.model, "messages": messages}
    if generation.schema is not None:
        schema = {"name": "script", "strict": True, "schema": generation.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return Request("POST", f"{account.base}/chat/completions", json=body)


def _ask_words(generation: Generation, account: Account) -> Request:
    data: dict[str, Any] = {name: _field(value) for name, value in generation.options.items()}
    data |= {
        "model": generation.model,
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word"],
    }
    if language := iso_language(generation.language):
        data["language"] = language
    files = {"file": generation.files["audio"]}
    return Request("POST", f"{account.base}/audio/transcriptions", data=data, files=files)


def _field(value: Any) -> str | list[str]:
    """A value of a form: texts, and JSON for all else."""
    if isinstance(value, list):
        return [item if isinstance(item, str) else json.dumps(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


_REQUESTS: Final = {"image": _ask_image, "speech": _ask_speech, "script": _ask_script, "words": _ask_words}


# What came of it.


def _image(generation: Generation, body: Mapping[str, Any], who: str, account: Account) -> Ready:
    entry = inside(body, "data", 0)
    text, url = inside(entry, "b64_json"), inside(entry, "url")
    if not text and isinstance(url, str) and url.startswith("data:"):
        text = url
    if text:
        try:
            content = decoded(text)
        except ValueError as error:
            raise Failure("failed", f"{who} sent a picture that cannot be decoded: {error}", paid="yes") from None
        payload = Payload(content, extension=_picture(body, generation))
    elif isinstance(url, str) and url:
        payload = Payload(url=urljoin(f"{account.base}/", url), extension=_picture(body, generation))
    else:
        raise Failure("failed", f"{who} answered without any picture; run it again", paid="maybe")
    facts = {name: body[name] for name in ("size", "quality", "background", "output_format") if _small(body.get(name))}
    if revised := inside(entry, "revised_prompt"):
        facts["revised_prompt"] = str(revised)
    return Ready((payload,), usage={"images": 1.0, **amounts(body.get("usage"), _TOKENS)}, facts=facts)


def _picture(body: Mapping[str, Any], generation: Generation) -> str:
    told_format = body.get("output_format") or generation.options.get("output_format") or "png"
    return told_format if told_format in ("png", "jpeg", "webp") else ""


def _small(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) < 100


def _speech(generation: Generation, response: Response, who: str) -> Ready:
    content = sound_of(response, who)
    payload = Payload(content, extension=sound_extension(response, "wav"))
    return Ready((payload,), usage={"characters": float(len(generation.prompt))})


def _script(generation: Generation, body: Mapping[str, Any], who: str, account: Account) -> Ready:
    choice = inside(body, "choices", 0)
    reason, refusal = inside(choice, "finish_reason"), inside(choice, "message", "refusal")
    if refusal or reason == "content_filter":
        words = f": {sentence(told(refusal))}" if refusal else ""
        raise Failure("moderation", f"{who} refused to write it{words}; say the prompt in other words", paid="yes")
    if reason == "length":
        advice = "ask for a shorter film, or raise max_completion_tokens in its options"
        raise Failure("failed", f"{who} reached its limit before the script was whole; {advice}", paid="yes")
    text = _said(inside(choice, "message", "content"))
    if not text.strip():
        raise Failure("failed", f"{who} answered without any text; run it again", paid="yes")
    facts = {name: body[name] for name in ("id", "model", "system_fingerprint") if _small(body.get(name))}
    return Ready(data=_parsed(text, who), usage=amounts(body.get("usage"), _CHAT_TOKENS), facts=facts)


def _said(content: Any) -> str:
    """The text of a message, which some servers give in parts."""
    if isinstance(content, list):
        return "".join(str(inside(part, "text") or "") for part in content)
    return content if isinstance(content, str) else ""


def _parsed(text: str, who: str) -> Any:
    """The JSON of an answer: alone, or (from weaker models) after a thought, or inside a fence among words."""
    text = _THOUGHT.sub("", text, count=1)
    problem = ""
    for candidate in (text, *_FENCE.findall(text)):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError) as error:
            problem = problem or (str(error) if isinstance(error, ValueError) else "it is nested too deeply")
        else:
            if isinstance(value, dict):
                return value
            problem = f"it is no object but {type(value).__name__}"
    advice = "run it again, or name a model that writes JSON by a schema"
    raise Failure("failed", f"{who} wrote something that is no JSON ({problem}); {advice}", paid="yes")


def _words(generation: Generation, body: Mapping[str, Any], who: str, account: Account) -> Ready:
    entries = body.get("words")
    if not isinstance(entries, list) or not entries:
        advice = "name a model that tells word times, such as whisper-1"
        raise Failure("failed", f"{who} told no times of words; {advice}", paid="yes")
    words = []
    for entry in entries:
        text, times = inside(entry, "word"), amounts(entry, {"start": "start", "end": "end"})
        if not isinstance(text, str) or len(times) < 2:
            raise Failure("failed", f"{who} told a word without its times; run it again", paid="yes")
        if text.strip():
            words.append({"text": text.strip(), **times})
    usage = amounts(body, {"duration": "seconds"}) | amounts(body.get("usage"), {"seconds": "seconds"})
    facts = {name: body[name] for name in ("language",) if _small(body.get(name))}
    return Ready(words=tuple(words), usage=usage, facts=facts)


_READERS: Final = {"image": _image, "script": _script, "words": _words}
