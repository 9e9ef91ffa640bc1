"""What a film writes, and in which font, is known from its declaration."""

from __future__ import annotations

from tests.plan.films import build, film
from vbmake.plan.types import Bundled, Source
from vbmake.plan.writings import writings
from vbmake.resources import DEFAULT_BOLD, DEFAULT_FONT


def test_texts_stand_in_the_font_of_their_style() -> None:
    layers = [{"text": "plain"}, {"text": "loud", "style": "head"}, {"text": "own", "style": {"font": "display"}}]
    told = writings(
        film(
            fonts={"display": "fonts/display.ttf"},
            styles={"head": {"bold": True, "uppercase": True}},
            scenes=[{"id": "a", "layers": layers}],
            overlays=[{"text": "over"}],
        )
    )
    assert [(one.text, one.font) for one in told] == [
        ("plain", Bundled(DEFAULT_FONT)),
        ("LOUD", Bundled(DEFAULT_BOLD)),
        ("own", Source("fonts/display.ttf")),
        ("over", Bundled(DEFAULT_FONT)),
    ]


def test_what_no_format_shows_is_not_written() -> None:
    layers = [{"text": "nowhere", "only": []}, {"text": "here", "only": ["main"]}]
    assert [one.text for one in writings(film(scenes=[{"id": "a", "layers": layers}]))] == ["here"]


def test_what_is_said_is_written_once_in_each_font_that_burns_it_in() -> None:
    captions = {"look": {"font": "display"}}
    formats = {
        "one": {},
        "two": {},
        "three": {"captions": {"look": {"size": "4%"}}},
        "four": {"captions": {"burn": False}},
    }
    scenes = [{"id": "a", "say": "Hello"}, {"id": "b", "say": "not me", "captions": False}]
    told = writings(film(fonts={"display": "d.ttf"}, captions=captions, formats=formats, scenes=scenes))
    assert [(one.text, one.font, one.captions) for one in told] == [
        ("Hello", Source("d.ttf"), True),
        ("Hello", Bundled(DEFAULT_FONT), True),
    ]


def test_a_plan_that_waits_for_a_voice_knows_what_will_be_written() -> None:
    plan = build(film(scenes=[{"id": "a", "say": "Hello", "layers": [{"text": "Title"}]}]))
    assert plan.pending
    assert [one.text for one in plan.writings] == ["Title"]
