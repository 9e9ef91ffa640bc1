"""Why a job is not current, in words: field by field, and upstream to a line of the declaration or to a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vbmake.doit_plugin.declared import declared, input_of
from vbmake.doit_plugin.project import FilmProject
from vbmake.doit_plugin.recipes import told_recipe
from vbmake.plan.reasons import Read, Reason, differences
from vbmake.plan.types import JobSpec, Output

MANY = 8  # variables, styles and files that are told of one place
SHORT = 60  # characters of a value that one line shows


def brief(project: FilmProject, job: JobSpec, status: Any) -> str:
    """One line: the first reason, and how many more there are. Empty for a job that is current."""
    reasons, instead = _reasons(project, job, status)
    if not reasons:
        return ""
    more = len(reasons) - 1
    rest = "; ".join(part for part in (f"and {more} more" if more else "", instead) if part)
    return _line(project, job, reasons[0]) + (f" ({rest})" if rest else "")


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
            yield f"{pad}  {_line(project, one, reason)}" + (f" ({instead})" if instead else "")
            instead = ""
            ref = input_of(one, reason)
            if isinstance(ref, Output) and ref.job in statuses and ref.job not in seen:
                ahead.append((project.plan.job(ref.job), depth + 1))
        for place, note, origins in declared(project, one, reasons):
            if place is None:
                yield f"{pad}  {note}"
                continue
            words = "; ".join(part for part in (place.path, note) if part)
            yield f"{pad}  declared at {place}" + (f" ({words})" if words else "")
            yield from (f"{pad}    uses {origin.name} ({origin.place})" for origin in origins[:MANY])
            if len(origins) > MANY:
                yield f"{pad}    and {len(origins) - MANY} more"
        stack += reversed(ahead)


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


def _line(project: FilmProject, job: JobSpec, reason: Reason) -> str:
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
    if (recipe := told_recipe(project, job, reason)) is not None:
        return recipe
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


def _layer(layer: Mapping[str, Any]) -> str:
    """A layer or a sound by its kind, with what it says, shows or plays where that is a word."""
    kind = layer["kind"]
    shown = next((one for one in (layer.get(kind), layer.get("source")) if isinstance(one, str)), None)
    return f"{kind} {_value(shown)}" if shown is not None else str(kind)


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping) and isinstance(value.get("kind"), str):
        return _layer(value)
    text = str(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value):
        return text[:12]
    text = re.sub(r"(?<=^sha256 )([0-9a-f]{12})[0-9a-f]{52}$", r"\1", text)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= SHORT else text[: SHORT - 3] + "..."
