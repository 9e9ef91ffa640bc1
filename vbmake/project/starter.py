"""The project that `vbmake new` writes: a script as a `video.yaml` that a person can read, edit and commit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Final

from vbmake.document.yaml_writer import comment, dump, literal
from vbmake.project.script import HEADING, Script, ScriptImages, heading_look, scenes_of, share
from vbmake.services import LOCAL

SPOKEN: Final = "spoken"  # the style of captions
LONGEST_MUSIC, SHORTEST_MUSIC = 120, 10  # seconds of a piece; it begins again where the film is longer
_LINE: Final = 42  # characters of a caption where there is room
_WIDE: Final = ("zh", "ja", "ko")  # languages whose letters are as wide as they are high
_MOODS: Final[Mapping[str, str]] = {
    "documentary": "thoughtful documentary music, piano and soft strings",
    "news": "steady, serious electronic pulse",
    "explainer": "light and curious, plucked strings",
    "tutorial": "calm and unobtrusive, soft keys",
    "ad": "bright and upbeat",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a film to be. `voice`, `images` and `music` name providers; no `music` ("") is silence."""

    prompt: str
    seconds: Fraction
    style: str
    language: str
    size: tuple[int, int]
    provider: str = LOCAL
    model: str = ""
    images: str = LOCAL
    voice: str = LOCAL
    music: str = LOCAL
    take: int = 1

    def facts(self) -> dict[str, Any]:
        """All of it, JSON-ready: two wishes with the same facts are one."""
        return {**asdict(self), "seconds": str(self.seconds), "size": list(self.size)}


def declaration(script: Script, wish: Wish, name: str, *, schema: str, speaker: str = "") -> str:
    """The text of `video.yaml`. `name` is the film's, `schema` is where editors look, `speaker` the local voice.

    Nothing of the script is taken for an expression, a key or a comment of another kind.
    """
    sizes = [wish.size]
    scenes = scenes_of(script, ScriptImages(provider=wish.images), HEADING)
    return "".join(
        [
            f"# yaml-language-server: $schema={schema}\n#\n",
            comment(f"Written by `vbmake new` for: {wish.prompt}"),
            comment(f"The script is {_author(wish)}. Read it, check it, change it: it is yours, and so is all below."),
            comment("`vbmake plan` tells what a build would do and cost, `vbmake` builds the film."),
            _part({"vbmake": 1, "title": script.title, "name": name, "language": wish.language}),
            _part({"size": f"{wish.size[0]}x{wish.size[1]}", "fps": 30}, blank=False),
            _part({"voice": _voice(wish, speaker)}, _about_voice(wish)),
            _music(wish),
            _part({"captions": _captions(wish), "transition": {"kind": "fade", "duration": "0.5s"}}),
            _part({"styles": {HEADING: heading_look(sizes), SPOKEN: _spoken(sizes)}}),
            _part({"scenes": []}, _about_pictures(wish)).removesuffix(" []\n") + "\n",
            "\n".join(dump(literal([scene]), 2) for scene in scenes),
        ]
    )


def _part(value: Mapping[str, Any], about: str = "", *, blank: bool = True) -> str:
    return ("\n" if blank else "") + (comment(about) if about else "") + dump(literal(value))


def _author(wish: Wish) -> str:
    if wish.provider == LOCAL:
        return "an outline that knows nothing of its subject"
    return f"by {' '.join(part for part in (wish.provider, wish.model) if part)}, and nobody has checked it"


def _voice(wish: Wish, speaker: str) -> dict[str, Any]:
    return {"provider": wish.voice, **({"voice": speaker} if wish.voice == LOCAL and speaker else {})}


def _about_voice(wish: Wish) -> str:
    if wish.voice != LOCAL:
        return "Who speaks. `provider: local` needs no key and costs nothing."
    return "Who speaks. Others: {provider: openai}, {provider: elevenlabs} ..., with their key in the environment."


def _about_pictures(wish: Wish) -> str:
    if wish.images != LOCAL:
        return "Each picture is made once; `take: 2` beside its prompt, or `vbmake reroll JOB`, asks for another."
    return (
        "Pictures by `local` are placeholders. `provider: openai` (replicate, fal) has one made; a path shows a file."
    )


def _music(wish: Wish) -> str:
    if not wish.music:
        return "\n" + comment("No music. To have some: {source: music/theme.mp3, gain: -18dB, duck: -9dB}")
    seconds = min(max(wish.seconds, Fraction(SHORTEST_MUSIC)), Fraction(LONGEST_MUSIC))
    mood = _MOODS.get(wish.style.lower(), f"music for a film in this style: {wish.style}")
    source = {"prompt": mood, "provider": wish.music, "duration": f"{float(seconds):g}s"}
    music = {"source": source, "gain": "-18dB", "duck": "-9dB", "fade_in": "1s", "fade_out": "2s"}
    return _part({"music": music}, "Softer while somebody speaks (duck); begins again when it is over.")


def _spoken(sizes: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        "size": share(5.2, sizes),
        "bold": True,
        "outline": {"width": share(0.4, sizes), "color": "#000000e0"},
        "align": "center",
    }


def _captions(wish: Wish) -> dict[str, Any]:
    width, height = wish.size
    letter = 0.053 * min(width, height) * (1.0 if wish.language.partition("-")[0].lower() in _WIDE else 0.52)
    length = max(8, min(_LINE, int(0.88 * width / letter)))
    shown = {"style": "phrase", "look": SPOKEN, "margin": "5%"}
    return {**shown, **({"length": length} if length != _LINE else {}), "files": ["srt"]}
