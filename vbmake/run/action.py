"""How a rule is carried out, and by which tools: the border between jobs and the rule library."""

from __future__ import annotations

import functools
import importlib
import traceback
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from vbmake.errors import FatalError, JobError, VbmakeError
from vbmake.rules.work import Measures, Work


class RuleBook(Protocol):
    """Rules by name (`vbmake.rules.load.RuleBook` is one)."""

    def rule(self, name: str) -> Any: ...


def identities(rule: Any, given: Collection[str]) -> dict[str, str]:
    """Who the tools of one job are, as they enter its key. Raises MissingTool.

    A rule's own files and its command as written are among them: editing a rule of one's own must remake what it made.
    """
    found: dict[str, str] = {}
    if rule.needs:
        from vbmake.rules.tools import tool_identity  # Jinja and the tables of programs: only for rules that need them

        found = {name: tool_identity(name, rule) for name in rule.tools(given)}
    recipe = rule.recipe()
    return {**found, "command": f"sha256 {recipe}"} if recipe else found


def perform(rule: Any, work: Work) -> Measures:
    """Do the work by the rule's call or command. Raises JobError, whatever goes wrong inside."""
    try:
        if not rule.call:
            from vbmake.rules.command import run_command

            run_command(rule, work)
            return {}
        return _measures(_function(rule)(work))
    except (VbmakeError, OSError):
        raise
    except SystemExit as error:  # of a function that was written as a program
        raise JobError(f"the rule {rule.name} failed: {rule.call} ended with SystemExit({error.code!r})") from None
    except Exception as error:
        for line in traceback.format_exc().splitlines():
            work.log(line)
        raise JobError(f"the rule {rule.name} failed: {type(error).__name__}: {error}") from error


def _function(rule: Any) -> Any:
    module, _, name = rule.call.partition(":")
    try:
        return getattr(_imported(module), name)
    except (ImportError, AttributeError) as error:
        raise FatalError(f"the rule {rule.name} calls {rule.call}, which cannot be used: {error}") from error


_imported = functools.cache(importlib.import_module)


def _measures(found: Any) -> Mapping[str, Mapping[str, Any]]:
    return {role: dict(measure) for role, measure in (found or {}).items()}
