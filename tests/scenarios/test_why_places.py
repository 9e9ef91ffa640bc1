"""`doit why` names the lines of the very layers that changed, of both scenes of a cut and of overlays."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.conftest import MakeClip
from tests.scenarios.world import SMALL, World

LAYERS = {
    "sky": '{color: "#112233"}',
    "title": "{text: One, show: [300ms, 600ms]}",
    "hill": "{shape: rectangle, width: 50%, height: 20%}",
    "sea": '{color: "#332211"}',
    "mark": "{text: Mark, at: top-right}",
}


def declaration(**changed: str) -> str:
    layers = {**LAYERS, **changed}
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    return f"""{head}
transition: {{kind: fade, duration: 200ms}}
overlays:
  - {layers["mark"]}
scenes:
  - id: one
    duration: 1s
    layers:
      - {layers["sky"]}
      - {layers["title"]}
      - {layers["hill"]}
  - id: two
    duration: 1s
    layers:
      - {layers["sea"]}
"""


def declared(world: World, job: str, text: str) -> list[str]:
    """The lines of the declaration that `why` names for a job, each as it stands there."""
    ended = world.doit("why", job)
    assert ended.code == 0, ended.text
    return _declared_lines(ended.out, text)


def _declared_lines(told: str, text: str) -> list[str]:
    places = [line.split()[2] for line in told.splitlines() if line.startswith("  declared at ")]
    return [text.splitlines()[int(place.split(":")[1]) - 1].strip() for place in places]


def behind(world: World) -> list[str]:
    """What `why` tells to stand behind the lines of the shot."""
    ended = world.doit("why", "shot:main/one/0")
    assert ended.code == 0, ended.text
    return [line.strip() for line in ended.out.splitlines() if line.startswith("    uses ")]


@pytest.fixture
def built(world: World) -> World:
    world.declare(declaration()).build()
    return world


@pytest.mark.parametrize(
    ("changed", "job", "found"),
    [
        ({"hill": "{shape: ellipse, width: 50%, height: 20%}"}, "shot:main/one/0", ["hill"]),
        ({"title": "{text: Two, show: [300ms, 600ms]}"}, "shot:main/one/0", ["title"]),
        # The title is gone when the cut begins, so that the hill is the second layer there and the third in the scene.
        ({"hill": "{shape: ellipse, width: 50%, height: 20%}"}, "cut:main/one~two", ["hill"]),
        ({"sea": '{color: "#ffffff"}'}, "cut:main/one~two", ["sea"]),
        ({"sky": '{color: "#ffffff"}', "mark": "{text: Sign, at: top-right}"}, "cut:main/one~two", ["sky", "mark"]),
    ],
)
def test_the_layer_that_changed_is_named(built: World, changed: dict[str, Any], job: str, found: list[str]) -> None:
    text = declaration(**changed)
    built.declare(text)
    assert declared(built, job, text) == [f"- {changed[name]}" for name in found]


def test_another_font_is_told_with_the_layer_that_is_written_in_it(built: World) -> None:
    text = declaration(title="{text: One, show: [300ms, 600ms], style: {bold: true}}")
    built.declare(text)
    assert declared(built, "shot:main/one/0", text) == [
        text.splitlines()[text[: text.index("bold")].count("\n")].strip()
    ]
    told = built.doit("why", "shot:main/one/0").out
    assert "input vbmake:fonts/Inter-Bold.otf added" in told
    assert "changed" not in told


def test_of_a_film_with_other_scenes_no_shot_is_told_to_have_changed(world: World) -> None:
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    scenes = [f'  - {{id: {name}, duration: 1s, layers: [{{color: "#0{name}0"}}]}}' for name in "abc"]

    def declare(*shown: int) -> str:
        world.declare("\n".join([head, "scenes:", *(scenes[index] for index in shown)]))
        return "\n".join(line.strip() for line in world.doit("why", "film:main").out.splitlines())

    declare(0, 1, 2)
    world.build()
    assert "the order of the inputs changed: shot:main/c/0#shot comes before shot:main/b/0#shot now" in declare(0, 2, 1)
    assert "input shot:main/a/0#shot is no longer read" in (told := declare(1, 2))
    assert "changed" not in told


def test_of_what_many_layers_changed_in_the_scene_is_named(built: World) -> None:
    text = declaration(
        sky='{color: "#ffffff"}',
        title="{text: Two, show: [300ms, 600ms]}",
        hill="{shape: ellipse, width: 50%, height: 20%}",
        mark="{text: Sign, at: top-right}",
    )
    built.declare(text)
    assert declared(built, "shot:main/one/0", text) == ["- id: one"]


def test_how_long_a_shot_is_follows_from_its_scene_and_from_how_that_begins(built: World) -> None:
    text = declaration().replace("  - id: two\n    duration: 1s", "  - id: two\n    duration: 900ms")
    built.declare(text)
    lines = ["duration: 900ms", "transition: {kind: fade, duration: 200ms}"]
    assert declared(built, "shot:main/two/0", text) == lines


def test_a_word_in_a_data_file_and_a_style_are_told_with_the_layer_that_shows_them(world: World) -> None:
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    text = f"""{head}
data: {{rows: rows.csv}}
vars: {{word: "{{{{ data.rows[0].word }}}}"}}
styles:
  big: {{size: 20%}}
scenes:
  - id: one
    duration: 1s
    layers:
      - {{text: "{{{{ word }}}}", style: big}}
"""
    world.write("rows.csv", "word\nOne\n").declare(text).build()
    world.write("rows.csv", "word\nTwo\n")
    assert behind(world) == ["uses vars.word (video.yaml:7:8)", "uses data.rows (rows.csv)"]
    world.declare(text.replace("20%", "30%"))
    assert behind(world) == [
        "uses vars.word (video.yaml:7:8)",
        "uses data.rows (rows.csv)",
        "uses styles.big (video.yaml:9:3)",
    ]


SETTINGS = """vbmake: 1
name: film
size: 64x36
fps: 10
background: "#000000"
quality: draft
voice: {speed: 160}
voices:
  guide: {voice: en-gb}
default_duration: 300ms
pad: [0.1s, 0.1s]
loudness: -16
captions:
  style: phrase
  look: spoken
styles:
  spoken: {size: 8%}
  head: {size: 9%}
formats:
  wide: {}
  tall: {size: 36x64}
outputs:
  poster:
    at: 0.1s
  gif:
    width: 32
music:
  - {make: local-music, prompt: calm, with: {seconds: "2"}}
  - make: local-music
    prompt: loud
    gain: -9dB
scenes:
  - id: a
    say: Hello.
    layers: [{color: red, enter: {fade: 300ms}}]
    sounds:
      - {make: placeholder-sound, prompt: wind, with: {seconds: "1"}}
      - make: placeholder-sound
        prompt: rain
        gain: -9dB
  - id: b
    say:
      text: Bye.
      voice: guide
    layers: [{text: B, style: head}]
  - id: c
    transition: {kind: fade, duration: 100ms}
    layers: [{text: C}]
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A film with a setting of every kind, built once: its declaration is what changes."""
    root = tmp_path_factory.mktemp("settings")
    world = World(root / "project", root / "cache")
    world.declare(SETTINGS).build()
    return world


@pytest.mark.parametrize(
    ("old", "new", "job", "lines", "behind"),
    [
        ('background: "#000000"', 'background: "#111111"', "shot:wide/b/0", ['background: "#111111"'], []),
        ("quality: draft", "quality: standard", "shot:wide/b/0", ["quality: standard"], []),
        ("fps: 10", "fps: 12", "shot:wide/b/0", ["fps: 12"], []),
        ("size: 64x36", "size: 80x44", "shot:wide/b/0", ["size: 80x44"], []),
        ("size: 36x64", "size: 44x80", "shot:tall/b/0", ["tall: {size: 44x80}"], []),
        ("wide: {}", "wide: {quality: high}", "shot:wide/b/0", ["wide: {quality: high}"], []),
        ("speed: 160", "speed: 170", "speech:a", ["voice: {speed: 170}"], []),
        ("voice: en-gb", "voice: de", "speech:b", ["voice: guide", "guide: {voice: de}"], ["voices.guide"]),
        (
            "default_duration: 300ms",
            "default_duration: 600ms",
            "shot:wide/c/0",
            ["default_duration: 600ms", "transition: {kind: fade, duration: 100ms}"],
            [],
        ),
        ("style: phrase", "style: karaoke", "shot:wide/b/0", ["style: karaoke"], []),
        ("spoken: {size: 8%}", "spoken: {size: 9%}", "shot:wide/b/0", ["look: spoken"], ["styles.spoken"]),
        ("kind: fade", "kind: wipeup", "cut:wide/b~c", ["transition: {kind: wipeup, duration: 100ms}"], []),
        (
            "at: 0.1s",
            "at: 0.2s",
            "still:wide/poster",
            ["layers: [{color: red, enter: {fade: 300ms}}]", "at: 0.2s"],
            [],
        ),
        ("width: 32", "width: 40", "gif:wide", ["width: 40"], []),
        ("loudness: -16", "loudness: -18", "mix:film", ["loudness: -18"], []),
        ("loud\n    gain: -9dB", "loud\n    gain: -8dB", "mix:film", ["- make: local-music"], []),
        ("rain\n        gain: -9dB", "rain\n        gain: -8dB", "stem:a/sound", ["- make: placeholder-sound"], []),
        ("text: B,", "text: D,", "timeline:wide", ["layers: [{text: D, style: head}]"], []),
    ],
)
def test_a_setting_is_told_with_its_line_and_nothing_that_stands_elsewhere(
    film: World, old: str, new: str, job: str, lines: list[str], behind: list[str]
) -> None:
    text = SETTINGS.replace(old, new)
    film.declare(text)
    told = film.doit("why", job).out
    assert [line.strip() for line in _declared_lines(told, text)] == lines
    assert [line.split()[1] for line in told.splitlines() if line.strip().startswith("uses ")] == behind


def test_a_setting_that_is_taken_out_is_said_not_to_be_written(film: World) -> None:
    film.declare(SETTINGS.replace("quality: draft\n", ""))
    assert "\n  quality is not written: its default counts\n" in film.doit("why", "shot:wide/b/0").out


def test_a_longer_clip_is_named_where_it_decides_how_long_a_scene_is(world: World, make_clip: MakeClip) -> None:
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    sound = '{make: placeholder-sound, prompt: rain, with: {seconds: "1"}}'
    scene = f"  - id: one\n    layers:\n      - {{video: clip.mp4}}\n    sounds: [{sound}]\n"
    short, long = (make_clip("clip.mp4", "-c:v libx264 -pix_fmt yuv420p", frames=frames) for frames in (15, 30))
    world.add(short).declare(f"{head}\nscenes:\n{scene}").build()
    world.add(long)
    told = "declared at video.yaml:9:10 (scenes[0].layers[0].video; as long as clip.mp4)"
    assert told in world.doit("why", "stem:one/sound").out


@pytest.mark.parametrize(
    ("old", "new", "job", "told"),
    [
        (
            f"      - {LAYERS['title']}\n",
            f"      - {{color: teal, width: 10%}}\n      - {LAYERS['title']}\n",
            "shot:main/one/0",
            ["options.layers[1]: nothing -> color '#008080ff'", "declared at video.yaml:14:9 (scenes[0].layers[1])"],
        ),
        (
            f"      - {LAYERS['sky']}\n",
            "",
            "timeline:main",
            ["options.timeline.scenes[0].layers[0]: color -> nothing", "declared at video.yaml:10:5 (scenes[0])"],
        ),
        (
            f"  - {LAYERS['mark']}\n",
            f"  - {{text: New}}\n  - {LAYERS['mark']}\n",
            "cut:main/one~two",
            ["options.over[0]: nothing -> text 'New'", "declared at video.yaml:8:5 (overlays[0])"],
        ),
        (
            f"  - {LAYERS['mark']}\n  - {{text: Old}}\n",
            "  - {text: Old}\n",
            "cut:main/one~two",
            ["options.over[0]: text 'Mark' -> nothing", "declared at video.yaml:7:1 (overlays)"],
        ),
    ],
)
def test_what_came_or_went_is_told_as_that(world: World, old: str, new: str, job: str, told: list[str]) -> None:
    text = declaration() if old in declaration() else declaration(mark=f"{LAYERS['mark']}\n  - {{text: Old}}")
    assert old in text
    world.declare(text).build()
    world.declare(text.replace(old, new))
    assert [line.strip() for line in world.doit("why", job).out.splitlines()[1:]] == told


def test_a_picture_in_place_of_another_is_told_where_it_is_named(world: World) -> None:
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    layers = "layers:\n      - image: a.png\n      - image: b.png\n        width: 20%\n"
    text = f"{head}\noverlays:\n  - text: Over\nscenes:\n  - id: one\n    duration: 1s\n    {layers}"
    for name in "abc":
        world.write(f"{name}.png", base64.b64decode(PIXEL) + name.encode())
    world.declare(text).build()
    text = text.replace("b.png", "c.png")
    world.declare(text)
    assert declared(world, "shot:main/one/0", text) == ["- image: c.png"]
    assert declared(world, "timeline:main", text) == ["- image: c.png"]


def test_a_scene_that_is_gone_is_declared_where_the_scenes_are(built: World) -> None:
    text = declaration()
    built.declare(text[: text.index("  - id: one")] + text[text.index("  - id: two") :])
    assert declared(built, "timeline:main", text) == ["scenes:"]


STRIPES = """rule: stripes
about: A picture of stripes.
version: 1
options:
  count: {type: integer, default: 2}
  color: {type: string, default: red}
makes: {image: png}
needs: [python, ./draw.py]
command: [python, ./draw.py, "{{ count }}", "{{ color }}", "{{ image }}"]
"""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
DRAW = f"""import base64, sys
open(sys.argv[-1], "wb").write(base64.b64decode("{PIXEL}"))
"""


@pytest.fixture
def ruled(world: World) -> World:
    """A film with a picture that a rule of its own makes."""
    head = "\n".join(f"{name}: {value}" for name, value in SMALL.items())
    layer = "{make: stripes, count: 3, width: 50%}"
    world.declare(f"{head}\nscenes:\n  - id: one\n    duration: 200ms\n    layers:\n      - {layer}\n")
    world.write("rules/stripes.yaml", STRIPES).write("rules/draw.py", DRAW).build()
    return world


def why_stripes(world: World) -> list[str]:
    """What `why` tells of the picture beside its state."""
    (job,) = [word for word in world.doit("list", "--all", "-q").out.split() if word.startswith("stripes:")]
    ended = world.doit("why", job)
    assert ended.code == 0, ended.text
    return [line.strip().partition(" (it replaces")[0] for line in ended.out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "default: red",
            "default: blue",
            [
                "options.color: 'red' -> 'blue'",
                "declared at rules/stripes.yaml:6:25 (options.color.default; video.yaml:10:9 says nothing of color)",
            ],
        ),
        (
            "version: 1",
            "version: 2",
            ["rules/stripes.yaml: version 1 -> 2", "declared at rules/stripes.yaml:3:1 (version)"],
        ),
        (
            "command: [python,",
            "command: [python, -B,",
            ["rules/stripes.yaml: the command changed", "declared at rules/stripes.yaml:9:1 (command)"],
        ),
    ],
)
def test_an_edit_in_a_rule_file_is_told_with_its_line_there(ruled: World, old: str, new: str, told: list[str]) -> None:
    ruled.write("rules/stripes.yaml", STRIPES.replace(old, new))
    assert why_stripes(ruled) == told


def test_an_edit_of_a_rules_own_file_names_the_file(ruled: World) -> None:
    ruled.write("rules/draw.py", DRAW + "# edited\n")
    assert why_stripes(ruled) == ["rules/draw.py changed"]


def test_what_a_layer_says_itself_is_told_with_the_layers_line(ruled: World) -> None:
    ruled.declare((ruled.root / "video.yaml").read_text().replace("count: 3", "count: 4"))
    assert why_stripes(ruled) == ["options.count: 3 -> 4", "declared at video.yaml:10:9 (scenes[0].layers[0])"]
