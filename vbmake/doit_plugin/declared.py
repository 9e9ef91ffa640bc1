"""Where what differs in a job is declared: in `video.yaml`, in what it includes, and in a project's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vbmake.doit_plugin.project import FilmProject
from vbmake.doit_plugin.recipes import default_place, recipe_place
from vbmake.errors import Place
from vbmake.plan.reasons import Read, Reason
from vbmake.plan.types import Deciders, JobSpec, Output, Ref
from vbmake.project.provenance import Origin

_DECLARED = ("options", "outputs", "take", "rule")  # what follows from a line of the declaration
# By which key the options of the film's own jobs say which file of a role is meant.
_INDICES = {"assets": "asset", "fonts": "font", "sources": "source", "music": "source"}
# What options are written as, where that is something else ("" for anything).
_WRITTEN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("x", "y"), ("at", "margin")),
    **dict.fromkeys(("asset", "source", "kind"), ("",)),
    "origin": ("at", "origin"),
    "pieces": ("trim", "speed", "freeze", "loop", "reverse"),
    "from": ("trim", "start"),
    "to": ("trim",),
    "end": ("until",),
    "samples": ("duration", "trim"),
}
_PLAYED = ("video", "source")  # what may decide how long a scene lasts
_NONE = "-"  # a setting that stands nowhere
_LAYER = re.compile(r"(?P<name>layers|over)(\[(?P<index>\d+)\](?P<rest>.*))?")  # without an index: of one that is gone
_SEGMENT = re.compile(r"segments\[(\d+)\]")
_SCALE = re.compile(r"(timeline\.)?(width|height|size(\[\d\])?|fps)")
_SCENE = re.compile(r"timeline\.scenes\[\d+\]")
_LENGTH = re.compile(r"frames|timeline\.scenes\[\d+\]\.(frames|transition(\.frames)?)")
_TIME = re.compile(
    r"\b(show|frames|pieces|samples|start|end|at|segments|chapters|cues|animate|enter|leave|voice|sound)\b"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?(/\d+)?")
FEW = 3  # places that are told one by one


class Declared(NamedTuple):
    """A place, or None for what is not written; what is to be said of it beside its path; what stands behind it."""

    place: Place | None
    note: str = ""
    origins: tuple[Origin, ...] = ()


def declared(project: FilmProject, job: JobSpec, reasons: list[Reason]) -> list[Declared]:
    """Where what differs comes from that the project's own files decide. Few places, or the job's own for many."""
    found = _Found(project, job)
    anew = [reason for reason in reasons if _is_read_anew(reason)]  # (what changed is followed to the file itself)
    for reason in anew:
        found.read(_role(reason[0]), input_of(job, reason), stays=isinstance(reason[1], Read) and reason[0][-1] != "]")
    options = []
    numbers = {_INDICES.get(_role(field), _role(field)) for field, _, _ in anew}
    for field, old, new in reasons:
        if (place := recipe_place(project, job, field)) is not None:
            found.decided[Declared(place)] = None
        elif field.startswith(_DECLARED) and field.rpartition(".")[2] not in numbers:
            options.append((field.removeprefix("options."), old, new))
    for reason in _leading(options, shifted="video" in numbers):
        found.option(reason)
    return found.told()


class _Found:
    """The places of one job: those that settings of the film decide, and with `own` those of the job and its parts."""

    def __init__(self, project: FilmProject, job: JobSpec) -> None:
        self._project = project
        self._job = job
        self.decided: dict[Declared, None] = {}
        self._own: dict[Place, set[str]] = {}

    def own(self, place: Place, *settings: str) -> None:
        """Add a place of the declaration, where these settings count ("" for all)."""
        self._own.setdefault(place, set()).update(settings or (_NONE,))

    def read(self, role: str, ref: Ref | None, *, stays: bool) -> None:
        """Add who says to read an input: one that is new, is gone (None), or `stays` and stands elsewhere now."""
        job = self._job
        if role in _INDICES:
            for path in _readers(job, role, ref):
                self.option((path, None, None))
        elif "" in job.settings and (ref is None or stays):
            self._follow(job, job.place, job.settings[""])
        elif isinstance(ref, Output):
            place = self._project.plan.job(ref.job).place
            self.own(place if place.path else job.place)
        else:
            self.own(job.place, role)

    def option(self, reason: Reason) -> None:
        """Add who decides an option."""
        job, (path, old, new) = self._job, reason
        if (
            old is not None and new is None and path.endswith("]")
        ):  # it is gone, and at its index may stand another: the list tells it
            path = path[: path.rfind("[")]
        if (segment := _SEGMENT.fullmatch(path)) is not None and int(segment[1]) < len(job.inputs.get("video", ())):
            ref = job.inputs["video"][int(segment[1])]
            if isinstance(ref, Output):  # it is as long as that shot or cut
                job, path = self._project.plan.job(ref.job), "frames"
        if job.rule == "still" and "frames" in job.settings and _is_of_a_moment(reason):
            self._follow(job, job.place, job.settings["frames"])
        part = _longest(path, job.parts)
        base = job.parts[part] if part is not None else job.place
        name = _as_captions(job, path, old)
        setting = _longest(name, job.settings)
        if setting is not None and (name != path or len(setting) > len(part or "")):
            self._follow(job, base, job.settings[setting])
            return
        match = re.match(r"\w*", path[len(part or "") :].lstrip("."))
        option = match[0] if match else ""
        if part is not None:
            self.own(base, *_WRITTEN.get(option, (option,)))
        elif (place := default_place(self._project, job, option)) is not None:
            self.decided[Declared(place, f"{job.place} says nothing of {option}")] = None
        elif "" in job.settings:
            self._follow(job, base, job.settings[""])
        else:
            self.own(base, option)

    def told(self) -> list[Declared]:
        """Few places, each with what stands behind it; of many the job's own, and those of settings."""
        provenance, job = self._project.provenance, self._job
        own = [Declared(place, "", tuple(provenance.of(place, names))) for place, names in self._own.items()]
        if len(own) + len(self.decided) > FEW:
            behind = dict.fromkeys(origin for one in own for origin in one.origins)
            own = [Declared(job.place, "", tuple(behind))] if own else []
            if own and "" in job.settings:
                own = []
                self._follow(job, job.place, job.settings[""])
        return [*own, *self.decided] if len(self.decided) <= FEW else [*own, *list(self.decided)[:FEW]]

    def _follow(self, job: JobSpec, base: Place, deciders: Deciders) -> None:
        """Add the settings that decide an option of a job: of each choice the first that is written."""
        provenance = self._project.provenance
        choices = [
            next(
                ((one.key, found) for one in choice if (found := provenance.written(one.place or base, one.key))), None
            )
            for choice in deciders
        ]
        for key, written in filter(None, choices):
            last = key.rpartition(".")[2]
            note = f"as long as {written.text}" if last in _PLAYED and written.text else ""
            origins = provenance.of(written.mapping, {last}) if last != "scenes" else ()  # (behind it all stands)
            self.decided[Declared(written.place, note, tuple(origins))] = None
        if not any(choices):
            key = deciders[0][-1].key
            self.decided[Declared(None, f"{key} is not written: its default counts")] = None


def _leading(options: list[Reason], *, shifted: bool) -> list[Reason]:
    """The options without those that follow from others: numbers in px from the size, times from lengths.

    `shifted` tells that other shots are shown, so that the lengths of shots say nothing of any one.
    """
    paths = {path for path, _, _ in options}
    if any(_SCALE.fullmatch(path) for path in paths):
        return [one for one in options if _SCALE.fullmatch(one[0]) or not _is_number(one[1], one[2])]
    if any(_SCENE.fullmatch(path) and None in values for path, *values in options):  # scenes came or went
        return [one for one in options if not _LENGTH.fullmatch(one[0]) and not _is_a_time(*one)]
    segments = {path for path in paths if _SEGMENT.fullmatch(path)}
    lengths = segments or {path for path in paths if _LENGTH.fullmatch(path)}
    if not lengths and not shifted:
        return options
    leading = lengths if not shifted else set()
    return [one for one in options if one[0] in leading or not _is_a_time(*one)]


def _is_a_time(path: str, *values: Any) -> bool:
    return _TIME.search(path) is not None and _is_number(*values)


def _is_number(*values: Any) -> bool:
    """Whether all of these are numbers, lists of numbers, or nothing."""
    return all(
        _is_number(*value)
        if isinstance(value, list | tuple)
        else isinstance(value, int | float | None) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)
        for value in values
    )


def _is_of_a_moment(reason: Reason) -> bool:
    """Whether it may differ because another frame is shown."""
    path, old, new = reason
    return path.startswith("layers") and (
        isinstance(old, Mapping) or isinstance(new, Mapping) or bool(_TIME.search(path))
    )


def _longest(path: str, known: Mapping[str, Any]) -> str | None:
    """The path itself, or the nearest around it, that is known."""
    while path and path not in known:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return path or None


def _as_captions(job: JobSpec, path: str, old: Any) -> str:
    """The path of an option of burned-in captions as if they were no layer; that of any other as it is."""
    match = _LAYER.fullmatch(path)
    if match is None:
        return path
    layers = job.options.get(match["name"], ())
    index = match["index"]
    layer = layers[int(index)] if index is not None and int(index) < len(layers) else old
    return f"captions{match['rest'] or ''}" if isinstance(layer, Mapping) and layer.get("kind") == "captions" else path


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
