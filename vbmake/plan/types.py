"""The data of a plan: jobs, what they read and make, and what is still unknown. Frozen, comparable, JSON-ready."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vbmake.errors import Place
from vbmake.plan.canonical import plain, plain_json, ready


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A file of the user's, by its project-relative POSIX path."""

    path: str

    @property
    def name(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True, order=True)
class Bundled:
    """A file that ships with vbmake (the default fonts), by its path below the package's `resources/`."""

    path: str

    @property
    def name(self) -> str:
        return f"vbmake:{self.path}"


@dataclass(frozen=True, slots=True, order=True)
class Output:
    """What another job makes in one role."""

    job: str
    role: str

    @property
    def name(self) -> str:
        return f"{self.job}#{self.role}"


Ref = Source | Bundled | Output


class Setting(NamedTuple):
    """A key of the mapping that stands at a place of the declaration; None: where the job, or a part of it, stands.

    `say.text` is a key in the mapping of another.
    """

    key: str
    place: Place | None = None


Choice = tuple[Setting, ...]  # of which the first counts that is written
Deciders = tuple[Choice, ...]  # all of which count


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One application of a rule.

    `id` is `rule:subject` and a doit task name. `options`, after the rule's defaults, are JSON values as `plain` has
    them. `inputs` are what it reads, by role, none of which is empty. `outputs` are project-relative POSIX paths by
    role. `account` is the provider that is asked, "" for what is made on this machine. `place` says where in the
    declaration the job comes from: it is told in errors; `parts` where parts of its options come from (`layers[0]`).
    `settings` are what else decides options, by their paths, "" for all others where they are many: it is told first.
    None of id, output paths, account, places and settings is part of the key.

    (The options are brought into their plain form when they are first asked for: a long film's are as much work as all
    the rest of its planning, and its first job need not wait for them.)
    """

    id: str
    rule: str
    options: Mapping[str, Any]
    inputs: Mapping[str, tuple[Ref, ...]]
    outputs: Mapping[str, str]
    pool: str = "cpu"
    take: int = 1
    final: bool = False
    title: str = ""
    account: str = ""
    place: Place = field(default=Place("video.yaml"), compare=False)
    parts: Mapping[str, Place] = field(default_factory=dict, compare=False)
    settings: Mapping[str, Deciders] = field(default_factory=dict, compare=False)
    _given: Mapping[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    _options: bytes = field(default=b"", init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_given", self.options)
        object.__delattr__(self, "options")  # `__getattr__` is asked for what is not there
        if not all(self.inputs.values()):
            object.__setattr__(self, "inputs", {role: refs for role, refs in self.inputs.items() if refs})

    def __getattr__(self, name: str) -> Any:
        if name != "options":
            raise AttributeError(name)
        options = plain(self._given)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "_given", options)  # what it was made from is let go
        return options

    @property
    def options_json(self) -> bytes:
        """The canonical JSON of the options, made once: a key and the plan's record have it."""
        if not self._options:
            object.__setattr__(self, "_options", plain_json(self.options))
        return self._options

    def needs(self) -> tuple[str, ...]:
        """Ids of the jobs whose outputs this one reads, sorted, each once."""
        return tuple(sorted({ref.job for refs in self.inputs.values() for ref in refs if isinstance(ref, Output)}))

    def refs(self) -> tuple[Ref, ...]:
        """Every input, role by role (roles sorted), in order."""
        return tuple(ref for role in sorted(self.inputs) for ref in self.inputs[role])

    def input_names(self) -> dict[str, list[str]]:
        """The names of what is read, by role, in order."""
        return {role: [ref.name for ref in refs] for role, refs in self.inputs.items()}

    def record(self, options: Any = None) -> dict[str, Any]:
        """The job as plain data, for `plan.json` and the queue's hash; with `options` in place of its own."""
        found = {
            "final": self.final,
            "id": self.id,
            "inputs": self.input_names(),
            "options": self.options if options is None else options,
            "outputs": self.outputs,
            "pool": self.pool,
            "rule": self.rule,
            "take": self.take,
        }
        if self.account:
            found["account"] = self.account
        return found


@dataclass(frozen=True, slots=True)
class Pending:
    """Something the plan must know before it can go on: the measure of a source file, or of a job's output."""

    ref: Ref
    reason: str
    place: Place = field(default=Place("video.yaml"), compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Something the plan decided that its author should know of (a transition that was shortened, say)."""

    message: str
    place: Place = field(default=Place("video.yaml"), compare=False)


@dataclass(frozen=True, slots=True)
class Writing:
    """A text that is written into a picture, with the font it is written in; `captions`: what is said, in writing."""

    text: str
    font: Ref
    place: Place = field(default=Place("video.yaml"), compare=False)
    captions: bool = False


class Tag(NamedTuple):
    """The recorded state of one target: which job made it, under which key, with which bytes, when and how.

    `outputs` maps each role to `{"path", "sha256", "size"}`; `measures` each role to what was measured of it;
    `material` is everything the key was made of. `how` is `ran` or `fetched`. `seconds` is the wall time of the action.
    `inputs` are the names of what was read, by role, in the order of the material's digests; versions before had none.
    """

    job: str
    key: str
    outputs: Mapping[str, Mapping[str, Any]]
    measures: Mapping[str, Mapping[str, Any]]
    material: Mapping[str, Any]
    when: str
    how: str
    seconds: float
    inputs: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True)
class BuildPlan:
    """Jobs in layers: every job needs only jobs of earlier layers. `queue_hash` names the whole plan."""

    layers: tuple[tuple[JobSpec, ...], ...]
    pending: tuple[Pending, ...] = ()
    notes: tuple[Note, ...] = ()
    films: tuple[Mapping[str, Any], ...] = ()
    writings: tuple[Writing, ...] = ()

    @functools.cached_property
    def queue(self) -> bytes:
        """The jobs, layer by layer, as canonical JSON; made when asked for, since no first job need wait for it."""
        return plain_json([[job.record(ready(job.options_json)) for job in layer] for layer in self.layers])

    @functools.cached_property
    def queue_hash(self) -> str:
        """sha256 (hex) of the queue."""
        return hashlib.sha256(self.queue).hexdigest()

    @functools.cached_property
    def jobs(self) -> tuple[JobSpec, ...]:
        """Every job, layer by layer."""
        return tuple(job for layer in self.layers for job in layer)

    @functools.cached_property
    def needed(self) -> frozenset[str]:
        """Ids of the jobs whose outputs others read."""
        return frozenset(
            [ref.job for job in self.jobs for refs in job.inputs.values() for ref in refs if isinstance(ref, Output)]
        )

    def work_out(self) -> None:
        """Make now what is otherwise made when it is asked for: in one go it takes half as long as between jobs."""
        for job in self.jobs:
            _ = job.options_json
        for film in self.films:
            len(film)

    def job(self, id: str) -> JobSpec:
        """The job of that id. Raises KeyError."""
        return self._by_id[id]

    @functools.cached_property
    def _by_id(self) -> dict[str, JobSpec]:
        return {job.id: job for job in self.jobs}
