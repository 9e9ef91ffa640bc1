"""Expressions: values, the sandbox, and runaways that are refused before they run away."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbmake.document.node import WrittenFloat, WrittenInt
from vbmake.project.template import TemplateError, Templates

SCOPE: dict[str, Any] = {
    "city": "Alexandria",
    "row": {"n": WrittenInt(3, "3"), "price": WrittenFloat(2.5, "2.50"), "items": "oars", "title": "The Sea!"},
    "rows": [{"a": 1}, {"a": 2}],
    "flag": True,
    "nothing": None,
    "big": "x" * 90_000,
}


def value(text: str) -> Any:
    return Templates().evaluate(text, SCOPE)


def refused(text: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        value(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no expression {# here #} 100%", "no expression {# here #} 100%"),
        ("{{ city }}", "Alexandria"),
        ("in {{ city }}\n", "in Alexandria\n"),
        ("{{ row.n }}", 3),
        ("{{ row.n * 2 + 1 }}", 7),
        ("for {{ row.price }}", "for 2.50"),
        ("{{ row.items }}", "oars"),
        ("{{ row['title'] | slug }}-{{ 7 | pad(3) }}", "the-sea-007"),
        ("{{ rows }}", [{"a": 1}, {"a": 2}]),
        ("{{ rows | map('a') | join('-') }}", "1-2"),
        ("{{ rows | selectattr('a', 'gt', 1) | list }}", [{"a": 2}]),
        ("{{ flag }}", True),
        ("is {{ flag }}", "is true"),
        ("{{ nothing }}", None),
        ("a{{ nothing }}b", "ab"),
        ("{{ missing | default('none') }}", "none"),
        ("{% if row.n > 2 %}many{% else %}few{% endif %}", "many"),
        ("{{ 'many' if row.n > 2 else 'few' }}", "many"),
        ("{{ city ~ 1 ~ row.price }}", "Alexandria12.50"),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ 2.567 | round(1) }}", 2.6),
        ("{{ '3' | number + 1 }}", 4),
        ("{{ '{{' }}", "{{"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ city.upper() }}", "ALEXANDRIA"),
    ],
)
def test_expressions_give_values(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_an_undefined_name_is_told_with_the_nearest_and_with_what_there_is() -> None:
    error = refused("{{ citty }}")
    assert "citty is not defined" in str(error)
    assert "did you mean city?" in error.hint
    error = refused("{{ row.titel }}")
    assert "titel" in str(error)
    assert "did you mean title?" in error.hint
    assert "price" in error.allowed


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ city.__class__ }}",
        "{{ row.get.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ cycler.__init__ }}",
        "{{ self }}",
        "{{ lipsum() }}",
        "{% include 'video.yaml' %}",
        "{% import 'os' as os %}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ rows.append(1) }}",
        "{{ row.update({}) }}",
        "{{ rows | map('upper') }}",
    ],
)
def test_nothing_leads_out_of_the_sandbox(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(9) %}x{% endfor %}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 'x' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ range(1000000000000) }}",
        "{{ range(" + "9" * 40 + ") }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ 'x' | indent(1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 7 | pad(1000000000) }}",
        "{{ 1 | round(-1000000000) }}",
        "{{ big ~ big }}",
        "{{ big + big }}",
        "{{ big }}{{ big }}",
        "{{ big | replace('x', 'xxxx') }}",
        "{{ big | list | join(big) }}",
        "{{ [" + "big | list, " * 1000 + "] | length }}",
        "{{ [" + "range(9999), " * 1000 + "] | length }}",
        "{{ [" + "big[1:], " * 1000 + "] | length }}",
        "{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}",
        "{{ " + "-" * 5000 + "1 }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ 9e307 * 1000 }}",
        "{{ x }}" * 10_000,
    ],
)
def test_what_runs_away_is_refused(text: str) -> None:
    refused(text)


def test_variables_made_of_variables_cannot_explode() -> None:
    templates = Templates()
    scope: dict[str, Any] = {"v": ["x"] * 10}

    def tenfold(times: int) -> None:
        for _ in range(times):
            scope["v"] = templates.evaluate("{{ [" + "v, " * 10 + "] }}", scope)

    tenfold(3)
    with pytest.raises(TemplateError, match="too much"):
        tenfold(9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 'a'", "no expression"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 + 'a' }}", "two numbers, two texts"),
        ("a {{ rows }}", "a list cannot stand inside a text"),
        ("100{% off", "unknown tag"),
        ("{{ rows[7] }}", "list of 2"),
        ("{{ row.get }}", "no value"),
    ],
)
def test_a_wrong_expression_is_told_in_words(text: str, words: str) -> None:
    assert words in str(refused(text))


def test_a_misspelt_filter_is_told_with_the_nearest() -> None:
    assert "did you mean upper?" in refused("{{ city | uper }}").hint


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="{}% ()[]|.'\"+-*/~abcity1,:rowsn", max_size=40))
def test_any_text_gives_a_value_or_a_told_mistake(text: str) -> None:
    with contextlib.suppress(TemplateError):
        Templates().evaluate("{{" + text + "}}", SCOPE)
