"""Do one job by a rule, as a build would: options checked and filled, outputs in a private directory."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from vbmake.errors import MissingTool
from vbmake.rules.command import run_command
from vbmake.rules.load import load_rules, read_rule
from vbmake.rules.model import Rule
from vbmake.rules.tools import tool_identity
from vbmake.rules.work import Work


def shipped(name: str) -> Rule:
    return load_rules().rule(name)


def needing(name: str) -> Rule:
    """A shipped rule all of whose tools are here; else the test is skipped, and says which tool is missing."""
    rule = shipped(name)
    for tool in rule.needs:
        try:
            tool_identity(tool, rule)
        except MissingTool as missing:
            pytest.skip(f"{missing.tool} is not installed")
    return rule


def written(directory: Path, text: str, name: str = "mine") -> Path:
    """A rule file of a project's own: `text`, after its name and what it is about."""
    folder = directory / "rules"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(f"rule: {name}\nabout: For a test.\n{textwrap.dedent(text)}", encoding="utf-8")
    return path


def own(directory: Path, text: str) -> Rule:
    return read_rule(written(directory, text))


def work_for(
    rule: Rule, directory: Path, inputs: Mapping[str, Path | list[Path]], options: Mapping[str, Any], log: list[str]
) -> Work:
    given = {role: tuple(files) if isinstance(files, list) else (files,) for role, files in inputs.items()}
    mistakes = [*rule.check_options(options), *rule.check_inputs({role: len(files) for role, files in given.items()})]
    assert not mistakes, mistakes
    directory.mkdir(parents=True, exist_ok=True)
    outputs = {role: directory / f"{role}.{extension}" for role, extension in rule.makes.items()}
    return Work(rule.fill(options), given, outputs, directory, log=log.append)


def made(rule: Rule, directory: Path, log: list[str] | None = None, /, *, inputs: Any = None, **options: Any) -> Path:
    """The file that the rule makes."""
    work = work_for(rule, directory / "job", inputs or {}, options, log if log is not None else [])
    if rule.call:
        module, _, function = rule.call.partition(":")
        getattr(importlib.import_module(module), function)(work)
    else:
        run_command(rule, work)
    return work.outputs[rule.output]
