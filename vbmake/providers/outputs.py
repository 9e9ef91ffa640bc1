"""The files in a model's answer: every URL in it, in order, whatever its shape."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from vbmake.providers.types import Failure, Payload
from vbmake.services import Kind

MOST: Final = 32
"""How many files of one answer are looked at."""

DEPTH: Final = 12

TYPES: Final[Mapping[str, str]] = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif",
    "video/mp4": "mp4", "video/webm": "webm", "video/quicktime": "mov",
    "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav",
    "audio/vnd.wave": "wav", "audio/flac": "flac", "audio/x-flac": "flac", "audio/ogg": "ogg", "audio/opus": "opus",
    "audio/mp4": "m4a", "audio/x-m4a": "m4a", "audio/aac": "aac",
}  # fmt: skip

_IMAGES: Final = frozenset({"png", "jpg", "jpeg", "webp", "gif", "avif"})
_CLIPS: Final = frozenset({"mp4", "webm", "mov", "mkv"})
_SOUNDS: Final = frozenset({"mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"})
_ALL: Final = _IMAGES | _CLIPS | _SOUNDS
_ECHOED: Final = frozenset({"prompt", "actual_prompt", "revised_prompt", "input", "logs", "urls", "text"})
_URL: Final = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)
_DATA: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)


def payloads(output: Any, kind: Kind) -> tuple[Payload, ...]:
    """The files of an answer: those that look like a `kind` first, else in the order of the answer.

    Objects that describe a file ({"url", "content_type"}) are taken when there are any, every URL otherwise. Raises
    Failure for a data URL that cannot be read.
    """
    found = list(_described(output, DEPTH))[:MOST] or list(_addresses(output, DEPTH))[:MOST]
    made = [_payload(url, extension) for url, extension in dict(found).items()]
    fitting = {"image": _IMAGES, "clip": _CLIPS}.get(kind, _SOUNDS)
    return tuple(sorted(made, key=lambda payload: _misfit(payload.extension, fitting)))


def _misfit(extension: str, fitting: frozenset[str]) -> int:
    return 0 if extension in fitting else 2 if extension in _ALL else 1


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from (item for name, item in value.items() if name not in _ECHOED)
    elif isinstance(value, list):
        yield from value


def _described(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and _is_address(value.get("url")):
        kind = str(value.get("content_type") or "").partition(";")[0].strip().lower()
        yield value["url"], TYPES.get(kind) or _suffix(str(value.get("file_name") or "")) or _suffix(value["url"])
    elif depth:
        for item in _items(value):
            yield from _described(item, depth - 1)


def _addresses(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if _is_address(value):
        yield value, _suffix(value)
    elif depth:
        for item in _items(value):
            yield from _addresses(item, depth - 1)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and bool(_URL.fullmatch(value) or _DATA.match(value))


def _suffix(address: str) -> str:
    """The extension in a file's name or the path of a URL, when it is one of a media file."""
    if address[:5].lower() == "data:":
        return ""
    try:
        path = urlsplit(address).path
    except ValueError:  # such as an unclosed IPv6 host
        return ""
    extension = PurePosixPath(path).suffix[1:].lower()
    return extension if extension in _ALL else ""


def _payload(address: str, extension: str) -> Payload:
    match = _DATA.match(address)
    if match is None:
        return Payload(url=address, extension=extension)
    rest = address[match.end() :]
    try:
        content = b64decode(unquote_to_bytes(rest), validate=True) if match[3] else unquote_to_bytes(rest)
    except ValueError as error:
        raise Failure(
            "failed", f"the model's answer holds a data URL that cannot be read: {error}", paid="yes"
        ) from error
    return Payload(content=content, extension=TYPES.get((match[1] or "").lower(), extension))
