"""What adapters share: what they refuse before anybody is asked, and reading answers that may hold anything."""

from __future__ import annotations

import base64
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from vbmake.providers import answers
from vbmake.providers.delays import retry_after
from vbmake.providers.types import Adapter, Failure, Generation, Response
from vbmake.services import SERVICES

_SOUNDS: Final[Mapping[str, str]] = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/aac": "aac",
    "audio/mp4": "m4a",
}


def body_of(response: Response) -> Any:
    """The body as JSON, or None when it is none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def inside(value: Any, *path: str | int) -> Any:
    """What stands at `path` of a JSON value, or None where it leads nowhere."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def told(text: Any) -> str:
    """A service's own words as one line, without keys or control characters."""
    return answers.line("".join(letter if letter.isprintable() else " " for letter in str(text or "")))


def amounts(values: Any, names: Mapping[str, str]) -> dict[str, float]:
    """The numbers of a JSON object under our names ({theirs: ours}); what is no amount is left out."""
    found: dict[str, float] = {}
    for theirs, ours in names.items():
        value = inside(values, theirs)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
            found[ours] = value
    return found


def decoded(text: Any) -> bytes:
    """The bytes of base64 text, of a data URL as well. Raises ValueError when there are none."""
    if not isinstance(text, str):
        raise ValueError("there is no base64 text")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:  # binascii.Error, and of letters beyond ASCII
        raise ValueError(f"it is no base64 text: {error}") from None
    if not content:
        raise ValueError("it is empty")
    return content


def sound_of(response: Response, who: str) -> bytes:
    """The sound that is a whole body. Raises Failure when the body is empty or says something instead."""
    if not response.content:
        raise Failure("failed", f"{who} answered without any sound; build again", paid="maybe")
    if response.type.startswith("text/") or response.type.endswith("json"):
        words = told(answers.said(response))
        told_so = f": {words}" if words else ""
        raise Failure("failed", f"{who} answered with {response.type} instead of sound{told_so}", paid="maybe")
    return response.content


def sound_extension(response: Response, asked: str) -> str:
    """The extension that the content type tells, else the one of the format that was asked for."""
    return _SOUNDS.get(response.type, asked)


def iso_language(language: str) -> str:
    """The ISO 639-1 code ("en") of a language such as "en-us"; "" when it begins with none."""
    code = re.split("[-_]", language.strip().lower())[0]
    return code if re.fullmatch("[a-z]{2}", code) else ""


def who_of(service: str, generation: Generation) -> str:
    """Who is spoken of in a message: "openai's gpt-image-2"."""
    return f"{service}'s {generation.model}" if generation.model else service


def refused_kind(adapter: Adapter, generation: Generation) -> str:
    """What to say of a kind of asset that a service does not make; "" of one that it makes."""
    if generation.kind in adapter.kinds:
        return ""
    return f"{adapter.name} makes no {generation.kind}; it makes {', '.join(adapter.kinds)}"


def answers_at_once(service: str, generation: Generation) -> Failure:
    """That there is no job to ask for, of a service that answers every request with what was made."""
    return Failure("failed", f"{who_of(service, generation)} answers at once; there is nothing to ask for")


def refused_seed(who: str, generation: Generation) -> str:
    """What to say of a seed that the project names and nobody would be sent; "" where it names none."""
    if "seed" not in generation.named:
        return ""
    return f"vbmake sends no seed to {who} for {generation.kind}: leave it out; `take` asks for another sample"


def refused_option(who: str, options: Mapping[str, Any], reserved: Mapping[str, str]) -> str:
    """What to say of options that would replace what vbmake itself sends ({name: what to do}); "" of none."""
    wrong = [f"{name!r}: {reserved[str(name)]}" for name in options if str(name) in reserved]
    return f"options of {who} cannot hold {'; nor '.join(wrong)}" if wrong else ""


def nearest(found: Any, allowed: Iterable[str]) -> str:
    """The end of a sentence: which of the allowed names was meant, where one is near."""
    near = difflib.get_close_matches(str(found), list(allowed), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def by_status(service: str, response: Response) -> Failure:
    """Sort an answer that is not 2xx by its status and words, as every service's is, with what is known of the charge.

    A fault of the service may come after the work: only a clash, or a 503 that names a delay, surely came before it.
    The words of a 401 are left out, because they repeat a part of the key.
    """
    if response.status == 401:
        response = replace(response, content=b"")
    failure = answers.failure(service, SERVICES[service].key, response)
    refused = response.status in (409, 425) or (response.status in (503, 529) and retry_after(response) is not None)
    if failure.sort == "transient" and not refused:
        failure.paid = "maybe"
    return failure
