"""What is said of a word that is no job: the names that are like it, and what is not planned yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from vbmake.doit_plugin.project import FilmProject, projects_of

SHOWN = 3  # names that are told


def alike(word: str, names: Iterable[str]) -> list[str]:
    """The names that hold the word, or that are spelt like it; the likeliest first."""
    known = sorted(names)
    holding = [name for name in known if word.lower() in name.lower()] if word else []
    parts = {name.partition(":")[2] or name: name for name in known}
    spelt = [*get_close_matches(word, known, SHOWN), *(parts[part] for part in get_close_matches(word, parts, SHOWN))]
    return list(dict.fromkeys([*holding, *spelt]))[:SHOWN]


def names_of(tasks: Iterable[Any]) -> set[str]:
    """What tasks may be called by: their names and their targets, but for what is made on the way."""
    found = list(tasks)
    targets = {path for task in found for path in task.targets}
    later = {name for project in projects_of(found) for name in project.sure_names()}
    return later | {task.name for task in found} | {path for path in targets if ".vbmake" not in path.split("/")}


def waiting(projects: Iterable[FilmProject]) -> str:
    """What a plan waits for, where it does: a job may be unknown because it is yet to be planned. "" else."""
    names = [name for project in projects for name in (project.pending_tasks() or project.pending_files())]
    return f"not all is planned yet: {listed(names)} is made first" if names else ""


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
