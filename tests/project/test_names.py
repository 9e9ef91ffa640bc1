"""Ids, files and other names that must lead somewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.project.directories import film, mistake, mistakes, scenes
from vbmake.project.words import slug

LAYER = "scenes: [{id: a, layers: [%s]}]"


_UNSAFE = ["a=b", "a*", "a/b", "a~b", "_a", "-a", ".a", "a.", "🎬", "x" * 300, "a b", "a..b", "a:b", "", "a\\\\b"]


@pytest.mark.parametrize("id", _UNSAFE)
def test_an_id_that_is_unsafe_in_files_or_job_names_is_told(tmp_path: Path, id: str) -> None:
    found = mistake(tmp_path, f'scenes: [{{id: "{id}"}}]')
    assert found.place.path == "scenes[0].id"
    assert "letters" in found.allowed


@pytest.mark.parametrize("id", ["a", "Sea-2", "a_b", "v1.2", "x" * 64, "1984"])
def test_plain_ids_are_taken(tmp_path: Path, id: str) -> None:
    assert scenes(tmp_path, f"scenes: [{{id: {id}}}]")[0].id == id


def test_ids_twice_are_told_and_capitals_do_not_tell_them_apart(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "vbmake: 1\nscenes: [{id: a}, {id: b}, {id: a}, {id: B}]")
    assert [problem.message for problem in found] == [
        "this id is used twice",
        "this id differs from another only in capitals",
    ]


def test_a_loop_that_gives_one_id_to_all_its_scenes_is_told_how_to_mend_it(tmp_path: Path) -> None:
    found = mistake(tmp_path, "scenes: [{for: {n: [1, 2]}, id: row}]")
    assert 'id: "row-{{ loop.index }}"' in found.hint


def test_scenes_without_an_id_are_named_by_what_they_say_not_by_where_they_stand(tmp_path: Path) -> None:
    titled, said, shown, bare = (
        "{title: The Sea!}",
        "{say: Two thousand years ago there was}",
        "{layers: [{text: Hi}]}",
        "{}",
    )
    there = [scene.id for scene in scenes(tmp_path, f"scenes: [{titled}, {said}, {shown}, {bare}, {titled}]")]
    assert there == ["the-sea", "two-thousand-years-ago-there", "hi", "scene-4", "the-sea-2"]
    moved = [scene.id for scene in scenes(tmp_path, f"scenes: [{shown}, {said}, {titled}]")]
    assert moved == ["hi", "two-thousand-years-ago-there", "the-sea"]


def test_a_made_id_makes_way_for_a_given_one(tmp_path: Path) -> None:
    assert [scene.id for scene in scenes(tmp_path, "scenes: [{title: Sea}, {id: sea}]")] == ["sea-2", "sea"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("photos/harbor.jpg", "did you mean photos/harbour.jpg?"),
        ("photos/harbour.png", "did you mean photos/harbour.jpg?"),
        ("harbour.jpg", "did you mean photos/harbour.jpg?"),
        ("nowhere/x.jpg", "no folder nowhere/"),
        ("../outside.jpg", "leads out"),
        ("photos/../../outside.jpg", "leads out"),
        ("/etc/passwd", "absolute"),
        ("~/x.jpg", "absolute"),
        ("C:/x.jpg", "absolute"),
        ("photos\\\\harbour.jpg", "backslash"),
        ("https://example.org/x.jpg", "address on the net"),
        ("photos", "directory"),
        ("empty.jpg", "empty"),
        ("link.jpg", "outside of the project"),
        ("loop.jpg", "ink"),
        ("pipe.jpg", "no regular file"),
        ("clip.mp4", "the key video"),
        ("x" * 300 + ".jpg", "too long"),
        ("a\\nb.jpg", "line ends"),
        ("", "path is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, written: str, words: str) -> None:
    root = tmp_path / "project"
    (root / "photos").mkdir(parents=True)
    (tmp_path / "outside.jpg").write_bytes(b"x")
    (root / "empty.jpg").touch()
    (root / "photos" / "harbour.jpg").write_bytes(b"x")
    (root / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    os.mkfifo(root / "pipe.jpg")
    found = mistake(root, LAYER % f'{{image: "{written}"}}')
    assert found.place.path == "scenes[0].layers[0].image"
    assert words in str(found)


def test_one_file_has_one_name_however_it_is_written(tmp_path: Path) -> None:
    made = film(tmp_path, LAYER % "{image: ./a/../b.jpg}, {image: b.jpg}", {"b.jpg": "x"})
    assert {getattr(layer, "image", "") for layer in made.scenes[0].layers} == {"b.jpg"}


def test_links_inside_the_project_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to("b.jpg")
    found = film(tmp_path, LAYER % "{image: link.jpg}", {"b.jpg": "x"}).scenes[0].layers[0]
    assert getattr(found, "image", None) == "link.jpg"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("styles: {big: {}}\n" + LAYER % "{text: a, style: bgi}", "scenes[0].layers[0].style", "did you mean big?"),
        ("styles: {big: {like: huge}}\nscenes: [{}]", "styles.big.like", "no style"),
        ("styles: {big: {font: display}}\nscenes: [{}]", "styles.big.font", "no `fonts`"),
        ("fonts: {a: b.txt}\nscenes: [{}]", "fonts.a", ".ttf"),
        (
            "formats: {wide: {}}\n" + LAYER % "{text: a, only: [wid]}",
            "scenes[0].layers[0].only[0]",
            "did you mean wide?",
        ),
        ("formats: {a/b: {}}\nscenes: [{}]", 'formats["a/b"]', "name of a format"),
        ("captions: {style: phrase, look: x}\nscenes: [{}]", "captions.look", "no style"),
        ("scenes: [{id: a, say: {text: hi, voice: bob}}]", "scenes[0].say.voice", "no voice"),
        ("overlays: [{text: x, scenes: [a, z]}]\nscenes: [{id: a}]", "overlays[0].scenes[1]", "no scene"),
        ("overlays: [{text: x, scenes: [b, a]}]\nscenes: [{id: a}, {id: b}]", "overlays[0].scenes", "comes after"),
        (LAYER % "{text: x, scenes: [a, a]}", "scenes[0].layers[0].scenes", "only overlays"),
        ("scenes: [{sounds: [{source: a.wav, gian: 3}]}]", "scenes[0].sounds[0].gian", "did you mean gain?"),
        ("scenes: [{sounds: [{source: b.jpg}]}]", "scenes[0].sounds[0].source", "image"),
        ("music: {source: gone.flac}\nscenes: [{}]", "music.source", "no such file"),
        ("name: a/b\nscenes: [{}]", "name", "name of a film"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(tmp_path: Path, text: str, path: str, words: str) -> None:
    found = mistake(tmp_path, text, {"b.txt": "x", "b.jpg": "x", "a.wav": "x"})
    assert found.place.path == path
    assert words in str(found)


def test_styles_that_start_from_each_other_are_told(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "vbmake: 1\nstyles: {a: {like: b}, b: {like: a}}\nscenes: [{}]")
    assert {problem.message for problem in found} == {"styles start from one another in a circle"}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("{make: pdf-pag, pdf: d.pdf}", "did you mean pdf-page?"),
        ("{make: shot}", "no rule"),
        ("{make: pdf-page, pdf: e.pdf}", "did you mean d.pdf?"),
        ("{make: pdf-page}", "pdf is missing"),
        ("{make: pdf-page, pdf: d.pdf, page: one}", "integer"),
        ("{make: pdf-page, pdf: d.pdf, pgae: 1}", "did you mean 'page'?"),
        ("{make: own-sound}", "image or video"),
    ],
)
def test_a_rule_that_is_asked_wrongly_is_told(tmp_path: Path, layer: str, words: str) -> None:
    rule = "rule: own-sound\nabout: A sound.\nmakes: {sound: wav}\nneeds: [sox]\ncommand: [sox, '{{ sound }}']\n"
    found = mistakes(tmp_path, "vbmake: 1\n" + LAYER % layer, {"d.pdf": "x", "rules/own-sound.yaml": rule})
    assert words in str(found[0])


def test_a_mistake_in_a_rule_file_of_the_project_is_told(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "vbmake: 1\nscenes: [{id: a}]", {"rules/x.yaml": "rule: x\nmaks: {}"})
    assert any(problem.place.file == "rules/x.yaml" for problem in found)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", "a,b\n1,2\n3\n", "rows.csv:3:1"),
        ("rows.csv", "a,a\n1,2\n", "two columns"),
        ("rows.csv", "a,\n1,2\n", "has no name"),
        ("rows.csv", "\n \n", "no first line"),
        ("rows.csv", 'a,b\n"x,2\n', "not CSV"),
        ("rows.csv", b"a\n\xff\n", "not UTF-8"),
        ("rows.csv", b"a\n\x00\n", "NUL"),
        ("rows.json", "{", "rows.json:1:2"),
        ("rows.json", "[NaN]", "NaN"),
        ("rows.json", "[1e999]", "too large"),
        ("rows.json", "[" * 100_000, "not JSON"),
        ("rows.yaml", "a: b: c", "not YAML"),
        ("rows.txt", "x", "CSV, JSON or YAML"),
    ],
)
def test_data_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    assert words in str(
        mistakes(tmp_path, f"vbmake: 1\ndata: {{rows: {name}}}\nscenes: [{{id: a}}]", {name: content})[0]
    )


def test_data_may_be_csv_with_semicolons_json_or_yaml(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.csv": '\ufeffname;zip;price\r\n"Øl; stor";007;2.50\r\n',
        "b.json": '{"n": 1.50, "list": [1, 2]}',
        "c.yaml": "x: {y: no}",
        "d.tsv": "a\tb\n1,5\t2\n",
    }
    row = "{{ data.a[0].name }}|{{ data.a[0].zip }}|{{ data.a[0].price }}"
    title = row + "|{{ data.b.n }}|{{ data.c.x.y }}|{{ data.d[0].a }}"
    data = "data: {a: a.csv, b: b.json, c: c.yaml, d: d.tsv}"
    made = film(tmp_path, f"{data}\ntitle: '{title}'\nscenes: [{{}}]", files)
    assert made.title == "Øl; stor|007|2.50|1.50|no|1,5"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Café on Straße 5", "the-cafe-on-strasse-5"),
        ("Don't panic!", "dont-panic"),
        ("春", ""),
        ("an unusually long title of a film", "an-unusually-long"),
    ],
)
def test_a_name_made_of_a_text_has_whole_words_in_plain_letters(title: str, name: str) -> None:
    assert slug(title, 22) == name
