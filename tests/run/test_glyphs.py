"""A character that its font cannot draw is told when the film is planned: where it stands, and all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbmake.errors import ProjectError
from vbmake.render import fonts
from vbmake.run.workspace import Workspace

VIDEO = """vbmake: 1
size: 64x36
captions: {style: phrase}
scenes:
  - id: one
    layers:
      - text: This can be drawn.
      - {text: 日本 and this}
  - id: two
    say: Good night 🌙
    layers:
      - {text: 日本 again, style: {bold: true}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "project"
    root.mkdir()
    return root


def plan(root: Path, declaration: str) -> None:
    (root / "video.yaml").write_text(declaration, "utf-8")
    with Workspace.open(root) as workspace:
        workspace.plan()


def test_every_missing_glyph_is_told_with_the_place_of_its_text(project: Path) -> None:
    with pytest.raises(ProjectError) as raised:
        plan(project, VIDEO)
    problems = raised.value.problems
    assert [(one.place.line, one.place.column, one.place.path) for one in problems] == [
        (8, 9, "scenes[0].layers[1]"),
        (10, 10, "scenes[1].say"),
        (12, 9, "scenes[1].layers[0]"),
    ]
    assert [mark in one.message for one, mark in zip(problems, "日🌙日", strict=True)] == [True] * 3
    assert ["Bold" in one.found for one in problems] == [False, True, True]


def test_a_damaged_font_is_told_once(project: Path) -> None:
    (project / "bad.ttf").write_bytes(b"no font at all")
    layers = "[{text: a, style: {font: bad}}, {text: b, style: {font: bad}}]"
    with pytest.raises(ProjectError, match=r"bad\.ttf cannot be used as a font") as raised:
        plan(project, f"vbmake: 1\nfonts: {{bad: bad.ttf}}\nscenes:\n  - {{id: a, layers: {layers}}}\n")
    assert [problem.place.line for problem in raised.value.problems] == [4]


def test_a_font_is_read_only_for_characters_that_are_new(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawable = VIDEO.replace("日本", "Nippon").replace("🌙", "moon")
    plan(project, drawable)
    asked: list[str] = []
    check = fonts.missing_glyphs
    monkeypatch.setattr(fonts, "missing_glyphs", lambda text, path: asked.append(text) or check(text, path))
    plan(project, drawable)
    assert asked == []
    plan(project, drawable.replace("Good night", "Good thing"))
    assert asked == [], "every letter was drawn before"
    plan(project, drawable.replace("Good night", "Good n\u00ef\u0067ht"))
    assert asked == ["Good n\u00efght moon"]
    plan(project, drawable.replace("Good night", "Good ni\u0308ght"))
    assert asked == ["Good n\u00efght moon"], "composed, it is the same letter"
