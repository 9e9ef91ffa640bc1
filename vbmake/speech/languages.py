"""Which local voice speaks a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_VOICES: Final[Mapping[str, str]] = {"en": "en-us", "zh": "cmn", "no": "nb", "fr": "fr-fr"}


def local_voice(language: str) -> str | None:
    """The local voice of a language (de, fr-fr, cmn ...), or of another country's kind of it; None: nobody speaks it.

    Raises MissingTool or JobError where there are no local voices.
    """
    tag = language.lower()
    if tag in ("en", "en-us", "en-gb"):
        return _VOICES.get(tag, tag)
    from vbmake.speech.local import voices  # for English nobody is asked

    known = {code.lower(): code for code in voices()}
    base = tag.partition("-")[0]
    for wanted in (tag, _VOICES.get(base, base)):
        if wanted in known:
            return known[wanted]
    return next((known[code] for code in sorted(known) if code.startswith(f"{base}-")), None)
