"""Mistakes: all at once, in order, each with place, path, what was found, what is allowed, the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.project.directories import film, load, mistake, mistakes
from vbmake.errors import ProjectError
from vbmake.project.load import load_project

LAYER = "scenes: [{id: a, layers: [%s]}]"


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = """vbmake: 1
titel: x
size: 1281x720
scenes:
  - id: a
    durration: 3s
    layers:
      - {text: "{{ nothing }}", opacity: 2}
      - {image: gone.jpg}
"""
    found = mistakes(tmp_path, text)
    assert [(problem.place.line, problem.place.path) for problem in found] == [
        (2, "titel"),
        (3, "size"),
        (6, "scenes[0].durration"),
        (8, "scenes[0].layers[0].text"),
        (8, "scenes[0].layers[0].opacity"),
        (9, "scenes[0].layers[1].image"),
    ]


def test_a_mistake_reads_well(tmp_path: Path) -> None:
    assert str(mistake(tmp_path, "scenes:\n  - id: a\n    durration: 3s\n")) == (
        'video.yaml:4:5: scenes[0].durration: "durration" is not known here\n'
        "    allowed: id, title, duration, say, pad, layers, sounds, background, transition, captions, "
        "for, if, include\n"
        "    hint: did you mean duration?"
    )


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("fps: 0\nscenes: [{}]", "fps", "between 1 and 240"),
        ("fps: 1e999999999\nscenes: [{}]", "fps", "a frame rate is"),
        ("size: big\nscenes: [{}]", "size", "1280x720"),
        ("size: 100000x100000\nscenes: [{}]", "size", "8192"),
        ("loudness: loud\nscenes: [{}]", "loudness", "a number is wanted"),
        ("loudness: 3\nscenes: [{}]", "loudness", "-5 or less"),
        ("language: english!\nscenes: [{}]", "language", "pt-BR"),
        ("background: #fff\nscenes: [{}]", "background", "needs quotes"),
        ("background: redd\nscenes: [{}]", "background", "CSS name"),
        ("quality: hihg\nscenes: [{}]", "quality", "did you mean high?"),
        ("transition: fad\nscenes: [{}]", "transition", "did you mean fade?"),
        ("captions: {style: karaok}\nscenes: [{}]", "captions.style", "did you mean karaoke?"),
        ("outputs: {poster: {type: gif}}\nscenes: [{}]", "outputs.poster.type", "jpg, png"),
        ("scenes: []", "scenes", "at least 1"),
        ("scenes:", "scenes", "nothing"),
        ("scenes: {id: a}", "scenes", "begin each scene with"),
        ("scenes: {scrpt: {prompt: x}}", "scenes.scrpt", "did you mean script?"),
        ("scenes: {script: {prompt: x}, music: y}", "scenes.music", "and nothing beside it"),
        ("scenes: {}", "scenes", "{script: {prompt: ...}}"),
        ("providers: 5\nscenes: [{}]", "providers", "such as providers: {mine: {service: openai"),
        ("providers: {openai: 5}\nscenes: [{}]", "providers.openai", "service, base_url"),
        ("budget: -1\nscenes: [{}]", "budget", "not negative"),
        ("budget: five\nscenes: [{}]", "budget", "write 5 USD"),
        ("budget: {run: 5 EUR}\nscenes: [{}]", "budget.run", "no amount of money in USD"),
        ("scenes: [{duration: 0s}]", "scenes[0].duration", "longer than 0"),
        ("scenes: [{duration: -3s}]", "scenes[0].duration", "a time is written"),
        ("scenes: [{duration: 5}]", "scenes[0].duration", "write 5s"),
        ("scenes: [{duration: 90h}]", "scenes[0].duration", "24h"),
        ("scenes: [{say: {txt: hi, text: hi}}]", "scenes[0].say.txt", "did you mean text?"),
        ("scenes: [{say: ''}]", "scenes[0].say", "empty"),
        ("scenes: [{say: ' '}]", "scenes[0].say", "leave `say` out"),
        ("scenes: [{pad: [1s]}]", "scenes[0].pad", "2 values"),
        ("title:\n  - a\nscenes: [{}]", "title", "a text is wanted"),
        (LAYER % "hello", "scenes[0].layers[0]", "a layer is a mapping"),
        (LAYER % "{imge: x.jpg}", "scenes[0].layers[0]", "did you mean image?"),
        (LAYER % "{text: a, shape: line, opacity: 1}", "scenes[0].layers[0]", "two layers"),
        (LAYER % "{image: {prompt: a, options: 5}}", "scenes[0].layers[0].image.options", "options: {quality: low}"),
        (LAYER % "{image: {prompt: ''}}", "scenes[0].layers[0].image.prompt", "the text is empty"),
        (LAYER % "{image: {prompt: ' '}}", "scenes[0].layers[0].image.prompt", "the text is blank"),
        (LAYER % "{image: {prompt: a, model: ' '}}", "scenes[0].layers[0].image.model", "no name of a model"),
        (LAYER % '{image: {prompt: a, model: "x\\ny"}}', "scenes[0].layers[0].image.model", "no name of a model"),
        (LAYER % "{image: {prompt: a, duration: 3s}}", "scenes[0].layers[0].image.duration", "the scene's duration"),
        (LAYER % "{text: a, color: red}", "scenes[0].layers[0]", "style: {color: ...}"),
        (LAYER % "{text: a, size: 3%}", "scenes[0].layers[0].size", "style: {size: ...}"),
        (LAYER % "{text: a, show: [4s, 2s]}", "scenes[0].layers[0].show", "after the start"),
        (LAYER % "{text: a, show: [4s, x]}", "scenes[0].layers[0].show[1]", "a time is written"),
        (LAYER % "{text: a, enter: {fade: 1s, zoom: 1s}}", "scenes[0].layers[0].enter", "exactly one"),
        (LAYER % "{text: a, at: top lfet}", "scenes[0].layers[0].at", "did you mean top left?"),
        (LAYER % "{text: a, at: [1%]}", "scenes[0].layers[0].at", "two numbers"),
        (LAYER % "{text: a, rotate: .nan}", "scenes[0].layers[0].rotate", "angle"),
        (
            LAYER % "{text: a, animate: {x: [[0s, 1%], [1s, 2%, easein]]}}",
            "scenes[0].layers[0].animate.x[1][2]",
            "ease-in",
        ),
        (LAYER % "{text: a, animate: {scale: [[2s, 1], [1s, 2]]}}", "scenes[0].layers[0].animate.scale", "order"),
        (LAYER % "{shape: circle}", "scenes[0].layers[0].shape", "ellipse"),
        (LAYER % "{gradient: {colors: [red]}}", "scenes[0].layers[0].gradient.colors", "at least 2"),
    ],
)
def test_a_wrong_value_is_told_with_its_path_and_what_is_allowed(
    tmp_path: Path, text: str, path: str, words: str
) -> None:
    found = mistake(tmp_path, text)
    assert found.place.path == path
    assert found.place.line >= 2
    assert words in str(found)


@pytest.mark.parametrize("name", ["a b", "", "a/b", r"x\ty", "-a", "über", "a" * 41])
def test_a_provider_has_a_name_that_can_stand_anywhere(tmp_path: Path, name: str) -> None:
    found = mistake(tmp_path, f'providers:\n  "{name}": {{service: openai}}\nscenes: [{{}}]')
    assert found.place.line == 3
    assert found.message == "this cannot be the name of a provider"
    assert "letters (a-z, A-Z), digits, - and _" in found.allowed


def test_a_version_that_is_not_known_or_missing_is_told(tmp_path: Path) -> None:
    assert "vbmake: 1" in str(mistakes(tmp_path, "vbmake: 2\nscenes: [{id: a}]")[0])
    assert "vbmake is missing" in str(mistakes(tmp_path, "scenes: [{id: a}]")[0])


_NOTHING = [b"", b"# nothing", b"- a\n- b", b"just text", b"\xff\xfe\x00", b"\x00\x01", b"a: b: c", b"[" * 9999]


@pytest.mark.parametrize("text", _NOTHING)
def test_what_is_no_declaration_is_told(tmp_path: Path, text: bytes) -> None:
    assert str(mistakes(tmp_path, text)[0]).startswith("video.yaml")


def test_a_missing_declaration_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "vidoe.yaml").write_text("vbmake: 1")
    with pytest.raises(ProjectError, match=r"did you mean vidoe\.yaml"):
        load_project(tmp_path / "video.yaml")
    with pytest.raises(ProjectError):
        load_project(tmp_path / "nowhere")


def test_a_number_where_a_text_is_wanted_is_taken_as_it_is_written(tmp_path: Path) -> None:
    made = film(tmp_path, "title: 1984\nscenes: [{id: 7, layers: [{text: 2.50}, {text: true}]}]")
    assert made.title == "1984"
    assert made.scenes[0].id == "7"
    assert [getattr(layer, "text", "") for layer in made.scenes[0].layers] == ["2.50", "true"]


def test_text_is_taken_literally_whatever_it_holds(tmp_path: Path) -> None:
    text = "quotes \" ' back\\slash %{pts} {\\b1} {braces} \\N שלום 你好 : , [0:v] $(ls)"
    made = film(tmp_path, f"scenes: [{{id: a, layers: [{{text: '{text.replace(chr(39), chr(39) * 2)}'}}]}}]")
    assert getattr(made.scenes[0].layers[0], "text", "") == text


def test_every_part_knows_its_place(tmp_path: Path) -> None:
    made = film(
        tmp_path,
        "scenes:\n  - id: a\n    layers:\n      - color: red\n        enter: {fade: 1s}\n        show: [0, 1s]\n",
    )
    layer = made.scenes[0].layers[0]
    assert str(layer.place) == "video.yaml:5:9"
    assert layer.enter is not None
    assert layer.show is not None
    assert (str(layer.enter.place), str(layer.show.place)) == ("video.yaml:6:16", "video.yaml:7:15")


_WORDS = """scenes layers id text image show enter fade at size style styles vars for if include say music"""
_KEYS = st.sampled_from(_WORDS.split())
_LEAVES = st.one_of(
    st.sampled_from(["a", "1s", "{{ x }}", "{{ 1 }}", "video.yaml", "../x", "red", "9%", "-3dB", "fade", ""]),
    st.integers(-9, 9**20),
    st.floats(),
    st.booleans(),
    st.none(),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, _TREES, max_size=5))
def test_any_declaration_gives_a_project_or_told_mistakes(tmp_path: Path, tree: dict[str, object]) -> None:
    text = "vbmake: 1\n" + "".join(f"{key}: {_flow(value)}\n" for key, value in tree.items())
    try:
        load(tmp_path, text)
    except ProjectError as error:
        told = error.problems
    else:
        return
    assert told
    assert all(problem.place.file for problem in told)


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
