"""The rules that come with vbmake hold together, with the language and with their page in the documentation."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
import yaml

from tests.rules.workshop import own
from vbmake.project.check import keys_of
from vbmake.project.models import MakeLayer, Model, Music, Sound
from vbmake.rules.load import library, load_rules
from vbmake.rules.model import Rule
from vbmake.rules.reference import describe_rules, update

DOCS = Path(__file__).parent.parent.parent / "docs" / "rules.md"
RULES = list(load_rules())
CORE = {
    **{
        "shot": "assets fonts",
        "cut": "assets fonts",
        "still": "assets fonts",
        "stem": "sources",
        "mix": "voice sound music",
    },
    **{"film": "video sound", "gif": "film", "subtitles": "", "timeline": "", "otio": "", "speech": ""},
}
ASKED = {  # their first output, and what they read
    **{"generated-image": ("image", ""), "generated-clip": ("clip", "image"), "generated-voice": ("speech", "")},
    **{"generated-music": ("music", ""), "generated-sound": ("effect", ""), "generated-script": ("script", "")},
    **{"word-times": ("words", "audio times")},
}
LOCAL = {
    *("placeholder-image", "placeholder-clip", "placeholder-sound"),
    *("local-music", "local-music-midi", "local-script"),
}
USEFUL = {
    *("pdf-page", "html-page", "dot-graph", "midi-music", "waveform", "spectrum", "qr-code", "code-block"),
    *("manim-scene", "blender-shot"),
}


def test_the_library_holds_the_pipeline_and_the_useful_rules() -> None:
    assert {rule.name for rule in RULES} == {*CORE, *USEFUL, *ASKED, *LOCAL}
    assert {path.stem for path in library().iterdir()} == {*CORE, *USEFUL, *ASKED, *LOCAL}
    for name, (output, roles) in ASKED.items():
        assert load_rules().rule(name).output == output
        assert set(load_rules().rule(name).reads) == set(roles.split())
    for name, roles in CORE.items():
        assert set(load_rules().rule(name).reads) == set(roles.split())
        assert load_rules().rule(name).output == name


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.call], ids=lambda rule: rule.name)
def test_a_call_names_a_function_that_takes_the_work(rule: Rule) -> None:
    module, _, name = rule.call.partition(":")
    function = getattr(importlib.import_module(module), name)
    assert len(inspect.signature(function).parameters) == 1


@pytest.mark.parametrize("name", sorted(USEFUL))
def test_what_a_rule_is_told_never_bears_the_name_of_what_a_layer_is_told(name: str) -> None:
    rule = load_rules().rule(name)
    models: list[type[Model]] = [Sound, Music] if rule.kind == "audio" else [MakeLayer]
    assert not {*rule.reads, *(rule.options or {})} & set(keys_of(models))


@pytest.mark.parametrize("name", sorted(USEFUL | LOCAL))
def test_every_option_of_a_useful_rule_says_what_it_is(name: str) -> None:
    for option in (load_rules().rule(name).options or {}).values():
        assert option.description.endswith((".", "..."))


def test_the_documentation_is_what_the_rule_files_say() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert update(page, load_rules()) == page, "run: python -m vbmake.rules.reference docs/rules.md"


def test_the_documentation_has_every_rule_and_every_option() -> None:
    text = describe_rules(load_rules())
    for rule in RULES:
        assert f"### {rule.name}\n" in text or f"| `{rule.name}` |" in text
    for name in USEFUL:
        for option in load_rules().rule(name).options or {}:
            assert f"| `{option}` |" in text


def test_the_example_of_an_own_rule_in_the_documentation_is_a_rule(tmp_path: Path) -> None:
    example = DOCS.read_text(encoding="utf-8").split("```yaml\n")[2].split("```")[0]
    parsed = yaml.safe_load(example)
    text = example.split("\n", 2)[2]
    rule = own(tmp_path, text)
    assert rule.makes == parsed["makes"]
    assert rule.fill({}) == {"column": 2, "color": "#ff6347ff"}
