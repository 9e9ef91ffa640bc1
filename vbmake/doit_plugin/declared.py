"""Where what differs in a job is declared: in `video.yaml`, in what it includes, and in a project's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vbmake.doit_plugin.project import FilmProject
from vbmake.doit_plugin.recipes import default_place, recipe_place
from vbmake.errors import Place
from vbmake.plan.reasons import Read, Reason
from vbmake.plan.types import JobSpec, Output, Ref

_DECLARED = ("options", "outputs", "take", "rule")  # what follows from a line of the declaration
# By which key the options of the film's own jobs say which file of a role is meant.
_INDICES = {"assets": "asset", "fonts": "font", "sources": "source", "music": "source"}
FEW = 3  # places that are told one by one


class Declared(NamedTuple):
    """A place, the settings there that count ("" for all), and what is to be said of it beside its path."""

    place: Place
    settings: frozenset[str]
    note: str = ""


def declared(project: FilmProject, job: JobSpec, reasons: list[Reason]) -> list[Declared]:
    """Where what differs comes from that the project's own files decide. Few places, or the job's own for many."""
    found: dict[tuple[Place, str], set[str]] = {}
    rules: dict[tuple[Place, str], set[str]] = {}
    anew = [reason for reason in reasons if _is_read_anew(reason)]  # (what changed is followed to the file itself)
    numbers = {_INDICES.get(_role(field)) for field, _, _ in anew}
    paths = []
    for field, _, _ in reasons:
        if (place := recipe_place(project, job, field)) is not None:
            rules[place, ""] = {""}
        elif field.startswith(_DECLARED) and field.rpartition(".")[2] not in numbers:
            paths.append(field.removeprefix("options."))
    for reason in anew:
        ref, role = input_of(job, reason), _role(reason[0])
        if isinstance(ref, Output) and not job.parts:
            made = project.plan.job(ref.job).place
            found.setdefault((made if made.path else job.place, ""), set()).add(role)
        else:
            paths += _readers(job, role, ref)
    for whole in paths:
        path = whole
        while path and path not in job.parts:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        setting = re.match(r"\w*", whole[len(path) :].lstrip("."))
        name = setting[0] if setting else ""
        if path not in job.parts and (place := default_place(project, job, name)) is not None:
            rules[place, f"{job.place} says nothing of {name}"] = {""}
        else:
            found.setdefault((job.parts.get(path, job.place), ""), set()).add(name)
    if len(found) > FEW:
        found = {(job.place, ""): {""}}
    return [Declared(place, frozenset(names), note) for (place, note), names in {**found, **rules}.items()]


def input_of(job: JobSpec, reason: Reason) -> Ref | None:
    """The input of the job that a reason speaks of, when it speaks of one."""
    field, _, new = reason
    name = new.name if isinstance(new, Read) else field.removeprefix("input:") if field.startswith("input:") else None
    return next((ref for ref in job.refs() if ref.name == name), None)


def _role(field: str) -> str:
    """The role that a field of the inputs speaks of."""
    return field.removeprefix("inputs.").partition("[")[0]


def _is_read_anew(reason: Reason) -> bool:
    """Whether it tells of an input that was not read before, is not read any more, or stands elsewhere."""
    _, old, new = reason
    both = isinstance(old, Read) and isinstance(new, Read)
    return old.name != new.name if both else isinstance(old, Read) or isinstance(new, Read)


def _readers(job: JobSpec, role: str, ref: Ref | None) -> list[str]:
    """The paths of the options that say to read a file of a role; where none does, the role itself is said."""
    refs = job.inputs.get(role, ())
    found = list(_naming(job.options, _INDICES[role], refs.index(ref))) if role in _INDICES and ref in refs else []
    return found or [role]


def _naming(value: Any, key: str, index: int, path: str = "") -> Iterator[str]:
    """The paths of the mappings below a value in which a key says this index."""
    if isinstance(value, Mapping):
        if value.get(key) == index:
            yield path
        for name, item in value.items():
            yield from _naming(item, key, index, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _naming(item, key, index, f"{path}[{number}]")
