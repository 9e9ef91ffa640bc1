"""A script that a model wrote is data: plain text that is shown and spoken, or refused in words."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.project.directories import film, mistake
from vbmake.document.node import Problems, plain
from vbmake.document.yaml_reader import read_yaml
from vbmake.document.yaml_writer import comment, dump, literal
from vbmake.project.load import load_project
from vbmake.project.models import ImageLayer, Project, Scene, TextLayer
from vbmake.project.script import SCENES, Script, ScriptImages, heading_look, read_script, scenes_of, share
from vbmake.project.starter import Wish, declaration
from vbmake.project.template import Templates
from vbmake.providers.local.outline import outline
from vbmake.providers.local.phrases import styles

HOSTILE = [
    "{{ 7*7 }}",
    "{% if true %}x{% endif %} {# y #}",
    "{{ data.secrets }} }} {{",
    "../../etc/passwd",
    "file:///etc/passwd",
    "concat:a.mp4|b.mp4",
    "make: html-page",
    r"{\b1\fs200}loud{\p1}m 0 0 l 9 9",
    r"\N\n\h",
    "!!python/object/apply:os.system [id]",
    "&anchor *alias <<: !tag",
    "--- \"quotes\" 'and' : colons # hashes, - dashes",
    "[in='x']drawtext=textfile=/etc/passwd",
    "%{expr} $(id) `id` ${HOME}",
    "<script>alert(1)</script> &amp;",
    "null",
    "1:30",
    "@@@",
]


def script(*scenes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": "A film", "language": "en", "scenes": [*scenes], **more}


def scene(**parts: Any) -> dict[str, Any]:
    return {"title": "One", "say": "Words.", "picture": "A hill", "heading": "", **parts}


def became(data: Any, images: ScriptImages | None = None) -> list[Scene]:
    """The scenes of a film that a script is part of, as the planner has them."""
    made = scenes_of(read_script(data), images or ScriptImages(), heading_look([(1280, 720)]))
    return [Scene.model_validate(one) for one in made]


def wish(**more: Any) -> Wish:
    return Wish(
        **{"prompt": "Bees", "seconds": Fraction(20), "style": "news", "language": "en", "size": (640, 360), **more}
    )


def project_of(root: Path, data: Any, **more: Any) -> Project:
    """The project that `vbmake new` writes of a script."""
    text = declaration(read_script(data), wish(**more), "film", schema=".vbmake/schema.json", speaker="en-us")
    root.mkdir(parents=True, exist_ok=True)
    (root / "video.yaml").write_text(text, "utf-8")
    return load_project(root)


def texts(one: Scene) -> tuple[str, str, str, str]:
    """What a scene says and shows: title, words, the picture's prompt, heading."""
    image, heading = one.layers
    assert isinstance(image, ImageLayer)
    assert isinstance(heading, TextLayer)
    assert not isinstance(image.image, str), "it names a file"
    assert one.say is not None
    assert one.title is not None
    return one.title, one.say.text, image.image.prompt, heading.text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_model_wrote_is_plain_text_wherever_it_stands(text: str, tmp_path: Path) -> None:
    data = script(scene(title=text, say=text, picture=text, heading=text), title=text)
    expected = (text,) * 4
    (one,) = became(data)
    assert texts(one) == expected
    written = project_of(tmp_path, data, prompt=text, style=text[:80]).films[0]
    assert written.title == text
    assert texts(written.scenes[0]) == expected


@pytest.mark.parametrize("key", ["make", "layers", "image", "video", "sounds", "with", "include", "id", "__class__"])
def test_keys_that_are_no_part_of_a_script_mean_nothing(key: str) -> None:
    plainly = became(script(scene()))
    for value in ("html-page", "../../etc/passwd", {"make": "html-page"}, [{"image": "/etc/passwd"}]):
        assert became(script(scene(**({"id": value} if key == "id" else {key: value})), **{key: value})) == plainly


def test_controls_and_hidden_marks_are_taken_out_and_letters_of_every_script_stay() -> None:
    made = read_script(
        script(scene(say="a\x00b\x1b[31mc\r\n\td\u202ee\u2066f\ufeff\u200e\u2028g\ud800h\U000e0041\uffff"))
    )
    assert made.scenes[0].say == "a b [31mc def gh"
    kept = "می\u200cخواهم 👩\u200d🔬 日本語 Ünïcode हिन्दी"
    assert read_script(script(scene(picture=f"  {kept}\n"))).scenes[0].picture == kept
    assert read_script(script(scene(title="A\u202eB"))).title == "A film"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "an object is wanted, not null"),
        ([], "an object is wanted, not a list"),
        ("text", "an object is wanted"),
        (7, "not a number"),
        ({}, "title: it is missing"),
        (script(), "scenes: there are none"),
        ({**script(scene()), "scenes": "one"}, "scenes: a list is wanted"),
        ({**script(scene()), "scenes": {"a": scene()}}, "scenes: a list is wanted"),
        (script("one"), "scenes[1]: an object is wanted"),  # type: ignore[arg-type]  # what models do
        (script(scene(say=None)), "scenes[1].say: a text is wanted, not null"),
        (script(scene(), scene(say=["a"])), "scenes[2].say: a text is wanted, not a list"),
        (script(scene(picture={"file": "x"})), "scenes[1].picture: a text is wanted, not an object"),
        (script(scene(heading=True)), "scenes[1].heading: a text is wanted, not true or false"),
        (script(scene(title=1.5)), "scenes[1].title: a text is wanted, not a number"),
        (script({"title": "x", "picture": "y"}), "scenes[1].say: it is missing"),
        (script(scene(say="\u202e\u200d \n")), "scenes[1].say: the text is empty"),
        (script(scene(say="a" * 10_000_000)), "the text is too long: 10,000,000 characters"),
        (script(scene(heading="word " * 60)), "the text is too long: 299 characters, allowed are 120"),
        (script(*[scene()] * 5000), f"scenes: there are more than {SCENES}"),
        (script(*[scene(say=7)] * 20), "and 15 more"),
    ],
)
def test_what_is_no_script_is_refused_in_words(data: Any, told: str) -> None:
    with pytest.raises(ValueError, match="it is no script") as caught:
        read_script(data)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert "pydantic" not in str(caught.value)


def test_a_key_of_a_megabyte_is_not_told() -> None:
    with pytest.raises(ValueError, match=r"scenes\[1\]\.say: it is missing") as caught:
        read_script(script({"title": "x", "picture": "y", "x\x1b" * 500_000: 1}))
    assert len(str(caught.value)) < 200


def test_deeply_nested_data_is_no_text() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(ValueError, match="a text is wanted, not a list"):
        read_script(script(scene(say=deep)))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Party 🎉 time 👩\u200d👩\u200d👧 with 🇩🇪 flags", "Party time with flags"),
        ("Bees ❤\ufe0f flowers 👍🏽!", "Bees flowers!"),
        ("1\ufe0f\u20e3 of 20 °C — “été” №5 ®", "1 of 20 °C — “été” №5 ®"),
        ("می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"),
    ],
)
def test_emoji_that_no_font_of_text_draws_are_neither_said_nor_shown(written: str, shown: str) -> None:
    (made,) = read_script(script(scene(say=written, heading=written, title="🎉"))).scenes
    assert (made.say, made.heading, made.title) == (shown, shown, "🎉")


def test_a_scene_of_emoji_alone_says_nothing() -> None:
    with pytest.raises(ValueError, match=r"scenes\[1\]\.say: the text is empty"):
        read_script(script(scene(say="🎉 🚀")))


def test_equal_titles_make_different_ids() -> None:
    made = became(
        script(*[scene(title="The Same!")] * 3, scene(title="the same 2"), scene(title="日本"), scene(title=".."))
    )
    assert [one.id for one in made] == ["the-same", "the-same-2", "the-same-3", "the-same-2-2", "scene-5", "scene-6"]


def test_a_scene_without_a_heading_shows_its_picture_alone() -> None:
    (one,) = became(script({"title": "One", "say": "Words.", "picture": "A hill"}))
    assert [layer.kind for layer in one.layers] == ["image"]


def test_pictures_are_made_by_whom_the_request_names() -> None:
    images = ScriptImages.model_validate({"provider": "openai", "model": "m", "options": {"quality": "low"}})
    (one,) = became(script(scene()), images)
    layer = one.layers[0]
    assert isinstance(layer, ImageLayer)
    assert not isinstance(layer.image, str)
    asked = layer.image
    assert (asked.provider, asked.model, asked.options) == ("openai", "m", {"quality": "low"})


def test_headings_are_as_large_in_a_tall_picture_as_in_a_wide_one() -> None:
    assert share(6, [(1280, 720)]) == "6%"
    assert share(6, [(720, 1280)]) == "3.4%"
    assert share(6, [(1280, 720), (720, 1280)]) == "3.4%"


def test_a_script_for_longer_than_half_an_hour_is_refused_where_it_is_asked_for(tmp_path: Path) -> None:
    problem = mistake(tmp_path, "scenes:\n  script: {prompt: Bees, duration: 31m}")
    assert "30m" in str(problem)
    assert film(tmp_path, "scenes:\n  script: {prompt: Bees, duration: 30m}").script is not None


@pytest.mark.parametrize("style", sorted(styles()))
@pytest.mark.parametrize("seconds", [1, 20, 1800])
def test_every_outline_is_a_script(style: str, seconds: int) -> None:
    for prompt in ("Bees", "why " * 2000, "What is " + "a long word " * 5 + "x" * 200 + "?", "?!", "{{ x }}"):
        assert isinstance(read_script(outline(prompt, seconds, style)), Script)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1080, 1080), (64, 36)])
@pytest.mark.parametrize("music", ["local", "", "elevenlabs"])
def test_a_new_project_says_what_was_wished(tmp_path: Path, size: tuple[int, int], music: str) -> None:
    made = project_of(
        tmp_path,
        outline("Bees", 30, "news"),
        size=size,
        music=music,
        images="openai",
        voice="elevenlabs",
        language="de",
    ).films[0]
    assert (made.size, made.language, made.name, made.title) == (size, "de", "film", "Bees")
    assert made.voice.provider == "elevenlabs"
    assert made.captions.files == ["srt"]
    assert [one.source.provider for one in made.music if one.source and not isinstance(one.source, str)] == (
        [music] if music else []
    )
    for one in made.scenes:
        layer = one.layers[0]
        assert isinstance(layer, ImageLayer)
        assert not isinstance(layer.image, str)
        assert layer.image.provider == "openai"


def test_a_new_project_is_written_to_be_read(tmp_path: Path) -> None:
    project_of(
        tmp_path, script(scene(say="Bees dance, and others watch. " * 6, picture="A bee, macro", heading="The dance"))
    )
    text = (tmp_path / "video.yaml").read_text()
    assert max(map(len, text.splitlines())) <= 120
    assert "say: >-\n      Bees dance, and others watch." in text
    assert "- {text: The dance, style: heading, at: top left, enter: {fade: 0.4s}}" in text
    assert "voice: {provider: local, voice: en-us}" in text


# writing YAML

PIECES = [
    *(
        "a",
        "the war",
        "Über 5, ok? yes",
        "time: now",
        "x:",
        " #c",
        "“q” — no; ok!",
        " ",
        "  ",
        "\n",
        "\t",
        "'",
        '"',
        "\\",
    ),
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{",
        "}",
        ": ",
        "- ",
        "[",
        "]",
        ",",
        "&a",
        "*a",
        "!x",
        "%",
        "@",
        "`",
        "|",
        ">",
    ),
    *(
        "1",
        "1.5",
        "true",
        "no",
        "日本",
        "\u200d",
        "\u2028",
        "\x85",
        "\ufeff",
        "🙂",
        "\U000e0001",
        "\uffff",
        "?",
        "=",
        "<<",
    ),
    *("~", "null", "---", "...", "\xa0", "word " * 30),
]


def test_any_text_comes_back_from_what_is_written_of_it() -> None:
    chance = random.Random(7)
    for _ in range(15):
        templates = Templates()
        for _ in range(40):
            text = "".join(chance.choices(PIECES, k=chance.randint(0, 9)))
            data = {
                "k": text,
                "l": [text, {"a": text, "b": [text]}],
                "m": {"x": {"y": text}, "r": [{"a": text, "e": []}]},
            }
            problems = Problems()
            tree = read_yaml(dump(literal(data)).encode(), "f", problems)
            assert not problems.found, text
            assert evaluated(plain(tree), templates) == data, text


def evaluated(value: Any, templates: Templates) -> Any:
    if isinstance(value, str):
        return templates.evaluate(value, {})
    if isinstance(value, dict):
        return {key: evaluated(item, templates) for key, item in value.items()}
    return [evaluated(item, templates) for item in value] if isinstance(value, list) else value


def test_values_that_are_no_texts_stay_what_they_are() -> None:
    data: dict[str, Any] = {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": None,
        "e": [],
        "f": {},
        "g": [1, [2, 3]],
        "h": "1",
        "i": "true",
        "j": "2s",
    }
    assert plain(read_yaml(dump(data).encode(), "f", Problems())) == data


def test_a_comment_is_a_comment_whatever_it_holds() -> None:
    made = comment("one\ntwo: 2\r- three\u2028four\x85five " + "long " * 60)
    assert all(line.startswith("# ") and len(line) <= 110 for line in made.splitlines())
    assert json.dumps(made).count("\\n") == made.count("\n") == len(made.splitlines())
