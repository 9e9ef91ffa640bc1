"""Rule files are read whole, or every mistake in them is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.workshop import own, written
from vbmake.errors import Place, ProjectError
from vbmake.rules import load
from vbmake.rules.load import library, load_rules, read_rule
from vbmake.rules.model import Rule

GOOD = """\
    reads: {page: file, extra: files}
    options: {size: {type: integer, default: 3}}
    makes: {image: png}
    needs: [convert]
    command: [convert, "{{ page }}", {each: extra}, "{{ size }}", "{{ image }}"]
"""


def told(directory: Path, text: str) -> str:
    with pytest.raises(ProjectError) as caught:
        own(directory, text)
    return str(caught.value)


def test_a_rule_is_what_its_file_says(tmp_path: Path) -> None:
    rule = own(tmp_path, GOOD)
    assert (rule.name, rule.version, rule.pool, rule.kind, rule.output) == ("mine", 1, "cpu", "image", "image")
    assert rule.reads == {"page": "file", "extra": "files"}
    assert rule.makes == {"image": "png"}
    assert rule.fill({}) == {"size": 3}
    assert rule.check_inputs({"page": 1, "extra": 4}) == []
    assert rule.check_inputs({"pgae": 1}) == [
        "pgae: mine reads no such file, allowed are page, extra; did you mean 'page'?",
        "page is missing, give one file",
    ]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (GOOD + "    sources: {a: file}\n", "rules/mine.yaml:8:1: sources", "unknown key"),
        (GOOD.replace("page: file", "page: fiel"), "3:15: reads.page", "file | files | optional file"),
        (GOOD.replace("png", "../x"), "5:16: makes.image", "an extension such as png"),
        (GOOD.replace("    makes: {image: png}\n", ""), "1:1", "a rule makes something"),
        (GOOD.replace("type: integer", "type: int"), "4:24: options.size.type", "integer"),
        (GOOD.replace("default: 3", "default: x"), "options.size.default", 'found "x", allowed is integer'),
        (GOOD.replace("default: 3", "minimun: 3"), "options.size.minimun", "minimum"),
        (GOOD.replace("{{ size }}", "{{ siez }}"), "7:", "found: siez"),
        (GOOD.replace("{{ size }}", "{{ size "), "7:", "no Jinja expression"),
        (GOOD.replace('"{{ image }}"', "out.png"), "7:", "never says where 'image' is to be made"),
        (GOOD.replace("[convert]", "[other]"), "7:11", "the program is not in needs"),
        (GOOD.replace("each: extra", "each: page"), "7:", "a role that reads files, or an array option"),
        (GOOD.replace("{each: extra}", "./mask.png"), "7:", "the rule's own file is not in needs"),
        (GOOD.replace("{each: extra}", "{when: extra}"), "7:", "{if: expression"),
        (GOOD.replace("[convert]", "[../convert]"), "6:9", "this cannot be a need"),
        (GOOD.replace("{size:", "{image:"), "makes.image", "already names something else"),
        (GOOD.replace("{size:", "{for:"), "options.for", "this cannot be a name"),
        (GOOD + "    call: a.b:c\n", "1:1", "either a command or a call"),
        ("makes: {a: png}\ncall: os.system\n", "4:7: call", "package.module:function"),
        ("makes: {a: png}\ncall: a:b\ntimeout: 3\n", "5:1: timeout", "for commands"),
        ("makes: {a: png}\nversion: 0\ncall: a:b\n", "4:10: version", "1 or more"),
        ("makes: {a: png}\nrule: other\ncall: a:b\n", "4:1: rule", "written twice"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(
    tmp_path: Path, text: str, place: str, message: str
) -> None:
    found = told(tmp_path, text)
    assert place in found
    assert message in found


def test_a_rule_bears_the_name_of_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(ProjectError, match="a rule bears the name of its file"):
        read_rule(path.rename(path.with_name("yours.yaml")))


@pytest.mark.parametrize("content", [b"", b"- a\n", b"rule: [\n", b"\xff\xfe", b"a: &a [*a]\n"])
def test_a_file_that_is_no_rule_is_told_and_not_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=r"broken\.yaml"):
        read_rule(path)


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, "makes: {a: png}\n", "first")
    written(tmp_path, "makes: {a: png}\n", "second")
    with pytest.raises(ProjectError) as caught:
        load_rules(tmp_path / "rules")
    assert {Path(problem.place.file).name for problem in caught.value.problems} == {"first.yaml", "second.yaml"}


def test_a_rule_of_the_project_comes_before_that_of_vbmake(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "pdf-page")
    book = load_rules(tmp_path / "rules")
    assert book.rule("pdf-page").about == "For a test."
    assert load_rules().rule("pdf-page").about != "For a test."
    assert set(book.names) == set(load_rules().names)


def test_an_edited_rule_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert load_rules(path.parent).rule("mine").version == 1
    written(tmp_path, GOOD + "    version: 12\n")
    assert load_rules(path.parent).rule("mine").version == 12


def test_an_unknown_rule_is_told_with_the_nearest_one_at_the_place_that_names_it() -> None:
    with pytest.raises(ProjectError) as caught:
        load_rules().rule("pdf-pag", Place("video.yaml", 7, 3))
    (problem,) = caught.value.problems
    assert str(problem).startswith("video.yaml:7:3: there is no such rule")
    assert "did you mean 'pdf-page'?" in problem.hint
    assert "rules/pdf-pag.yaml" in problem.hint


def test_a_project_without_rules_has_those_of_vbmake(tmp_path: Path) -> None:
    assert load_rules(tmp_path / "rules").names == load_rules().names


def test_rules_of_the_library_are_read_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = written(tmp_path, GOOD, "waveform")
    read: list[str] = []

    def counted(path: Path) -> Rule:
        read.append(path.stem)
        return read_rule(path)

    monkeypatch.setattr(load, "read_rule", counted)
    load._read_once.cache_clear()
    book = load.load_rules(file.parent)
    assert read == ["waveform"], "a rule of the project is read at once: its mistakes are told"
    assert book.rule("waveform").file == file
    assert "film" in book
    assert read == ["waveform"]
    assert (book.rule("film").name, book.rule("film").name, read) == ("film", "film", ["waveform", "film"])
    assert [rule.name for rule in book] == list(book.names) == sorted({path.stem for path in library().iterdir()})
