"""ElevenLabs: speech with the times of its words, music, sound effects, and where words are in a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from vbmake.providers.answers import headline
from vbmake.providers.delays import retry_after
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
from vbmake.services import Kind

FORMAT: Final = "mp3_44100_128"  # the best of every plan; 192 kbit/s needs Creator, WAV at 44.1 kHz Pro
SEEDS: Final = 2**32
_FORMATS: Final = {"mp3": "mp3_44100_192", "opus": "opus_48000_128", "wav": "wav_44100"}  # music comes as no WAV

_VOICE: Final = ("stability", "similarity_boost", "style", "use_speaker_boost", "speed", "clone_strength")
_SHARES: Final = ("stability", "similarity_boost", "style")  # of 0 to 1
_FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "speech": (
        "voice_settings",
        "previous_text",
        "next_text",
        "previous_request_ids",
        "next_request_ids",
        "pronunciation_dictionary_locators",
        "apply_text_normalization",
        "apply_language_text_normalization",
        "use_pvc_as_ivc",
        "audio_effects",
    ),
    "music": ("force_instrumental", "finetune_id", "store_for_inpainting", "sign_with_c2pa"),
    "effect": ("prompt_influence", "loop"),
    "words": (),
}
_SETS: Final = "vbmake sets it"
_RESERVED: Final[Mapping[str, str]] = {
    "text": _SETS,
    "prompt": _SETS,
    "composition_plan": "vbmake asks for music by its prompt",
    "model_id": "name the model with `model`",
    "model": "name the model with `model`",
    "voice_id": "name the voice with `voice`",
    "voice": "name the voice with `voice`",
    "seed": "name it with `seed`",
    "language_code": "name it with `language`",
    "music_length_ms": "say how long with the seconds that are asked for",
    "duration_seconds": "say how long with the seconds that are asked for",
    "file": _SETS,
}
_LENGTHS: Final[Mapping[Kind, tuple[float, float]]] = {"music": (3, 600), "effect": (0.5, 30)}  # seconds
_QUOTA: Final = {"quota_exceeded", "insufficient_credits", "payment_required", "paid_plan_required", "limited_access"}
_FEWER: Final = "more at once than this account's plan allows: lower the provider's `limit`"
_BUSY: Final[Mapping[str, tuple[float, str]]] = {  # short delays of our own: its limit is concurrency, not a minute's
    "too_many_concurrent_requests": (2.0, _FEWER),
    "concurrent_limit_exceeded": (2.0, _FEWER),
    "system_busy": (5.0, "it is asked again later"),
}
_MODERATION: Final = re.compile("polic|moderat|bad_prompt|bad_composition|prohibited|unsafe|copyright")


class ElevenLabs:
    """ElevenLabs answers every request at once; what it limits is how many are under way."""

    name: ClassVar[str] = "elevenlabs"
    hosts: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[Kind, ...]] = ("speech", "music", "effect", "words")
    idempotent: ClassVar[bool] = False

    def authorise(self, key: str) -> Mapping[str, str]:
        return {"xi-api-key": key}

    def check(self, generation: Generation) -> str:
        if wrong := refused_kind(self, generation):
            return wrong
        who = who_of(self.name, generation)
        if not generation.prompt.strip():
            return f"the text for {who} is empty; say what it shall make"
        if generation.kind == "speech" and not re.fullmatch(r"[A-Za-z0-9]{20}", generation.voice):
            return (
                "a voice of elevenlabs is an id of 20 letters and digits such as JBFqnCBsd6RMkjVDRZzb, "
                f"not {generation.voice!r}; the menu of the voice on its site (My Voices) copies its id"
            )
        if generation.kind == "words" and "audio" not in generation.files:
            return f"{who} needs a recording to find the words in"
        if generation.kind != "speech" and (wrong := refused_seed(who, generation)):
            return wrong
        return _check_length(generation, who) or _check_options(generation, who)

    def submit(self, generation: Generation, account: Account) -> Request:
        base = account.base.removesuffix("/v1") + "/v1"
        if generation.kind == "words":
            files = {"file": generation.files["audio"]}
            return Request("POST", f"{base}/forced-alignment", data={"text": generation.prompt}, files=files)
        options = dict(generation.options)
        query = urlencode({"output_format": options.pop("output_format", FORMAT)})
        if generation.kind == "speech":
            path = f"/text-to-speech/{quote(generation.voice, safe='')}/with-timestamps"
            return Request("POST", f"{base}{path}?{query}", json=_speech_body(generation, options))
        path, length = ("/music", _milliseconds) if generation.kind == "music" else ("/sound-generation", _seconds)
        prompt = {"prompt" if generation.kind == "music" else "text": generation.prompt}
        body = {**options, **prompt, **length(generation.seconds)}
        if generation.model:
            body["model_id"] = generation.model
        return Request("POST", f"{base}{path}?{query}", json=body)

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        who = who_of(self.name, generation)
        if generation.kind == "speech":
            return _spoken(generation, response, who)
        if generation.kind == "words":
            return _aligned(response, who)
        asked = _extension(generation)
        payload = Payload(sound_of(response, who), extension=sound_extension(response, asked))
        usage = {"runs": 1.0} | ({} if generation.seconds is None else {"seconds": generation.seconds})
        return Ready((payload,), usage=usage, facts=_facts(response))

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        raise answers_at_once(self.name, generation)

    def failure(self, response: Response) -> Failure:
        detail = inside(body_of(response), "detail")  # an object, a list of mistakes, or a text
        code = str(inside(detail, "status") or inside(detail, "code") or "")
        head = headline(self.name, response)
        if code in _QUOTA:  # with 401 as well
            return Failure("quota", f"{head}; the credits of this account do not reach: add some, then build again")
        if response.status == 429 and code in _BUSY:
            delay, advice = _BUSY[code]
            asked = retry_after(response)
            return Failure("rate", f"{head}; {advice}", delay if asked is None else asked)
        if 400 <= response.status < 500 and _MODERATION.search(code):
            return Failure("moderation", f"{head}; its rules refuse this prompt: say it in other words")
        if code == "voice_not_found":
            return Failure("invalid", f"{head}; name a voice that this account has with `voice`")
        if code == "max_character_limit_exceeded":
            return Failure("invalid", f"{head}; the text is too long for one request: say it in parts")
        return by_status(self.name, response)


# Before anything is paid: what is wrong with what is asked.


def _check_length(generation: Generation, who: str) -> str:
    if generation.seconds is None or generation.kind not in _LENGTHS:
        return ""
    shortest, longest = _LENGTHS[generation.kind]
    if shortest <= generation.seconds <= longest:
        return ""
    return f"{who} makes {shortest:g} to {longest:g} seconds of {generation.kind}, not {generation.seconds:g}"


def _check_options(generation: Generation, who: str) -> str:
    if wrong := refused_option(who, generation.options, _RESERVED):
        return wrong
    own = _VOICE if generation.kind == "speech" else ()
    formats = () if generation.kind == "words" else ("output_format",)
    settings = generation.options.get("voice_settings", {})
    if not isinstance(settings, Mapping):
        return f"voice_settings of {who} is a mapping such as {{stability: 0.5}}, not {settings!r}"
    if generation.kind == "speech" and (wrong := _no_share({**settings, **generation.options}, who)):
        return wrong
    known = (*own, *_FIELDS[generation.kind], *formats)
    for name, names in [(name, known) for name in generation.options] + [(name, own) for name in settings]:
        if name not in names:
            return f"{who} has no option {name!r}{nearest(name, names)} It has: {', '.join(names) or 'none'}"
    asked = generation.options.get("output_format", FORMAT)
    codecs = [codec for codec in _FORMATS if (generation.kind, codec) != ("music", "wav")]
    if not isinstance(asked, str) or not re.fullmatch(rf"({'|'.join(codecs)})_\d+(_\d+)?", asked):
        return f"output_format of {who} is such as {' or '.join(_FORMATS[one] for one in codecs)}, not {asked!r}"
    return ""


def _no_share(settings: Mapping[str, Any], who: str) -> str:
    for name in _SHARES:
        value = settings.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            return f"{name} of {who} is a number from 0 to 1, not {value!r}"
    return ""


# What is asked.


def _speech_body(generation: Generation, options: dict[str, Any]) -> dict[str, Any]:
    settings = dict(options.pop("voice_settings", {}))
    settings |= {name: options.pop(name) for name in _VOICE if name in options}
    body = {**options, "text": generation.prompt, "seed": generation.seed % SEEDS}
    if generation.model:
        body["model_id"] = generation.model
    if settings:
        body["voice_settings"] = settings
    language = iso_language(generation.language)
    if language and not re.search("multilingual_v|monolingual", generation.model):  # these take none
        body["language_code"] = language
    return body


def _milliseconds(seconds: float | None) -> dict[str, Any]:
    return {} if seconds is None else {"music_length_ms": round(seconds * 1000)}


def _seconds(seconds: float | None) -> dict[str, Any]:
    return {} if seconds is None else {"duration_seconds": seconds}


def _extension(generation: Generation) -> str:
    return str(generation.options.get("output_format", FORMAT)).partition("_")[0]


# What came of it.


def _spoken(generation: Generation, response: Response, who: str) -> Ready:
    body = body_of(response)
    try:
        content = decoded(inside(body, "audio_base64"))
    except ValueError as error:
        raise Failure("failed", f"{who} answered without sound that can be read: {error}", paid="maybe") from None
    facts, words = _facts(response), None
    alignment = inside(body, "alignment") or inside(body, "normalized_alignment")
    try:
        words = grouped(
            inside(alignment, "characters"),
            inside(alignment, "character_start_times_seconds"),
            inside(alignment, "character_end_times_seconds"),
        )
    except ValueError as error:  # the speech is paid for and good: its words can be found otherwise
        facts["word_times"] = f"not usable: {error}"
    payload = Payload(content, extension=_extension(generation))
    return Ready((payload,), words=words, usage={"characters": float(len(generation.prompt))}, facts=facts)


def _aligned(response: Response, who: str) -> Ready:
    body = body_of(response)
    characters, entries = inside(body, "characters"), inside(body, "words")
    try:
        if isinstance(characters, list) and characters:
            words = grouped(*([inside(one, name) for one in characters] for name in ("text", "start", "end")))
        elif isinstance(entries, list):
            words = grouped(*([inside(one, name) for one in _spaced(entries)] for name in ("text", "start", "end")))
        else:
            raise ValueError("there are none")
    except ValueError as error:
        raise Failure("failed", f"{who} told no times of words that can be used: {error}", paid="yes") from None
    return Ready(words=words, usage={"runs": 1.0}, facts=_facts(response))


def _spaced(entries: Sequence[Any]) -> list[Any]:
    """Whole words as `grouped` wants characters: with a space after each."""
    return [
        item
        for entry in entries
        for item in (entry, {"text": " ", "start": inside(entry, "end"), "end": inside(entry, "end")})
    ]


def grouped(characters: Any, starts: Any, ends: Any) -> tuple[dict[str, Any], ...]:
    """Characters and their times in seconds as words, split on white space: [{"text", "start", "end"}].

    Raises ValueError when the three lists do not fit each other or a time is none, or goes back.
    """
    if not all(isinstance(values, list) for values in (characters, starts, ends)):
        raise ValueError("there are none")
    if not len(characters) == len(starts) == len(ends):
        raise ValueError(f"{len(characters)} characters have {len(starts)} starts and {len(ends)} ends")
    words: list[dict[str, Any]] = []
    open_word = False
    for character, start, end in zip(characters, starts, ends, strict=True):
        times = amounts({"start": start, "end": end}, {"start": "start", "end": "end"})
        if not isinstance(character, str) or len(times) < 2 or times["end"] < times["start"]:
            raise ValueError(f"{character!r} is said from {start!r} to {end!r}")
        if not character.strip():
            open_word = False
        elif open_word:
            words[-1]["text"] += character
            words[-1]["end"] = max(words[-1]["end"], times["end"])
        else:
            if words and times["start"] < words[-1]["start"]:
                raise ValueError(f"the times go back at {start:g} s")
            words.append({"text": character, **times})
            open_word = True
    if not words:
        raise ValueError("there are none")
    return tuple(words)


def _facts(response: Response) -> dict[str, Any]:
    """What the headers tell: the id to ask its support with, and what was charged, in credits."""
    headers = response.headers
    facts: dict[str, Any] = {"request_id": told(headers["request-id"])} if headers.get("request-id") else {}
    if re.fullmatch(r"\d{1,9}(\.\d+)?", cost := headers.get("character-cost", "")):
        facts["credits"] = float(cost)
    return facts
