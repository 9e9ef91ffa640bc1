"""What is told of a rule whose recipe changed: its command, its own files, its version; and of what it says by default.

Rules of a project's own are named by their file. Those that come with vbmake are named as its rules.
"""

from __future__ import annotations

from pathlib import Path

from vbmake.doit_plugin.project import FilmProject
from vbmake.errors import Place
from vbmake.plan.reasons import Reason
from vbmake.plan.types import JobSpec

_OWN = "tools../"  # how the fields of a rule's own files begin
_KEYS = {"version": "version", "tools.command": "command"}  # of a rule file, by the fields of a key that they decide


def told_recipe(project: FilmProject, job: JobSpec, reason: Reason) -> str | None:
    """A reason that tells of a rule's recipe, in words; None for any other."""
    field, old, new = reason
    file = rule_file(project, job)
    subject = file if file is not None else f"vbmake's rule {job.rule}"
    if field == "version":
        return f"{subject}: version {old} -> {new}"
    if field == "tools.command":
        return f"{subject}: the command changed"
    if not field.startswith(_OWN):
        return None
    name = field.removeprefix(_OWN)
    name = f"{file.rpartition('/')[0]}/{name}" if file is not None else f"{subject}: {name}"
    return f"{name} {'is needed now' if old is None else 'is no longer needed' if new is None else 'changed'}"


def recipe_place(project: FilmProject, job: JobSpec, field: str) -> Place | None:
    """Where a rule of the project's own says what a field of the key is made of; None for fields of other things."""
    file = rule_file(project, job)
    return project.provenance.key(file, _KEYS[field]) if file is not None and field in _KEYS else None


def default_place(project: FilmProject, job: JobSpec, option: str) -> Place | None:
    """Where a rule of the project's own says what an option is by default, if the job's place says nothing of it."""
    file = rule_file(project, job)
    if file is None or project.provenance.says(job.place, option) is not False:
        return None
    return project.provenance.key(file, "options", option, "default")


def rule_file(project: FilmProject, job: JobSpec) -> str | None:
    """The file of the job's rule, if it is the project's own."""
    path: Path = getattr(project.workspace.rules.rule(job.rule), "file", Path())
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else None
