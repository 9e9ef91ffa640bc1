"""What stands behind a part of a declaration: variables, styles, voices, fonts and data files."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbmake.errors import Place
from vbmake.project.provenance import Provenance

DECLARATION = """\
vbmake: 1
name: weather
include: house.yaml
data: {cities: cities.csv, "other": other.csv}
films: {for: {city: "{{ data.cities }}"}, name: "{{ city.name }}"}
vars:
  place: "{{ city.name }}"
  days: [Monday, Tuesday]
  first: "{{ vars.days[0] }}"
  unused: 1
styles:
  title: {like: plain, color: "{{ ink }}"}
  plain: {size: 5%}
scenes:
  - id: one
    say: "Hello {{ place | upper }}"
    layers:
      - {text: "{{ first }}", style: title}
      - for: {day: "{{ days }}", other: "{{ data['other'] }}"}
        text: "{{ day }} {% if other.here %}here{% endif %}"
        style: {like: plain}
      - {text: plain words}
"""


@pytest.fixture
def provenance(tmp_path: Path) -> Provenance:
    (tmp_path / "video.yaml").write_text(DECLARATION)
    (tmp_path / "house.yaml").write_text('vars: {ink: "#112233"}\n')
    return Provenance(tmp_path, "video.yaml")


def place(text: str) -> Place:
    """Where a text begins that is in the declaration once."""
    before = DECLARATION[: DECLARATION.index(text)]
    return Place("video.yaml", before.count("\n") + 1, len(before) - before.rfind("\n"))


def told(provenance: Provenance, text: str, *settings: str) -> list[str]:
    return [f"{origin.name} {origin.place}" for origin in provenance.of(place(text), settings)]


def test_a_variable_is_followed_to_what_it_is_made_of(provenance: Provenance) -> None:
    assert told(provenance, '"Hello') == ["vars.place video.yaml:7:3", "data.cities cities.csv"]


def test_of_a_layer_only_the_setting_that_is_asked_for_is_followed(provenance: Provenance) -> None:
    layer = '{text: "{{ first'
    assert told(provenance, layer, "text") == ["vars.first video.yaml:9:3", "vars.days video.yaml:8:3"]
    style = ["styles.title video.yaml:12:3", "styles.plain video.yaml:13:3", "vars.ink house.yaml:1:8"]
    assert told(provenance, layer, "style") == style
    assert told(provenance, layer, "x") == []
    assert told(provenance, layer, "x", "") == told(provenance, layer) != []


def test_the_names_of_a_loop_are_followed_to_its_lists(provenance: Provenance) -> None:
    layer = 'for: {day: "{{ days'
    assert told(provenance, layer, "text") == ["vars.days video.yaml:8:3", "data.other other.csv"]
    assert told(provenance, layer, "style") == ["styles.plain video.yaml:13:3"]


def test_behind_plain_words_there_is_nothing(provenance: Provenance) -> None:
    assert told(provenance, "{text: plain") == []
    assert provenance.of(Place("video.yaml", 99, 1)) == []
    assert provenance.of(Place("gone.yaml", 1, 1)) == []


def test_variables_that_name_each_other_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "video.yaml").write_text('vars: {a: "{{ b }}", b: "{{ a }}"}\ntitle: "{{ a }}"\n')
    found = Provenance(tmp_path, "video.yaml").of(Place("video.yaml", 2, 8))
    assert [origin.name for origin in found] == ["vars.a", "vars.b"]
