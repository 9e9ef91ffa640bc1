"""Everything a plan is made from. The same inputs give the same plan, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from vbmake.plan.types import Ref
from vbmake.project.models import Project

Measure = Mapping[str, Any]


class PlannedRule(Protocol):
    """What the planner needs of a rule."""

    @property
    def reads(self) -> Mapping[str, Any]: ...
    @property
    def makes(self) -> Mapping[str, str]: ...
    @property
    def pool(self) -> str: ...
    @property
    def version(self) -> int: ...
    def fill(self, options: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Rules(Protocol):
    """What the planner needs of the rule library."""

    def rule(self, name: str) -> PlannedRule: ...


@dataclass(frozen=True)
class BuildInputs:
    """A project, the rules, and what has been measured so far: facts of sources and of outputs, by `Ref.name`."""

    project: Project
    rules: Rules
    measures: Mapping[str, Measure] = field(default_factory=dict)

    def measure(self, ref: Ref) -> Measure | None:
        """What was measured of a file, or None as long as nothing was."""
        return self.measures.get(ref.name)
