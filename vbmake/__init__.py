"""vbmake: make for video. Films declared in YAML, planned as jobs, built incrementally.

    project = load_project("video.yaml")
    plan = plan_build(BuildInputs(project, rules, measures))
    result = run_build("video.yaml")

Names are imported when they are first used: a build with nothing to do must not pay for what it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbmake.errors import (
        FatalError,
        JobError,
        MissingTool,
        Place,
        Problem,
        ProjectError,
        RetryableError,
        VbmakeError,
        WorkspaceError,
    )
    from vbmake.plan.build import plan_build
    from vbmake.plan.dirty import mark_dirty
    from vbmake.plan.inputs import BuildInputs
    from vbmake.plan.timeline import Timeline, assemble_timeline
    from vbmake.plan.types import BuildPlan, JobSpec, Tag
    from vbmake.project.load import load_project
    from vbmake.project.models import Project
    from vbmake.rules.load import RuleBook, load_rules
    from vbmake.run.build import BuildResult, run_build
    from vbmake.run.executor import Executor
    from vbmake.storage.local import LocalStorage
    from vbmake.storage.protocol import Storage
    from vbmake.storage.s3 import S3Storage

_HOMES = {
    "vbmake.errors": (
        "FatalError",
        "JobError",
        "MissingTool",
        "Place",
        "Problem",
        "ProjectError",
        "RetryableError",
        "VbmakeError",
        "WorkspaceError",
    ),
    "vbmake.plan.build": ("plan_build",),
    "vbmake.plan.dirty": ("mark_dirty",),
    "vbmake.plan.inputs": ("BuildInputs",),
    "vbmake.plan.timeline": ("Timeline", "assemble_timeline"),
    "vbmake.plan.types": ("BuildPlan", "JobSpec", "Tag"),
    "vbmake.project.load": ("load_project",),
    "vbmake.project.models": ("Project",),
    "vbmake.rules.load": ("RuleBook", "load_rules"),
    "vbmake.run.build": ("BuildResult", "run_build"),
    "vbmake.run.executor": ("Executor",),
    "vbmake.storage.local": ("LocalStorage",),
    "vbmake.storage.protocol": ("Storage",),
    "vbmake.storage.s3": ("S3Storage",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "BuildInputs",
    "BuildPlan",
    "BuildResult",
    "Executor",
    "FatalError",
    "JobError",
    "JobSpec",
    "LocalStorage",
    "MissingTool",
    "Place",
    "Problem",
    "Project",
    "ProjectError",
    "RetryableError",
    "RuleBook",
    "S3Storage",
    "Storage",
    "Tag",
    "Timeline",
    "VbmakeError",
    "WorkspaceError",
    "assemble_timeline",
    "load_project",
    "load_rules",
    "mark_dirty",
    "plan_build",
    "run_build",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vbmake' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
