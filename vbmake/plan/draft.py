"""A plan while it is being made: jobs so far, each thing made once; what is still unknown; what to tell the author."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vbmake.errors import Place, Problem, ProjectError
from vbmake.plan.canonical import digest
from vbmake.plan.inputs import BuildInputs, Measure
from vbmake.plan.types import Deciders, JobSpec, Note, Output, Pending, Ref, Source
from vbmake.project.models import Film
from vbmake.project.words import slug

WORK = ".vbmake/work"
_NOTHING: Mapping[str, Any] = {}
_NAMED = 5  # films of a note that are named


class Draft:
    """Collects jobs, pending measures and notes while a plan is made."""

    def __init__(self, inputs: BuildInputs) -> None:
        self.inputs = inputs
        self.jobs: dict[str, JobSpec] = {}
        self.pending: dict[str, Pending] = {}
        self.missed = 0  # how often something was asked for that is not known: by it a part sees that it must wait
        self._notes: dict[tuple[str, Place], list[str]] = {}  # what to tell the author, and of which films it holds
        self.film = ""  # the one that is being planned, where there are several
        self.looked: dict[int, tuple[Ref | None, Measure | None]] = {}  # see `look.layer_measure`
        self._shared: dict[
            Any, tuple[Mapping[str, Deciders], Any]
        ] = {}  # with what lives on, so that its id is its own
        self.films: list[Film] = []  # as far as their scenes are known
        self._targets: dict[str, str] = {}  # who writes a target, by its path in small letters
        self.problems: list[Problem] = []

    def measure(self, ref: Ref, reason: str, place: Place) -> Measure | None:
        """What is known of a file; when nothing is, the plan will wait for it."""
        known = self.inputs.measure(ref)
        if known is None:
            self.missed += 1
            self.pending.setdefault(ref.name, Pending(ref, reason, place))
        return known

    def note(self, message: str, place: Place) -> None:
        """Tell the author of a decision, once for each place."""
        films = self._notes.setdefault((message, place), [])
        if self.film and self.film not in films:
            films.append(self.film)

    def notes(self, films: int = 1) -> tuple[Note, ...]:
        """What the author is to be told of `films` films; which it holds for, unless that is all of them."""
        return tuple(
            Note(f"{message} ({_listed(names)})" if 0 < len(names) < films else message, place)
            for (message, place), names in self._notes.items()
        )

    def add(
        self,
        rule: str,
        subject: str,
        options: Mapping[str, Any],
        inputs: Mapping[str, Sequence[Ref]],
        *,
        extension: str | None = None,
        target: str | None = None,
        take: int = 1,
        title: str = "",
        place: Place | None = None,
        parts: Mapping[str, Place] | None = None,
        settings: Mapping[str, Deciders] | None = None,
        account: str = "",
    ) -> JobSpec:
        """Add a job. Its outputs go where work in progress goes, or to `target` (a path in the project) when given.

        `account` is the provider whose pool it waits for, and who is asked.
        """
        known = self.inputs.rules.rule(rule)
        outputs = {}
        for role, made in known.makes.items():
            suffix = extension or made
            end = f"{'' if len(known.makes) == 1 else '.' + role}.{suffix}"
            outputs[role] = target or f"{WORK}/{rule}/{_file_name(subject)}{end}"
        if target is not None:
            self._claim(target, f"{rule}:{subject}", place or Place("video.yaml"))
        job = JobSpec(
            id=f"{rule}:{subject}",
            rule=rule,
            options=known.fill(options),
            inputs={role: tuple(refs) for role, refs in inputs.items()},
            outputs=outputs,
            pool=account or known.pool,
            take=take,
            final=target is not None,
            title=title,
            account=account,
            place=place or Place("video.yaml"),
            parts=_NOTHING if parts is None else parts,
            settings=_NOTHING if settings is None else settings,
        )
        self.jobs[job.id] = job
        return job

    def _claim(self, target: str, job: str, place: Place) -> None:
        """Note it when two jobs would write one file; to some file systems `A` and `a` are the same."""
        first = self._targets.setdefault(target.lower(), job)
        if first != job:
            message = f"{first} and {job} would both write {target}"
            self.problems.append(Problem(place, message, hint="give one of the films or formats another name"))

    def shared(self, make: Callable[..., Mapping[str, Deciders]], *of: Any) -> Mapping[str, Deciders]:
        """The settings that `make` makes of these, made once."""
        mark = (make, *map(id, of))
        found = self._shared.get(mark)
        if found is None:
            found = self._shared[mark] = (make(*of), of)
        return found[0]

    def make(self, rule: str, arguments: Mapping[str, Any], take: int, place: Place) -> Output | None:
        """What a rule makes of arguments: the same work asked for twice is one job. None after a problem."""
        known = self.inputs.rules.rule(rule)
        options, inputs = {}, {}
        for name, value in arguments.items():
            if name in known.reads:
                inputs[name] = [Source(str(item)) for item in (value if isinstance(value, list | tuple) else [value])]
            else:
                options[name] = value
        try:
            filled = known.fill(options)
        except ValueError as error:
            self.problems.append(Problem(place, str(error)))
            return None
        names = {role: [ref.name for ref in refs] for role, refs in inputs.items()}
        mark = digest([rule, filled, names, take])[:8]
        told = [str(value) for value in arguments.values() if isinstance(value, str | int)]
        subject = "-".join(part for part in (slug(" ".join(told), 24), mark) if part)
        id = f"{rule}:{subject}"
        job = self.jobs.get(id) or self.add(rule, subject, options, inputs, take=take, place=place)
        return Output(job.id, next(iter(known.makes)))

    def settle(self) -> None:
        """Raise every problem that was found. Raises ProjectError."""
        if self.problems:
            raise ProjectError(self.problems)


def _listed(films: Sequence[str]) -> str:
    """Names of films in a few words."""
    more = len(films) - _NAMED
    names = ", ".join(films[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"film {names}" if len(films) == 1 else f"films {names}"


def _file_name(subject: str) -> str:
    """Where the work of a subject lies: the shots of all scenes of a format in one folder (`wide/harbour.0`).

    Making a folder for each scene would take as long as making a small file.
    """
    folder, _, last = subject.rpartition("/")
    return f"{folder}.{last}" if "/" in folder else subject
