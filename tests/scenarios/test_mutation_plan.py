"""Change any field of the language: exactly the jobs that must be done again get a new key."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios import mutations
from tests.scenarios.fields import fields_that_can_change
from tests.scenarios.mutations import Case, edited
from tests.scenarios.mutations_asked import ASKED
from tests.scenarios.sources import RULE_FILES
from vbmake.plan.build import plan_build
from vbmake.plan.canonical import digest
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.keys import action_key, key_material
from vbmake.plan.types import BuildPlan, JobSpec, Output, Pending
from vbmake.project.models import Film, Project
from vbmake.rules.load import RuleBook, load_rules

CASES = [*mutations.CASES, *ASKED.cases]
FILMS = {**mutations.FILMS, **ASKED.films}
PICTURE = {"kind": "image", "width": 96, "height": 64, "duration": "0", "audio": False}
SOUND = {"kind": "audio", "duration": "1", "audio": True}
CLIP = {"kind": "video", "width": 64, "height": 48, "duration": "2", "frames": 60, "fps": "30", "audio": False}
MEASURES = {".jpg": PICTURE, ".png": PICTURE, ".wav": SOUND, ".flac": SOUND, ".mp4": CLIP}


def measure(item: Pending, plan: BuildPlan) -> dict[str, Any]:
    """What would be measured: of a voice by its words and speed, of other files by their extension."""
    if not isinstance(item.ref, Output):
        return {**MEASURES[Path(item.ref.name).suffix], "audio": item.ref.name not in ("clip.mp4", "other.mp4")}
    job = plan.job(item.ref.job)
    if job.rule == "speech":
        words = job.options["text"].split()
        step = 60 * 48000 // job.options["speed"]
        times = [{"text": word, "start": n * step, "end": (n + 1) * step - 2000} for n, word in enumerate(words)]
        return {"samples": step * len(words), "rate": 48000, "words": times}
    if job.rule in ("generated-script", "local-script"):
        scenes = [
            {"title": word, "say": f"{word} two", "picture": f"a {word}", "heading": ""} for word in ("One", "Two")
        ]
        return {"script": {"title": "A script", "language": "en", "scenes": scenes}}
    if job.rule == "generated-voice":
        return {"samples": 96000, "rate": 48000}
    if job.rule == "word-times":
        words = job.options["prompt"].split()
        return {"words": [{"text": word, "start": n * 20000, "end": n * 20000 + 9000} for n, word in enumerate(words)]}
    return {**MEASURES[Path(job.outputs[item.ref.role]).suffix], "audio": True}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleBook:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in RULE_FILES.items():
        (folder / f"{name}.yaml").write_text(text)
    return load_rules(folder)


def keys_of(declaration: Mapping[str, Any], rules: RuleBook) -> dict[str, str]:
    """The key of every job, where each file's content is its name, and each output's the key of its job."""
    project = Project(root=".", films=(Film.model_validate(declaration),))
    measures: dict[str, Any] = {}
    plan = plan_build(BuildInputs(project, rules, measures))
    while plan.pending:
        measures |= {item.ref.name: measure(item, plan) for item in plan.pending}
        plan = plan_build(BuildInputs(project, rules, measures))
    keys: dict[str, str] = {}
    for job in plan.jobs:
        keys[job.id] = action_key(key_material(job, rules.rule(job.rule), _contents(job, keys), {}))
    return keys


def _contents(job: JobSpec, keys: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        role: [digest([keys[ref.job], ref.role] if isinstance(ref, Output) else [ref.name]) for ref in refs]
        for role, refs in job.inputs.items()
    }


def matching(jobs: Collection[str], patterns: Collection[str]) -> set[str]:
    """The jobs that any of the patterns names."""
    return {job for job in jobs if any(fnmatchcase(job, pattern) for pattern in patterns)}


@pytest.fixture(scope="module")
def keys_before(rules: RuleBook) -> Any:
    @functools.cache
    def keys(film: str) -> dict[str, str]:
        return keys_of(FILMS[film], rules)

    return keys


def test_every_field_of_the_language_has_a_case() -> None:
    assert fields_that_can_change() == {case.field for case in CASES}


def test_every_job_of_a_case_is_named_once() -> None:
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_field_changes_the_keys_of(case: Case, rules: RuleBook, keys_before: Any) -> None:
    before = keys_before(case.film)
    after = keys_of(edited(FILMS[case.film], case.path, case.value), rules)
    known = set(before.values())
    new = {job for job, key in after.items() if key not in known}
    must, may = matching(new, case.changes), matching(new, case.changes | case.maybe)
    assert new == may, f"done again without need: {sorted(new - may)}"
    missed = {pattern for pattern in case.changes if not matching(must, [pattern])}
    assert not missed, f"not done again: {sorted(missed)}"


def test_the_order_of_keys_says_nothing(rules: RuleBook) -> None:
    for name, declaration in FILMS.items():
        turned = json.loads(json.dumps(declaration), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        assert keys_of(turned, rules) == keys_of(declaration, rules), name
