"""What `vbmake new` and `vbmake --prompt` may be told, and what is wrong with it before anybody is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.option import flag, option
from vbmake.services import LOCAL, SERVICES, Kind

if TYPE_CHECKING:
    from vbmake.project.starter import Wish

NO_MUSIC: Final = "none"
LONGEST_PROMPT: Final = 8000  # characters
LONGEST_STYLE, LONGEST_MODEL = 80, 200


OPTIONS: Final = (
    option("prompt", "what the film shall tell", "", metavar="TEXT"),
    option("duration", "how long it shall be, about: 60, 90s, 1m30s", "60", metavar="TIME"),
    option("style", "documentary, news, explainer, ad, tutorial, or other words", "documentary", metavar="TEXT"),
    option("provider", "who writes the script: local (an outline, free), openai", LOCAL, metavar="NAME"),
    option("model", "the provider's model", "", metavar="NAME"),
    option("images", "who makes the pictures: local (placeholders), openai, replicate, fal", LOCAL, metavar="NAME"),
    option("voice", "who speaks: local, openai, elevenlabs, replicate", LOCAL, metavar="NAME"),
    option("music", "who plays: local, elevenlabs, replicate, fal, none", LOCAL, metavar="NAME"),
    option("size", "width and height of the picture", "1280x720", metavar="WxH"),
    option("language", "the language of the script: en, de, pt-BR", "en", metavar="CODE"),
    option("take", "another number asks the provider for another script", 1, metavar="NUMBER"),
    flag("resubmit", "ask again where the outcome of an earlier request is unknown (it may be paid twice)"),
)
_MAKES: Final[Mapping[Kind, str]] = {
    "script": "writes no scripts",
    "image": "makes no pictures",
    "speech": "has no voices",
    "music": "makes no music",
}


def wish_of(params: Mapping[str, Any]) -> Wish:
    """The wish in parsed options. Raises InvalidCommand, which says what is allowed."""
    from vbmake.project.starter import Wish
    from vbmake.project.units import parse_canvas, parse_language

    music = str(params["music"])
    if params["model"] and params["provider"] == LOCAL:
        raise InvalidCommand(f"--model {params['model']}: local has no models; name a --provider")
    return Wish(
        prompt=_text("prompt", params["prompt"], LONGEST_PROMPT),
        seconds=_checked("duration", params["duration"], _seconds),
        style=_text("style", params["style"], LONGEST_STYLE),
        language=_checked("language", params["language"], parse_language),
        size=_checked("size", params["size"], parse_canvas),
        provider=_provider("provider", params["provider"], "script", named=bool(params["model"])),
        model=_text("model", params["model"], LONGEST_MODEL) if params["model"] else "",
        images=_provider("images", params["images"], "image"),
        voice=_provider("voice", params["voice"], "speech"),
        music="" if music == NO_MUSIC else _provider("music", music, "music"),
        take=_take(params["take"]),
    )


def speaker_of(wish: Wish) -> str:
    """The local voice that speaks the language of a film, "" where another speaks. Raises InvalidCommand."""
    from vbmake.speech.languages import local_voice

    if wish.voice != LOCAL:
        return ""
    voice = local_voice(wish.language)
    if voice is None:
        raise InvalidCommand(
            f"--language {wish.language}: there is no local voice that speaks it; name another with --voice"
        )
    return voice


def _text(name: str, given: str, limit: int) -> str:
    from vbmake.project.script import cleaned

    try:
        given.encode()
    except UnicodeEncodeError:
        raise InvalidCommand(f"--{name} is not UTF-8 text") from None
    text = cleaned(given)
    if not text:
        example = ': --prompt "The American Civil War in a minute"' if name == "prompt" else ""
        raise InvalidCommand(f"--{name} says nothing{example}")
    if len(text) > limit:
        raise InvalidCommand(f"--{name} is too long: {len(text):,} characters, allowed are {limit:,}")
    return text


def _checked(name: str, given: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(given)
    except ValueError as error:
        raise InvalidCommand(f"--{name} {given}: {error}") from None


def _seconds(given: str) -> Fraction:
    from vbmake.project.script import LONGEST
    from vbmake.project.units import parse_seconds

    bare = given.strip()
    seconds = parse_seconds(f"{bare}s" if bare.replace(".", "", 1).isdecimal() else bare)
    if not 1 <= seconds <= LONGEST:
        raise ValueError(f"a script is for a film of 1s to {LONGEST // 60}m")
    return seconds


def _take(given: int) -> int:
    if not 1 <= given <= 10_000:
        raise InvalidCommand(f"--take is a number from 1 to 10000, not {given}")
    return given


def _provider(long: str, name: str, kind: Kind, *, named: bool = False) -> str:
    """A provider that is known and makes what it is asked for. `named`: a model was given, too."""
    from vbmake.project.accounts import plugins

    if name == LOCAL:
        return name
    able = [LOCAL, *(other for other, service in SERVICES.items() if kind in service.models)]
    if name in SERVICES:
        service = SERVICES[name]
        if kind not in service.makes:
            raise InvalidCommand(f"--{long} {name}: {name} {_MAKES[kind]}; there are {', '.join(able)}")
        if kind not in service.models and not named:
            raise InvalidCommand(
                f"--{long} {name}: {name} has no model of its own for this; take one of {', '.join(able)} here and "
                "name the provider and its model in video.yaml"
            )
        return name
    found = plugins()
    if name not in found:
        from vbmake.project.words import nearest

        known = [LOCAL, *SERVICES, *found]
        hint = nearest(name, known)
        raise InvalidCommand(
            f"--{long} {name}: there is no provider of that name; {hint or 'there are ' + ', '.join(able + found)}"
        )
    from vbmake.providers.registry import adapter

    if kind not in adapter(name).kinds:
        raise InvalidCommand(f"--{long} {name}: {name} {_MAKES[kind]}; there are {', '.join(able)}")
    return name
