"""Why a job is not current, in words: field by field, and upstream to a line of the declaration or to a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vbmake.doit_plugin.project import FilmProject
from vbmake.errors import Place
from vbmake.plan.reasons import Read, Reason, differences
from vbmake.plan.types import JobSpec, Output, Ref

_DECLARED = ("options", "outputs", "take", "rule")  # what follows from a line of the declaration
# By which key the options of the film's own jobs say which file of a role is meant.
_INDICES = {"assets": "asset", "fonts": "font", "sources": "source", "music": "source"}
FEW = 3  # places that are told one by one
MANY = 8  # variables, styles and files that are told of one place
SHORT = 60  # characters of a value that one line shows


def brief(project: FilmProject, job: JobSpec, status: Any) -> str:
    """One line: the first reason, and how many more there are. Empty for a job that is current."""
    reasons, instead = _reasons(project, job, status)
    if not reasons:
        return ""
    more = len(reasons) - 1
    rest = "; ".join(part for part in (f"and {more} more" if more else "", instead) if part)
    return _line(job, reasons[0]) + (f" ({rest})" if rest else "")


def follow(project: FilmProject, statuses: Mapping[str, Any], job: JobSpec) -> Iterator[str]:
    """Every reason of a job, one a line, each input that another job makes followed by that job's own reasons."""
    seen: set[str] = set()
    stack: list[tuple[JobSpec, int]] = [(job, 0)]
    while stack:
        one, depth = stack.pop()
        pad = "  " * depth
        status = statuses[one.id]
        if one.id in seen:
            yield f"{pad}{project.name(one.id)}: told above"
            continue
        seen.add(one.id)
        yield f"{pad}{project.name(one.id)}: {_state(status, project, one)}"
        ahead = []
        reasons, instead = _reasons(project, one, status)
        for reason in [*reasons, *_more(one, status, statuses)]:
            yield f"{pad}  {_line(one, reason)}" + (f" ({instead})" if instead else "")
            instead = ""
            ref = _ref(one, reason)
            if isinstance(ref, Output) and ref.job in statuses and ref.job not in seen:
                ahead.append((project.plan.job(ref.job), depth + 1))
        declared = _places(project, one, reasons)
        for place, settings in declared.items():
            yield f"{pad}  declared at {place}" + (f" ({place.path})" if place.path else "")
            origins = project.provenance.of(place, settings) if place.path else []  # (all stands behind the whole film)
            yield from (f"{pad}    uses {origin.name} ({origin.place})" for origin in origins[:MANY])
            if len(origins) > MANY:
                yield f"{pad}    and {len(origins) - MANY} more"
        stack += reversed(ahead)


def _places(project: FilmProject, job: JobSpec, reasons: list[Reason]) -> dict[Place, set[str]]:
    """Where what differs comes from that the declaration decides, with the settings there that it is of.

    Few places, or the job's own for many.
    """
    found: dict[Place, set[str]] = {}
    anew = [reason for reason in reasons if _is_read_anew(reason)]  # (what changed is followed to the file itself)
    numbers = {_INDICES.get(_role(field)) for field, _, _ in anew}
    paths = [
        field.removeprefix("options.")
        for field, _, _ in reasons
        if field.startswith(_DECLARED) and field.rpartition(".")[2] not in numbers
    ]
    for reason in anew:
        ref, role = _ref(job, reason), _role(reason[0])
        if isinstance(ref, Output) and not job.parts:
            made = project.plan.job(ref.job).place
            found.setdefault(made if made.path else job.place, set()).add(role)
        else:
            paths += _readers(job, role, ref)
    for whole in paths:
        path = whole
        while path and path not in job.parts:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        setting = re.match(r"\w*", whole[len(path) :].lstrip("."))
        found.setdefault(job.parts.get(path, job.place), set()).add(setting[0] if setting else "")
    return found if len(found) <= FEW else {job.place: set()}


def _reasons(project: FilmProject, job: JobSpec, status: Any) -> tuple[list[Reason], str]:
    """Why a job is not current; where it is new, how it differs from the one that it replaces, and that one's name."""
    given = list(status.reasons)
    if status.material is None or not given or given[0][:2] != ("tag", None):
        return given, ""
    tag = project.replaced.get(job.id)
    if tag is None:
        return given, ""
    found = differences(tag, job, status.material)
    if tag.material.get("rule") != job.rule:  # every rule has options of its own: only what was written is compared
        found = [reason for reason in found if reason[0] in ("rule", "options.prompt")]
    return found or given, f"it replaces {project.name(tag.job)}"


def _more(job: JobSpec, status: Any, statuses: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The other inputs that are made first: a status tells only of the one that keeps the key from being known."""
    if status.state != "maybe":
        return []
    told = {reason[0] for reason in status.reasons}
    names = [ref.name for ref in job.refs() if isinstance(ref, Output) and statuses[ref.job].state in ("run", "maybe")]
    fields = dict.fromkeys(f"input:{name}" for name in names)
    return [(field, None, "is made first") for field in fields if field not in told]


def _state(status: Any, project: FilmProject, job: JobSpec) -> str:
    if status.state != "current":
        words = {"run": "must run", "fetch": "comes from the cache", "maybe": "may have to run"}
        return words[status.state]
    tag = project.workspace.tag(job.id)
    return f"current, {tag.how} {tag.when}" if tag is not None else "current"


def _line(job: JobSpec, reason: tuple[str, Any, Any]) -> str:
    field, old, new = reason
    if field in ("tag", "plan"):
        return str(new)
    if field.startswith("input:"):
        return f"input {field.removeprefix('input:')}: {new}"
    if field.startswith("output:"):
        path = job.outputs.get(field.removeprefix("output:"), "")
        return f"{path} was moved from {old}" if old and "/" in str(old) else f"{path} is {new}"
    if isinstance(old, Read) or isinstance(new, Read):
        return _read(field, old, new)
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > SHORT:
        old, new = _differing(old, new)
    return f"{field}: {_value(old)} -> {_value(new)}"


def _differing(old: str, new: str) -> tuple[str, str]:
    """Two long texts from shortly before the word in which they begin to differ."""
    same = next((index for index, pair in enumerate(zip(old, new, strict=False)) if len(set(pair)) > 1), 0)
    begin = old.rfind(" ", 0, max(0, same - SHORT // 4)) + 1
    return (f"...{old[begin:]}", f"...{new[begin:]}") if begin else (old, new)


def _read(field: str, old: Read | None, new: Read | None) -> str:
    """How what is read differs."""
    if old is None or new is None:
        one = old or new
        assert one is not None
        name = one.name or _value(one.sha256)
        return f"input {name} added" if old is None else f"input {name} is no longer read"
    if not field.endswith("]"):
        return f"the order of the inputs changed: {new.name} comes before {old.name} now"
    if not old.name:  # recorded by an earlier version
        return f"input {new.name} differs: {_value(old.sha256)} -> {_value(new.sha256)}"
    if old.name != new.name:
        return f"input {old.name} replaced by {new.name}"
    return f"input {new.name} changed: {_value(old.sha256)} -> {_value(new.sha256)}"


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


def _ref(job: JobSpec, reason: Reason) -> Ref | None:
    """The input of the job that a reason speaks of, when it speaks of one."""
    field, _, new = reason
    name = new.name if isinstance(new, Read) else field.removeprefix("input:") if field.startswith("input:") else None
    return next((ref for ref in job.refs() if ref.name == name), None)


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return text[:12]
    text = repr(value) if isinstance(value, str) else text
    return text if len(text) <= SHORT else text[: SHORT - 3] + "..."
