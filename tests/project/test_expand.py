"""Variables, loops, conditions, includes and films."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.directories import film, load, mistake, mistakes, scenes

ROWS = "name,years,photo\nSostratus,12,a.jpg\nAnna,2,\n"


def test_variables_use_those_above_them_and_stand_in_every_text(tmp_path: Path) -> None:
    made = film(
        tmp_path, "vars: {city: Oslo, head: 'In {{ city }}'}\ntitle: '{{ head }}!'\nscenes: [{say: '{{ vars.city }}'}]"
    )
    assert made.title == "In Oslo!"
    assert made.scenes[0].say is not None
    assert made.scenes[0].say.text == "Oslo"


def test_a_loop_makes_one_scene_a_row_and_an_expression_keeps_its_kind(tmp_path: Path) -> None:
    text = """
data: {rows: rows.csv}
scenes:
  - for: {row: "{{ data.rows }}"}
    id: "{{ loop.index }}-{{ row.name | slug }}"
    duration: "{{ row.years }}s"
    layers: [{text: "{{ row.years }}", rotate: "{{ row.years }}"}]
"""
    made = scenes(tmp_path, text, {"rows.csv": ROWS})
    assert [scene.id for scene in made] == ["1-sostratus", "2-anna"]
    assert [scene.duration for scene in made] == [12, 2]
    assert [scene.layers[0].rotate for scene in made] == [12, 2]
    assert getattr(made[0].layers[0], "text", "") == "12"


def test_several_names_make_every_combination_and_later_lists_use_earlier_names(tmp_path: Path) -> None:
    text = """
vars: {tours: [{name: a, stops: [1, 2]}, {name: b, stops: [3]}]}
scenes:
  - for: {tour: "{{ tours }}", stop: "{{ tour.stops }}"}
    id: "{{ tour.name }}{{ stop }}-{{ loop.index }}of{{ loop.length }}"
"""
    assert [scene.id for scene in scenes(tmp_path, text)] == ["a1-1of3", "a2-2of3", "b3-3of3"]


def test_layers_loop_inside_a_scene_that_loops(tmp_path: Path) -> None:
    text = """
scenes:
  - for: {n: [1, 2]}
    id: s{{ n }}
    layers:
      - {for: {k: "{{ range(n) }}"}, text: "{{ loop.outer.index }}.{{ loop.index }}"}
"""
    assert [[layer.text for layer in scene.layers] for scene in scenes(tmp_path, text)] == [["1.1"], ["2.1", "2.2"]]  # type: ignore[union-attr]  # all are texts


def test_items_whose_condition_is_false_are_left_out_before_they_are_read(tmp_path: Path) -> None:
    text = """
data: {rows: rows.csv}
scenes:
  - id: a
    layers:
      - {text: never, if: false}
      - {text: "{{ undefined }}", if: "{{ 1 > 2 }}"}
      - {for: {row: "{{ data.rows }}"}, if: "{{ row.photo }}", text: "{{ row.name }}"}
  - {id: b, if: "no"}
  - {id: c, if: "{{ data.rows | length == 2 }}"}
"""
    made = scenes(tmp_path, text, {"rows.csv": ROWS})
    assert [scene.id for scene in made] == ["a", "c"]
    assert [getattr(layer, "text", "") for layer in made[0].layers] == ["Sostratus"]


@pytest.mark.parametrize(
    ("loop", "words"),
    [
        ('{row: "{{ city }}"}', "row goes through a list"),
        ("{row: 3}", "row goes through a list"),
        ("[a]", "a name and a list"),
        ("{loop: [1]}", "meaning of its own"),
        ('{"my row": [1]}', "no name for a loop"),
        ('{a: "{{ range(200) }}", b: "{{ range(200) }}"}', "too many turns"),
    ],
)
def test_a_wrong_loop_is_told(tmp_path: Path, loop: str, words: str) -> None:
    found = mistakes(
        tmp_path, f"vbmake: 1\nvars: {{city: Oslo}}\nscenes:\n  - id: x\n  - for: {loop}\n    say: hello\n"
    )
    assert words in found[0].message
    assert found[0].place.line >= 4


def test_loops_in_loops_in_loops_are_bounded(tmp_path: Path) -> None:
    inner = "{for: {c: '{{ range(5000) }}'}, text: x, at: center}"
    scene = f"{{for: {{b: '{{{{ range(5000) }}}}'}}, id: 's{{{{ b }}}}', layers: [{inner}]}}"
    assert "too many values" in str(mistakes(tmp_path, f"vbmake: 1\nscenes: [{scene}]\n")[-1])


def test_an_undefined_variable_is_told_once_for_all_rows_with_the_nearest_name(tmp_path: Path) -> None:
    text = 'data: {rows: rows.csv}\nscenes:\n  - for: {row: "{{ data.rows }}"}\n    title: "{{ row.nmae }}"\n'
    found = mistake(tmp_path, text, {"rows.csv": ROWS})
    assert (found.place.line, found.place.column, found.place.path) == (5, 12, "scenes[0].title")
    assert "did you mean name?" in found.hint
    assert "row 1 of 2" in found.hint


def test_a_scene_may_stand_in_its_own_file_and_sees_the_loop(tmp_path: Path) -> None:
    text = "scenes:\n  - {include: scenes/one.yaml, for: {n: [1, 2]}}\n  - include: scenes/two.yaml\n"
    files: dict[str, str | bytes] = {
        "scenes/one.yaml": "id: s{{ n }}\nlayers: [{text: hi, opacity: 3}]",
        "scenes/two.yaml": "- include: deep/three.yaml\n- {id: two}",
        "scenes/deep/three.yaml": "id: three",
    }
    found = mistake(tmp_path, text, files)
    assert str(found.place) == "scenes/one.yaml:2:30"
    assert found.place.path == "layers[0].opacity"
    files["scenes/one.yaml"] = "id: s{{ n }}"
    project = load(tmp_path, "vbmake: 1\n" + text, files)
    assert [scene.id for scene in project.films[0].scenes] == ["s1", "s2", "three", "two"]
    assert set(project.documents) == {"video.yaml", "scenes/one.yaml", "scenes/two.yaml", "scenes/deep/three.yaml"}


def test_included_settings_are_defaults_and_collections_are_merged(tmp_path: Path) -> None:
    brand = "vars: {who: Brand, town: Oslo}\nstyles: {big: {size: 20%}, small: {size: 2%}}\nfps: 25\nsize: 640x360"
    text = "include: [brand.yaml]\nvars: {who: Me}\nstyles: {big: {size: 30%}}\nsize: 320x180\nscenes: [{}]\n"
    text += "title: '{{ who }} {{ town }}'"
    made = film(tmp_path, text, {"brand.yaml": brand})
    assert (made.title, made.fps, made.size) == ("Me Oslo", 25, (320, 180))
    assert [made.styles[name].size.value for name in ("big", "small") if made.styles[name].size] == [30, 2]


@pytest.mark.parametrize(
    ("text", "files", "words"),
    [
        ("include: a.yaml", {"a.yaml": "include: b.yaml", "b.yaml": "include: a.yaml"}, "circle"),
        ("include: video.yaml", {}, "circle"),
        ("scenes: [{include: a.yaml}]", {"a.yaml": "- include: a.yaml"}, "circle"),
        ("include: ../a.yaml", {}, "leads out"),
        ("include: brnd.yaml", {"brand.yaml": "fps: 25"}, "no such file"),
        ("include: a.yaml", {"a.yaml": "- 1"}, "settings by name"),
        ("include: a.yaml", {"a.yaml": "a: b: c"}, "not YAML"),
        ("include: {a: b}", {}, "name of a file"),
        ("scenes: [{include: a.yaml, id: x}]", {"a.yaml": "id: y"}, "beside include"),
        ("scenes: [{include: '{{ x }}.yaml'}]", {}, "no expressions"),
    ],
)
def test_a_wrong_include_is_told(tmp_path: Path, text: str, files: dict[str, str | bytes], words: str) -> None:
    body = text if "scenes:" in text else f"{text}\nscenes: [{{id: a}}]"
    assert words in "\n".join(str(problem) for problem in mistakes(tmp_path, f"vbmake: 1\n{body}\n", files))


def test_one_film_is_made_for_each_row(tmp_path: Path) -> None:
    text = """
vbmake: 1
vars: {greeting: "Hello {{ row.name }}"}
data: {rows: rows.csv}
films: {for: {row: "{{ data.rows }}"}, name: "{{ row.name | slug }}"}
title: "{{ greeting }}"
scenes: [{id: a, say: "{{ row.name }} the {{ loop.index }}."}]
"""
    project = load(tmp_path, text, {"rows.csv": ROWS})
    assert [(made.name, made.title) for made in project.films] == [
        ("sostratus", "Hello Sostratus"),
        ("anna", "Hello Anna"),
    ]
    assert [made.scenes[0].say.text for made in project.films if made.scenes[0].say] == [
        "Sostratus the 1.",
        "Anna the 2.",
    ]


def test_films_of_one_name_are_told(tmp_path: Path) -> None:
    text = "vbmake: 1\nfilms: {for: {n: [1, 2]}, name: Same}\nscenes: [{id: a}]"
    assert "used twice" in mistakes(tmp_path, text)[0].message


@pytest.mark.parametrize(
    "films", ["{for: {n: [1]}}", "[a]", "{for: {n: [1]}, name: x, more: 1}", "{for: {n: []}, name: x}"]
)
def test_wrong_films_are_told(tmp_path: Path, films: str) -> None:
    assert mistakes(tmp_path, f"vbmake: 1\nfilms: {films}\nscenes: [{{id: a}}]")[0].place.path.startswith("films")


def test_what_stands_in_several_places_is_each_time_its_own(tmp_path: Path) -> None:
    """An alias, a loop and a file that is included twice: each scene has an id, and each file its plain path."""
    text = """
scenes:
  - &first {layers: [{image: &shown ./a.png}, {text: Hello}]}
  - *first
  - {title: *shown}
  - {for: {n: [1, 2]}, layers: [{text: again}]}
  - {include: more.yaml}
  - {include: more.yaml}
"""
    more = "- {layers: [{image: ./a.png}, {text: more}]}\n"
    made = scenes(tmp_path, text, {"a.png": "picture", "more.yaml": more})
    assert [scene.id for scene in made] == ["hello", "hello-2", "a-png", "again", "again-2", "more", "more-2"]
    assert [getattr(scene.layers[0], "image", None) for scene in made if scene.layers] == [
        *("a.png", "a.png"),
        *(None, None),
        *("a.png", "a.png"),
    ]
    assert made[2].title == "./a.png"


def test_what_is_taken_from_an_anchor_changes_nothing_where_it_stands(tmp_path: Path) -> None:
    text = """vbmake: 1
voice: {provider: openai, options: {x: &scenes [{say: Hello, layers: &layers [{image: ./a.png}, {text: 2024}]}]}}
scenes: *scenes
overlays: *layers
"""
    made = load(tmp_path, text, {"a.png": "picture"}).films[0]
    assert made.scenes[0].id == "hello"
    assert made.voice.options == {"x": [{"say": "Hello", "layers": [{"image": "./a.png"}, {"text": 2024}]}]}
    told = mistakes(tmp_path, "vbmake: 1\nmusic: &a [{make: local-music, prompt: calm}]\nscenes: *a\n")
    assert (str(told[0].place), told[0].place.path) == ("video.yaml:2:13", "music[0].make")


def test_what_is_written_out_counts_in_every_film(tmp_path: Path) -> None:
    items = ",".join(["1"] * 130_000)
    films = 'films: {for: {i: "{{ range(5) }}"}, name: "f{{ i }}"}'
    text = f"vbmake: 1\nvars: {{big: [{items}]}}\n{films}\nscenes: [{{id: a}}]\n"
    assert "loops and includes make too many values" in str(mistakes(tmp_path, text)[-1])


def test_films_of_a_loop_share_no_scene_that_is_written_out(tmp_path: Path) -> None:
    """The scene without a template is named after the one with it, in each film anew."""
    text = """vbmake: 1
data: {rows: rows.csv}
films: {for: {row: "{{ data.rows }}"}, name: "{{ row.name | slug }}"}
scenes:
  - {title: "{{ row.name }}"}
  - {title: Anna}
"""
    made = load(tmp_path, text, {"rows.csv": ROWS, "a.jpg": "picture"}).films
    assert [[scene.id for scene in film.scenes] for film in made] == [["sostratus", "anna"], ["anna", "anna-2"]]
