"""A change of every field of the language, each in a small film, with the jobs that it must have done again.

The films have three scenes, `before`, `x` and `after`, with fades between them: 10 frames a second, 64x36. What is
tried stands in x: 15 frames, of which the first two and the last two lie in cuts.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.world import SMALL

Jobs = frozenset[str]
Path = Sequence[str | int]
REMOVE = object()

CUT_IN, SHOT, CUT_OUT = "cut:main/before~x", "shot:main/x/0", "cut:main/x~after"
FILM = frozenset({"film:main"})
TIMELINE = frozenset({"timeline:main"})
SEEN = frozenset({CUT_IN, SHOT, CUT_OUT}) | FILM
BEGIN = frozenset({CUT_IN, SHOT}) | FILM
END = frozenset({SHOT, CUT_OUT}) | FILM
MIXED = frozenset({"mix:film"}) | FILM
HEARD = frozenset({"stem:x/sound"}) | MIXED
SAID = frozenset({"stem:x/voice"}) | MIXED
SPOKEN = frozenset({"speech:x"}) | SAID
PICTURES = frozenset({"shot:main/before/0", "shot:main/after/0", CUT_IN, SHOT, CUT_OUT}) | FILM
IN_TWO = frozenset(
    {"shot:two/before/0", "shot:two/x/0", "shot:two/after/0", "cut:two/before~x", "cut:two/x~after", "film:two"}
)
LAYER: Path = ("scenes", 1, "layers", 0)
SOUND: Path = ("scenes", 1, "sounds", 0)
KINDS = ("image", "video", "text", "color", "gradient", "shape", "svg", "make")


@dataclass(frozen=True)
class Case:
    """One field changed in one film.

    `changes` are the jobs of the new plan whose key no job had before; `maybe` may be among them. `runs` are those that
    really run, where it is fewer: what is downstream of a job that makes the same bytes again does not. `silent`: the
    change shows in no target.
    """

    field: str
    film: str
    path: Path
    value: Any
    changes: Jobs
    maybe: Jobs = frozenset()
    runs: Jobs | None = None
    silent: bool = False

    @property
    def name(self) -> str:
        return f"{self.field}-{self.film}"


@dataclass
class Table:
    """Films by name, and cases. A case is added for the film and the model that are being spoken of."""

    films: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    model: str = ""
    film: str = ""
    base: Path = ()

    def of(self, model: str, film: str, base: Path, declaration: Mapping[str, Any] | None = None) -> Table:
        """Speak of a model, which stands at `base` in a film."""
        self.model, self.film, self.base = model, film, base
        if declaration is not None:
            self.films[film] = declaration
        return self

    def add(self, name: str, value: Any, changes: Jobs, **more: Any) -> Table:
        """A case for a field of the model."""
        self.cases.append(Case(f"{self.model}.{name}", self.film, (*self.base, name), value, changes, **more))
        return self


def edited(declaration: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of plain data with one value set, or taken out."""
    result = copy.deepcopy(dict(declaration))
    owner: Any = result
    for step in path[:-1]:
        owner = owner[step]
    if value is REMOVE:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return result


def film(scene: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A film whose middle scene is this one."""
    return {
        **SMALL,
        "transition": {"kind": "fade", "duration": "200ms"},
        **more,
        "scenes": [
            {"id": "before", "duration": "1s", "layers": [{"color": "#446688"}]},
            {"id": "x", "duration": "1500ms", **scene},
            {"id": "after", "duration": "1s", "layers": [{"color": "#886644"}]},
        ],
    }


BOX = {"width": "60%", "height": "50%", "at": "left"}
SHOWN: dict[str, dict[str, Any]] = {
    "image": {"image": "photo.jpg", **BOX},
    "video": {"video": "clip.mp4", **BOX},
    "text": {"text": "Ab cd", "at": "left", "style": {"size": "20%"}},
    "color": {"color": "#d03030", **BOX},
    "gradient": {"gradient": {"colors": ["#d03030", "#3030d0"], "angle": 30}, **BOX},
    "shape": {"shape": "rectangle", "fill": "#d0d030", **BOX},
    "svg": {"svg": "a.svg", **BOX},
    "make": {"make": "stripes", "count": 5, **BOX},
}
MODELS = {kind: f"{kind.capitalize()}Layer" for kind in KINDS}
FLAT = frozenset({"text", "color", "gradient", "shape"})


def _layers(table: Table) -> None:
    """What every layer may say, for every kind."""
    for kind in KINDS:
        layer = SHOWN[kind]
        table.of(MODELS[kind], kind, LAYER, film({"layers": [layer]}))
        table.add("at", "right", SEEN)
        table.add("origin", "top left", SEEN)
        table.add("margin", "15%", SEEN)
        if kind != "text":
            table.add("width", "40%", SEEN)
            table.add("height", "30%", SEEN)
        table.add("opacity", 0.5, SEEN)
        table.add("rotate", 30, SEEN)
        table.add("scale", 0.6, SEEN)
        if kind not in FLAT:
            table.add("flip", "horizontal", SEEN)
        table.add("show", ["300ms", "1s"], SEEN | TIMELINE)
        table.add("enter", {"fade": "300ms"}, BEGIN)
        table.add("leave", {"fade": "300ms"}, END)
        table.add("animate", {"opacity": [["0s", 1], ["1500ms", 0.2]]}, SEEN)
        table.of(
            MODELS[kind], f"{kind} in two formats", LAYER, film({"layers": [layer]}, formats={"one": {}, "two": {}})
        )
        two = {job.replace(":main", ":two") for job in SEEN | TIMELINE}
        table.add("only", ["one"], frozenset(two))
        table.of(MODELS[kind], f"{kind} over all", ("overlays", 0), film({"layers": []}, overlays=[layer]))
        table.add("scenes", ["before", "x"], frozenset({"shot:main/after/0"}) | FILM | TIMELINE)
    for kind in ("image", "video", "make"):
        table.of(MODELS[kind], kind, LAYER)
        table.add("fit", "contain", SEEN)
        table.add("crop", [0, 0, 0.5, 0.5], SEEN)
        table.add("motion", {"zoom": [1, 1.5]}, SEEN)
    table.of(MODELS["svg"], "svg", LAYER).add("fit", "stretch", SEEN)
    for kind in ("image", "video", "make", "color", "gradient", "shape"):
        table.of(MODELS[kind], kind, LAYER).add("radius", "15%", SEEN)


def _contents(table: Table) -> None:
    """What each kind of layer shows."""
    table.of("ImageLayer", "image", LAYER).add("image", "other.jpg", SEEN | TIMELINE)
    table.of("VideoLayer", "video", LAYER).add("video", "other.mp4", SEEN | TIMELINE)
    table.of("SvgLayer", "svg", LAYER).add("svg", "b.svg", SEEN | TIMELINE)
    table.of("ColorLayer", "color", LAYER).add("color", "#30d030", SEEN)
    table.of("GradientLayer", "gradient", LAYER).add("gradient", {"colors": ["#fff", "#000"]}, SEEN)
    table.of("TextLayer", "text", LAYER)
    table.add("text", "Cd", SEEN | TIMELINE).add("style", {"size": "30%"}, SEEN).add("wrap", "15%", SEEN)
    table.of("ShapeLayer", "shape", LAYER)
    table.add("shape", "ellipse", SEEN).add("fill", "#30d0d0", SEEN).add("stroke", "#ffffff", SEEN)
    stroked = {"shape": "line", "stroke": "#ffffff", "stroke_width": "5%", "direction": "rising", **BOX}
    table.of("ShapeLayer", "line", LAYER, film({"layers": [stroked]}))
    table.add("stroke_width", "10%", SEEN).add("direction", "falling", SEEN)
    linear = {"gradient": {"kind": "linear", "colors": ["#d03030", "#3030d0"]}}
    table.of("Gradient", "linear", (*LAYER, "gradient"), film({"layers": [linear]}))
    table.add("kind", "radial", SEEN).add("colors", ["#30d030", "#3030d0"], SEEN)
    table.add("stops", [0, 0.3], SEEN).add("angle", 0, SEEN)
    radial = {"gradient": {"kind": "radial", "colors": ["#d03030", "#3030d0"]}}
    table.of("Gradient", "radial", (*LAYER, "gradient"), film({"layers": [radial]}))
    table.add("center", [0.2, 0.5], SEEN).add("radius", 0.3, SEEN)
    made = frozenset({"stripes:5-*"})
    table.of("MakeLayer", "make", LAYER)
    table.add("make", "checks", SEEN | TIMELINE | {"checks:5-*"})
    table.add("take", 2, SEEN | TIMELINE | made, runs=TIMELINE | made)
    table.add("with", {"width": 12}, SEEN | TIMELINE | {"stripes:5-12-*"})


def _courses(table: Table) -> None:
    """How layers come, go and move."""

    def moving(name: str, **course: Any) -> None:
        table.films[name] = film({"layers": [{"color": "#d03030", "width": "30%", "height": "30%", **course}]})

    for kind in ("fade", "slide", "zoom", "wipe"):
        moving(kind, enter={kind: "400ms", "easing": "linear"})
        table.of("Effect", kind, (*LAYER, "enter")).add(kind, "300ms", BEGIN)
    table.of("Effect", "slide", (*LAYER, "enter")).add("from", "right", BEGIN).add("easing", "in-quart", BEGIN)
    zooming = {"image": "photo.jpg", "motion": {"zoom": [1.2, 1.8]}}
    table.of("Motion", "motion", (*LAYER, "motion"), film({"layers": [zooming]}))
    table.add("zoom", [1.2, 1.4], SEEN).add("from", [0.2, 0.2], SEEN).add("toward", [0.8, 0.8], SEEN)
    table.add("easing", "ease-in", SEEN)
    moving("animate", animate={"opacity": [["0s", 0.2], ["1s", 1]]})
    table.of("Animate", "animate", (*LAYER, "animate"))
    table.add("x", [["0s", "20%"], ["1500ms", "80%"]], SEEN).add("y", [["0s", "20%"], ["1500ms", "80%"]], SEEN)
    table.add("scale", [["0s", 1], ["1500ms", 2]], SEEN).add("rotate", [["0s", 0], ["1500ms", 90]], SEEN)
    table.add("opacity", [["0s", 1], ["1500ms", 0.2]], SEEN)
    # The second key of a course that goes on: what lies before the first key is the same still.
    for model, name, keys, value in (
        ("PlaceKey", "x", [["500ms", "20%"], ["1s", "80%", "linear"]], "60%"),
        # Not the greatest: that says how finely the layer is drawn, wherever it stands.
        ("NumberKey", "scale", [["500ms", 2], ["1s", 1, "linear"]], 1.5),
    ):
        moving(f"keys of {name}", animate={name: keys})
        table.of(model, f"keys of {name}", (*LAYER, "animate", name, 1))
        owner = (*LAYER, "animate", name, 1)
        table.cases.append(Case(f"{model}.at", table.film, (*owner, 0), "1200ms", frozenset({SHOT}) | FILM))
        table.cases.append(Case(f"{model}.value", table.film, (*owner, 1), value, END))
        table.cases.append(Case(f"{model}.easing", table.film, (*owner, 2), "out-quint", frozenset({SHOT}) | FILM))
    moving("show", show=["300ms", "1s"])
    owner = (*LAYER, "show")
    table.cases.append(Case("Show.start", "show", (*owner, 0), "500ms", frozenset({SHOT}) | FILM | TIMELINE))
    table.cases.append(Case("Show.end", "show", (*owner, 1), "800ms", frozenset({SHOT}) | FILM | TIMELINE))


def _playing(table: Table, *, layer: bool) -> None:
    """How a recording is played: pictures (of a layer) and sound. 600 ms of it are played from the start of x."""
    pictures = SEEN if layer else frozenset()
    later = END if layer else frozenset()
    table.add("trim", ["300ms", "800ms"], pictures | HEARD | TIMELINE)
    table.add("speed", 2, pictures | HEARD | TIMELINE)
    table.add("loop", True, later | HEARD | TIMELINE)
    table.add("reverse", True, pictures | HEARD)
    table.add("gain", "-9dB", HEARD)
    table.add("mute", True, FILM | TIMELINE)
    table.add("fade_in", "200ms", HEARD)
    table.add("fade_out", "200ms", HEARD)


def _recordings(table: Table) -> None:
    # Loudness is left as mixed: a sound that is made softer and then raised again tells nothing.
    played = {"video": "talking.mp4", "trim": ["0s", "600ms"]}
    table.of("VideoLayer", "talking", LAYER, film({"layers": [played]}, loudness=None))
    _playing(table, layer=True)
    table.add("freeze", {"at": "300ms", "for": "400ms"}, frozenset({SHOT}) | HEARD | TIMELINE)
    frozen = {**played, "freeze": {"at": "300ms", "for": "400ms"}}
    table.of("Freeze", "frozen", (*LAYER, "freeze"), film({"layers": [frozen]}, loudness=None))
    table.add("at", "200ms", frozenset({SHOT}) | HEARD)
    table.add("for", "600ms", frozenset({SHOT}) | HEARD | TIMELINE)
    table.of(
        "MakeLayer", "made clip", LAYER, film({"layers": [{"make": "clip", "trim": ["0s", "600ms"]}]}, loudness=None)
    )
    _playing(table, layer=True)
    sound = {"source": "tone.wav", "at": "200ms", "trim": ["0s", "600ms"]}
    table.of("Sound", "sound", SOUND, film({"sounds": [sound]}, loudness=None))
    _playing(table, layer=False)
    table.add("source", "other.wav", HEARD | TIMELINE).add("at", "400ms", HEARD | TIMELINE)
    table.add("duration", "300ms", HEARD | TIMELINE)
    table.of("Sound", "made sound", SOUND, film({"sounds": [{"make": "hum", "pitch": 300}]}, loudness=None))
    _rules(table, HEARD | TIMELINE, "hum", "buzz")
    # The music is one second long, and a voice speaks in x. Its place in the film is not told in the timeline's frames.
    under = {"source": "music.flac", "gain": "-6dB", "duck": "-6dB"}
    speaking = {"say": "One two three.", "duration": "2s"}
    table.of("Music", "music", ("music",), film(speaking, music=under, loudness=None))
    table.add("source", "tone.wav", MIXED | TIMELINE).add("gain", "-12dB", MIXED).add("duck", "-20dB", MIXED)
    table.add("fade_in", "500ms", MIXED).add("fade_out", "500ms", MIXED).add("loop", False, MIXED)
    table.add("start", "300ms", MIXED).add("at", "500ms", MIXED | TIMELINE).add("until", "2s", MIXED | TIMELINE)
    table.of("Music", "made music", ("music",), film({}, music={"make": "hum", "pitch": 300}, loudness=None))
    _rules(table, MIXED | TIMELINE, "hum", "buzz")


def _rules(table: Table, used: Jobs, rule: str, other: str) -> None:
    """What a rule makes is named in the timeline by its job."""
    table.add("make", other, used | {f"{other}:300-*"})
    table.add("take", 2, used | {f"{rule}:300-*"}, runs=TIMELINE | {f"{rule}:300-*"})
    table.add("with", {"gain": 6}, used | {f"{rule}:300-6-*"})


def _voices(table: Table) -> None:
    """What is said. Its length decides how long x lasts, unless x says it."""
    length = frozenset({SHOT}) | TIMELINE
    look = {"layers": [SHOWN["color"]]}
    said = film({**look, "say": {"text": "One two three."}, "duration": None}, voice={"voice": "en-us", "pitch": 50})
    table.of("Voice", "said", ("voice",), said)
    table.add("voice", "en-gb", SPOKEN, maybe=length).add("pitch", 80, SPOKEN, maybe=length)
    table.add("speed", 240, SPOKEN | length)
    table.of("Say", "said", ("scenes", 1, "say"))
    table.add("text", "One two three four five.", SPOKEN | length).add("at", "800ms", SAID | length)
    table.add("gain", "-6dB", SAID).add("take", 2, SPOKEN, runs=frozenset({"speech:x"}), silent=True)
    table.add("voice", {"pitch": 20}, SPOKEN, maybe=length)
    table.of("Scene", "said", ("scenes", 1))
    table.add("pad", ["300ms", "900ms"], SAID | length).add("say", "Four five six seven.", SPOKEN | length)
    table.of("Film", "said", ())
    table.add("pad", ["300ms", "900ms"], SAID | length).add("voice", {"pitch": 20}, SPOKEN, maybe=length)
    named = film({"say": {"text": "One two three.", "voice": "deep"}}, voices={"deep": {"pitch": 20}})
    table.of("Film", "named voice", (), named).add("voices", {"deep": {"pitch": 40}}, SPOKEN, maybe=TIMELINE)
    table.add("loudness", -20, MIXED)


def _captions(table: Table) -> None:
    """Captions stand in the shot, clear of the cuts."""
    shown = frozenset({SHOT}) | FILM
    files = frozenset({"subtitles:film.srt"})
    speaking = {"say": "One two three four five six.", "duration": "5s"}
    captions = {"style": "phrase", "files": ["srt"], "look": {"size": "12%"}}
    table.of("Captions", "captions", ("captions",), film(speaking, captions=captions))
    table.add("style", "karaoke", shown).add("burn", False, shown).add(
        "files", ["vtt"], frozenset({"subtitles:film.vtt"})
    )
    table.add("look", {"size": "20%"}, shown).add("at", "top", shown).add("margin", "20%", shown)
    table.add("length", 12, shown | files)
    table.of("Scene", "captions", ("scenes", 1)).add("captions", False, shown | files)
    table.of("Film", "captions", ()).add("captions", {"style": "none"}, shown)
    table.of("Captions", "karaoke", ("captions",), film(speaking, captions={"style": "karaoke"}))
    table.add("active", "#00ff00", shown)
    in_two = frozenset({"shot:two/x/0", "film:two"})
    formats = {"one": {}, "two": {"captions": {"style": "phrase", "look": {"size": "10%"}}}}
    declaration = film(speaking, captions=captions, formats=formats)
    table.of("Format", "captions in two formats", ("formats", "two"), declaration)
    table.add("captions", {"style": "none"}, in_two)
    table.of("CaptionsLook", "captions in two formats", ("formats", "two", "captions"))
    table.add("style", "karaoke", in_two).add("burn", False, in_two).add("look", {"size": "20%"}, in_two)
    table.add("at", "top", in_two).add("margin", "20%", in_two).add("length", 12, in_two)
    formats = {"one": {}, "two": {"captions": {"style": "karaoke"}}}
    declaration = film(speaking, captions=captions, formats=formats)
    table.of("CaptionsLook", "karaoke in two formats", ("formats", "two", "captions"), declaration)
    table.add("active", "#00ff00", in_two)


def _styles(table: Table) -> None:
    style = {
        "font": "mono",
        "size": "20%",
        "color": "#ffd0a0",
        "outline": {"width": "2%", "color": "#000000"},
        "shadow": {"x": "3%", "y": "3%", "blur": "0%", "color": "#0000ff"},
        "box": {"color": "#008000", "padding": "4%", "radius": "0%"},
    }
    fonts = {"mono": "a.ttf", "other": "b.ttf"}
    text = {"text": "Ab\ncde", "style": "head", "at": "center"}
    declared = film({"layers": [text]}, fonts=fonts, styles={"head": style, "big": {"size": "30%", "color": "#ffffff"}})
    table.of("TextStyle", "style", ("styles", "head"), declared)
    table.add("font", "other", SEEN).add("size", "26%", SEEN).add("color", "#ff0000", SEEN)
    table.add("outline", {"width": "4%"}, SEEN).add("shadow", {"x": "6%"}, SEEN).add("box", {"padding": "8%"}, SEEN)
    table.add("align", "left", SEEN).add("spacing", "4%", SEEN).add("bold", True, SEEN).add("italic", True, SEEN)
    table.add("uppercase", True, SEEN)
    table.of("TextStyle", "liked", ("styles", "head"), edited(declared, ("styles", "head"), {"align": "left"}))
    table.add("like", "big", SEEN)
    table.of("Outline", "style", ("styles", "head", "outline")).add("width", "4%", SEEN).add("color", "#ff0000", SEEN)
    table.of("Shadow", "style", ("styles", "head", "shadow"))
    table.add("x", "8%", SEEN).add("y", "8%", SEEN).add("blur", "4%", SEEN).add("color", "#ff0000", SEEN)
    table.of("Box", "style", ("styles", "head", "box"))
    table.add("color", "#ff0000", SEEN).add("padding", "8%", SEEN).add("radius", "6%", SEEN)
    table.of("Film", "style", ())
    table.add("fonts", {**fonts, "mono": "b.ttf"}, SEEN).add("styles", {"head": {"size": "26%"}}, SEEN)


def _scenes(table: Table) -> None:
    shown = film({"title": "One", "layers": [SHOWN["color"]], "transition": {"kind": "fade", "duration": "200ms"}})
    table.of("Scene", "scenes", ("scenes", 1), shown)
    table.add("id", "y", TIMELINE)
    table.add("title", "Two", FILM | TIMELINE)
    table.add("duration", "2s", frozenset({SHOT}) | FILM | TIMELINE)
    table.add("layers", [SHOWN["shape"]], SEEN | TIMELINE)
    table.add("sounds", [{"source": "tone.wav"}], HEARD | TIMELINE)
    table.add("background", "#ffffff", SEEN)
    # Both scenes give frames to a longer cut; the other cut is the same.
    longer = frozenset({CUT_IN, SHOT, "shot:main/before/0"}) | FILM | TIMELINE
    table.add("transition", {"kind": "fade", "duration": "400ms"}, longer)
    table.of("Transition", "scenes", ("scenes", 1, "transition"))
    table.add("kind", "wipeleft", frozenset({CUT_IN}) | FILM | TIMELINE).add("duration", "400ms", longer)
    table.of("Film", "scenes", ())
    # The transition to x is its own.
    table.add("transition", {"kind": "wipeleft", "duration": "200ms"}, frozenset({CUT_OUT}) | FILM | TIMELINE)
    more = [*shown["scenes"], {"id": "last", "duration": "1s", "layers": [{"color": "#ffffff"}]}]
    added = frozenset({"shot:main/after/0", "cut:main/after~last", "shot:main/last/0"})
    table.add("scenes", more, added | FILM | TIMELINE)
    table.add("overlays", [{"text": "o", "at": "top right"}], PICTURES | TIMELINE)
    unsaid = edited(film({"layers": [SHOWN["color"]]}), ("scenes", 1, "duration"), None)
    table.of("Film", "unsaid length", (), unsaid)
    table.add("default_duration", "3s", frozenset({SHOT}) | FILM | TIMELINE)


def _films(table: Table) -> None:
    whole = film({"layers": [SHOWN["color"]], "sounds": [{"source": "tone.wav"}]}, title="Film")
    table.of("Film", "whole", (), whole)
    # A film of another name is the same film: its files are moved, and its timeline tells the name.
    table.add("name", "other", TIMELINE)
    table.add("title", "Another", FILM | TIMELINE).add("language", "de", FILM)
    table.add("size", "48x36", PICTURES | TIMELINE)
    # 1.5 s are as many samples as before; where the scenes overlap is another sample.
    table.add("fps", 12, PICTURES | MIXED | TIMELINE).add("quality", "high", PICTURES)
    table.add("background", "#ffffff", PICTURES)
    table.add("music", {"source": "music.flac"}, MIXED | TIMELINE)
    # With two formats, each has its name in its files and its timeline.
    table.add("formats", {"main": {}, "two": {"size": "36x64"}}, IN_TWO | {"timeline:two"} | TIMELINE)
    table.add("outputs", {"otio": True}, frozenset({"otio:main"}))
    table.of("Encode", "encoder", ("quality",), film({}, quality={"preset": "ultrafast", "crf": 28}))
    table.add("preset", "veryfast", PICTURES).add("crf", 35, PICTURES)
    formats = {"one": {}, "two": {"size": "36x64"}}
    table.of("Format", "two formats", ("formats", "two"), film({"layers": [SHOWN["color"]]}, formats=formats))
    table.add("size", "48x64", IN_TWO | {"timeline:two"}).add("background", "#ffffff", IN_TWO)
    table.add("quality", "high", IN_TWO)
    outputs = {"poster": {"at": "1s"}, "gif": {"width": 32, "fps": 5, "end": "1s"}, "otio": True}
    table.of("Outputs", "outputs", ("outputs",), film({"layers": [SHOWN["gradient"], SHOWN["text"]]}, outputs=outputs))
    table.add("poster", {"at": "1500ms", "type": "png"}, frozenset({"still:main/poster"}))
    table.add("gif", {"width": 48}, frozenset({"gif:main"}))
    table.add("timeline", False, frozenset()).add("otio", False, frozenset())
    table.of("Poster", "outputs", ("outputs", "poster"))
    table.add("at", "300ms", frozenset({"still:main/poster"})).add("type", "png", frozenset({"still:main/poster"}))
    table.of("Gif", "outputs", ("outputs", "gif"))
    table.add("width", 48, frozenset({"gif:main"})).add("fps", 10, frozenset({"gif:main"}))
    table.add("start", "500ms", frozenset({"gif:main"})).add("end", "2s", frozenset({"gif:main"}))


def _remotes(table: Table) -> None:
    """Where finished work is shared changes nothing of what is made."""
    nobody = {"endpoint": "http://127.0.0.1:9", "region": "eu-central-1"}
    cache = {"remote": "s3://team/cache", "mode": "off", **nobody}
    sync = {"to": "s3://site/films", **nobody}
    nothing: Jobs = frozenset()
    table.of("Film", "shared", (), film({"layers": [SHOWN["color"]]}, cache=cache, sync=sync))
    table.add("cache", REMOVE, nothing, silent=True).add("sync", REMOVE, nothing, silent=True)
    table.of("Cache", "shared", ("cache",)).add("remote", "s3://others/cache", nothing, silent=True)
    table.add("mode", "read", nothing, silent=True)
    table.add("endpoint", "http://127.0.0.1:10", nothing, silent=True).add("region", REMOVE, nothing, silent=True)
    table.of("Sync", "shared", ("sync",)).add("to", "s3://site/others", nothing, silent=True)
    table.add("endpoint", "http://127.0.0.1:10", nothing, silent=True).add("region", REMOVE, nothing, silent=True)
    published = film({"layers": [SHOWN["color"]]}, sync={**sync, "after": "build"})
    table.of("Sync", "published", ("sync",), published).add("after", REMOVE, nothing, silent=True)


def _table() -> Table:
    table = Table()
    for part in (_layers, _contents, _courses, _recordings, _voices, _captions, _styles, _scenes, _films, _remotes):
        part(table)
    return table


TABLE = _table()
FILMS: Mapping[str, Mapping[str, Any]] = TABLE.films
CASES: Sequence[Case] = TABLE.cases
