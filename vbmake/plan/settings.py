"""Which settings of a film decide the options of its jobs, where the job's own place does not say it. For `why` alone.

Each is made once for a film or a format, and shared by the jobs of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vbmake.errors import Place
from vbmake.plan.later import Later
from vbmake.plan.types import Choice, Deciders, Setting
from vbmake.project.models import Film, Format, Voice

OWN_LENGTH: Deciders = ((Setting("duration"),),)
CAPTIONS = {  # of burned-in captions, by their options
    "mode": "style",
    "style": "look",
    "active": "active",
    "wrap": "margin",
    "x": "at",
    "y": "at",
    "origin": "at",
}


def spoken_length(film: Film) -> Deciders:
    """What decides how long the scenes last in which something is said."""
    return (_said("text"), (Setting("pad"), Setting("pad", film.place)))


def default_length(film: Film) -> Deciders:
    """What decides how long the scenes last that say nothing of it."""
    return ((Setting("default_duration", film.place),),)


def played_length(place: Place) -> Deciders:
    """What decides how long a scene lasts: what is played by the layer or the sound at a place."""
    return (tuple(Setting(key, place) for key in ("video", "source", "make")),)


def picture_settings(film: Film, form: Format | None) -> dict[str, Deciders]:
    """Of shots, cuts and stills in a format."""
    own = form.place if form is not None else None

    def both(key: str) -> Choice:
        return (*((Setting(key, own),) if own is not None else ()), Setting(key, film.place))

    background = ("background", "a.background", "b.background")
    chosen = form is not None and form.background is not None
    behind = both("background") if chosen else (Setting("background"), Setting("background", film.place))
    return {
        **dict.fromkeys(("width", "height"), (both("size"),)),
        **dict.fromkeys(("fps", "encode.gop"), ((Setting("fps", film.place),),)),
        **dict.fromkeys(background, (behind,)),
        "encode": (both("quality"),),
        "transition": (_transition(film, "kind"),),
        "layers": ((Setting("layers"),), (Setting("overlays", film.place),)),  # of which one is gone
        "over": ((Setting("overlays", film.place),),),
        "captions": (both("captions"),),
        **dict.fromkeys(("captions.cues", "captions.show"), (_said("text"),)),
        **{f"captions.{option}": (both(f"captions.{key}"),) for option, key in CAPTIONS.items()},
    }


def overlapping(film: Film) -> Deciders:
    """What decides how long a scene and the one before it overlap."""
    return (_transition(film, "duration"),)


def film_settings(film: Film) -> dict[str, Deciders]:
    """Of the film's own file, and of the files of captions."""
    scenes = ("frames", "samples", "segments", "chapters", "cues", "")
    names = ("fps", "title", "language", "loudness")
    return {
        **{name: ((Setting(name, film.place),),) for name in names},
        **dict.fromkeys(scenes, ((Setting("scenes", film.place),),)),
        "format": ((Setting("captions.files", film.place),),),
    }


def mix_settings(film: Film) -> dict[str, Deciders]:
    """Of the film's sound; what is said of its music stands in its parts."""
    return {
        **{name: ((Setting(name, film.place),),) for name in ("loudness", "music")},
        **dict.fromkeys(("voice", "sound", "samples", ""), ((Setting("scenes", film.place),),)),
    }


def sound_stem_settings(_film: Film, length: Deciders) -> dict[str, Deciders]:
    """Of the sounds of a scene; what is said of each stands in its parts."""
    return {"samples": length}


def voice_stem_settings(film: Film, length: Deciders) -> dict[str, Deciders]:
    """Of the voice of a scene."""
    start = (Setting("say.at"), Setting("pad"), Setting("pad", film.place))
    return {"samples": length, "parts[0].at": (start,), "parts[0]": (_said("gain"),)}


def voice_settings(film: Film, voice: Voice) -> dict[str, Deciders]:
    """Of what is spoken by a voice."""
    options = {
        "service": "provider",
        **{name: name for name in ("voice", "speed", "pitch", "model", "seed", "options")},
    }
    return {
        **{option: ((Setting("voice"),), (Setting(name, voice.place),)) for option, name in options.items()},
        "language": ((Setting("language", film.place),),),
    }


def own_settings(place: Place, keys: Mapping[str, str]) -> dict[str, Deciders]:
    """Of a job that one mapping declares: its keys by the options that they decide."""
    return {option: ((Setting(key, place),),) for option, key in keys.items()}


def timeline_settings(film: Film, form: Format | None, lengths: Sequence[Deciders]) -> Mapping[str, Deciders]:
    """Of a timeline; what is said of scenes, layers and music stands in its parts."""

    def make() -> dict[str, Deciders]:
        size = (*((Setting("size", form.place),) if form is not None else ()), Setting("size", film.place))
        found: dict[str, Deciders] = {"timeline.size": (size,)}
        found |= {f"timeline.{name}": ((Setting(name, film.place),),) for name in ("fps", "title")}
        found |= {f"timeline.{name}": ((Setting(name, film.place),),) for name in ("overlays", "music")}
        found["timeline.name"] = ((Setting("name", film.place), Setting("title", film.place)),)
        found |= dict.fromkeys(("timeline.scenes", "timeline.chapters", ""), ((Setting("scenes", film.place),),))
        for index, length in enumerate(lengths):
            found[f"timeline.scenes[{index}].frames"] = length
            found[f"timeline.scenes[{index}].transition.kind"] = (_transition(film, "kind"),)
            found[f"timeline.scenes[{index}].transition"] = overlapping(film)
        return found

    return Later(make)


def timeline_parts(film: Film, name: str) -> Mapping[str, Place]:
    """Where the parts of a timeline of the format `name` stand."""

    def make() -> dict[str, Place]:
        found = {f"timeline.music[{index}]": music.place for index, music in enumerate(film.music)}
        lists = {f"timeline.scenes[{index}].layers": scene.layers for index, scene in enumerate(film.scenes)}
        for path, layers in {**lists, "timeline.overlays": film.overlays}.items():
            shown = (layer for layer in layers if layer.only is None or name in layer.only)
            found |= {f"{path}[{index}]": layer.place for index, layer in enumerate(shown)}
        return found | {f"timeline.scenes[{index}]": scene.place for index, scene in enumerate(film.scenes)}

    return Later(make)


def _said(key: str) -> Choice:
    return (Setting(f"say.{key}"), Setting("say"))


def _transition(film: Film, key: str) -> Choice:
    both = (f"transition.{key}", "transition")
    return (*map(Setting, both), *(Setting(one, film.place) for one in both))
