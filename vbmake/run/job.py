"""Do one job: take it from a cache or carry out its rule in a private directory, check it, publish it, record it."""

from __future__ import annotations

import functools
import os
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vbmake.cache.actions import Entry
from vbmake.cache.cache import Cache
from vbmake.disk import FULL, has_no_room, words
from vbmake.errors import FatalError, JobError, WorkspaceError
from vbmake.parallel import side_by_side
from vbmake.plan.types import JobSpec, Tag
from vbmake.process import pause
from vbmake.rules.work import InputFiles, Work
from vbmake.run.action import perform
from vbmake.run.digest import Digests, Stamp, sha256_of, stamp_of
from vbmake.run.job_log import JobLogs
from vbmake.run.measures import Measures
from vbmake.run.outputs import Finished, finished, private_files
from vbmake.run.pins import Pins
from vbmake.run.private import PrivateDirectories
from vbmake.run.publish import flush, publish
from vbmake.run.state import Knowledge, Made, Status
from vbmake.run.studio import Studio
from vbmake.run.tags import TagStore

Progress = Callable[[int, int], None]
How = Literal["ran", "fetched", "current"]
LEFT = "left:"  # with a path: the record of a target of a job that makes it under another name now
TEMPORARY = ".vbmake/tmp"
ATTEMPTS = 3  # times that a job is done again because what it reads was edited meanwhile
DOWNLOADS = 8  # inputs of one job that are fetched at once
CHEAP = 1.0  # seconds: jobs that take no longer are not worth waiting for the disk

# Measured when a rule that films may name made them and did not measure them itself, so that plans can go on without
# their bytes. Nothing waits for the measures of shots, cuts and the rest of the pipeline, whose rules take any options.
_MEDIA = {".png", ".jpg", ".jpeg", ".webp", ".svg", ".mp4", ".mov", ".mkv", ".webm", ".gif", ".wav", ".flac", ".m4a"}
_MEDIA |= {".mp3", ".ogg", ".opus"}


class Remade(NamedTuple):
    """A job that was recorded as done and was done again, as its bytes were gone from everywhere.

    `seconds` is the wall time it took, `ended` (s since 1970) when.
    """

    job: JobSpec
    seconds: float
    ended: float


class Outcome(NamedTuple):
    """What was done for one job. `seconds` is the wall time it took now; `tag.seconds` what its rule took once.

    `remade` are other jobs, up to date by the record, that it needed and that were done again on the way.
    """

    how: How
    tag: Tag
    seconds: float
    remade: tuple[Remade, ...] = ()


class _Inputs(NamedTuple):
    """What a job reads: files by role, and by path the stamps of those that may be written meanwhile."""

    files: InputFiles
    stamps: dict[str, Stamp]


class _Edited(Exception):
    """An input changed while the job read it."""


class Jobs:
    """Does jobs of a workspace. Thread-safe: two jobs of one key are done once, the second takes the first's."""

    def __init__(
        self,
        root: Path,
        knowledge: Knowledge,
        tags: TagStore,
        digests: Digests,
        measures: Measures,
        cache: Cache,
        logs: JobLogs,
        studio: Studio,
        pins: Pins,
    ) -> None:
        self.root = root
        self._base = str(root)
        self._knowledge = knowledge
        self._tags = tags
        self._digests = digests
        self._measures = measures
        self._cache = cache
        self._logs = logs
        self._studio = studio
        self._pins = pins
        self._flights: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._directories = PrivateDirectories(root / TEMPORARY)
        # What this run has made: it serves jobs of the same key where there is no cache.
        self._done: dict[str, Entry] = {}
        self._places: dict[str, str] = {}  # by digest

    def run(self, job: JobSpec, on_progress: Progress | None = None) -> Outcome:
        """Bring the job up to date.

        Raises JobError (or its kinds) when it cannot be done; then nothing is recorded, and its earlier outputs stay.
        """
        began = time.monotonic()
        remade: list[Remade] = []
        with _told:
            how, tag = self._bring_up_to_date(job, on_progress, remade)
        self._knowledge.settle(job, Made(tag.key, tag.outputs, tag.measures))
        return Outcome(how, tag, time.monotonic() - began - sum(one.seconds for one in remade), tuple(remade))

    def materialise(self, job: JobSpec, remade: list[Remade] | None = None) -> None:
        """See that the files of a job that is current or fetched are on the disk with their bytes. Raises JobError.

        What must be done again for that is added to `remade`.
        """
        made = self._knowledge.made(job.id)
        if made is None:
            raise JobError(f"{job.id} has not been built")
        with _told, self._flights[made.key]:
            missing = {role: output for role, output in made.outputs.items() if not self._knowledge.intact(output)}
            if missing and not self._restore(missing):
                began = time.monotonic()
                inner: list[Remade] = []
                self._make_again(job, made.key, inner)
                if remade is not None:
                    seconds = time.monotonic() - began - sum(one.seconds for one in inner)
                    remade += [*inner, Remade(job, seconds, time.time())]

    def redo(self, job: JobSpec) -> dict[str, str]:
        """Carry out a job again in a private directory: the digests of what it makes now, by role.

        Publishes and records nothing but the job's log. Raises JobError.
        """
        rule = self._knowledge.rules.rule(job.rule)
        with _told:
            try:
                inputs = self._inputs(job, self._ready(job, fresh=True), [])
            except _Edited:
                raise JobError("its inputs are being edited; try again when they rest") from None
            with self._directories.one() as directory, self._logs.of(job.id) as log:
                files = private_files(job, directory)
                perform(rule, Work(job.options, inputs.files, files, directory, log, _unheard))
                return {role: one.sha256 for role, one in finished(rule.name, files).items()}

    def close(self) -> None:
        """Leave nothing behind but results. Jobs may be done afterwards."""
        self._directories.close()

    def _bring_up_to_date(self, job: JobSpec, on_progress: Progress | None, remade: list[Remade]) -> tuple[How, Tag]:
        for attempt in range(ATTEMPTS):
            status = self._ready(job, fresh=attempt > 0)
            if status.state == "current":
                tag = self._tags.get(job.id)
                assert tag is not None
                return "current", tag
            assert status.key is not None
            try:
                with self._flights[status.key]:
                    fetched = self._fetch(job, status)
                    if fetched is not None:
                        return "fetched", fetched
                    if status.withheld:
                        raise JobError(
                            f"{status.withheld}; build again when it does, or say VBMAKE_CACHE=off to have it made "
                            "and pay for it anew"
                        )
                    return "ran", self._carry_out(job, status, on_progress, remade)
            except _Edited:
                continue
        raise JobError(f"its inputs were edited while it read them, {ATTEMPTS} times over; build again when they rest")

    def _make_again(self, job: JobSpec, key: str, remade: list[Remade]) -> None:
        """Run a job whose recorded bytes are gone from everywhere. (Bazel calls it rewinding.)

        What a provider made is not asked for again unnoticed: it costs, and would be something else.
        """
        if job.account:
            if self._cache.lost:
                raise JobError(
                    f"what {job.account} made for {job.id} is gone from this directory, and {self._cache.lost} cannot "
                    "be asked for it; build again when it can"
                )
            raise FatalError(
                f"what {job.account} made for {job.id} is gone from this directory and from every cache; "
                f"`doit forget {job.id}` lets the next build ask, and pay, again"
            )
        self._cache.reject(key)
        for _ in range(ATTEMPTS):
            status = self._ready(job, fresh=True)
            try:
                tag = self._carry_out(job, status, None, remade)
            except _Edited:
                continue
            self._knowledge.settle(job, Made(tag.key, tag.outputs, tag.measures))
            return
        raise JobError(f"{job.id}: its inputs were edited while it read them, {ATTEMPTS} times over")

    def _ready(self, job: JobSpec, fresh: bool) -> Status:
        """The job's status, with its key. Raises JobError when something it reads is not there.

        A remembered status will do at first: a job that runs compares its inputs with the key again.
        """
        status = self._knowledge.assess(job) if fresh else self._knowledge.status(job)
        if status.key is None:
            name, _, why = status.reasons[0]
            raise JobError(f"{name.removeprefix('input:')} is needed and is not there: {why}")
        return status

    def _fetch(self, job: JobSpec, status: Status) -> Tag | None:
        """Take what the key made from a cache; None when none has it all. Intermediates are brought when read."""
        key = status.key
        assert key is not None
        entry = self._done.get(key) or (status.entry if job.account else None) or self._cache.lookup(key)
        if entry is None or set(entry.outputs) != set(job.outputs):
            return None
        outputs = {role: {**entry.outputs[role], "path": path} for role, path in job.outputs.items()}
        wrong = {role: output for role, output in outputs.items() if not self._knowledge.intact(output)}
        if job.final:
            if not self._restore(wrong):
                self._cache.reject(key)
                return None
        else:
            for output in wrong.values():
                (self.root / output["path"]).unlink(
                    missing_ok=True
                )  # of an earlier key: it must not look like this one's
        return self._record(job, entry, outputs, "fetched")

    def _restore(self, outputs: Mapping[str, Mapping[str, Any]]) -> bool:
        """Bring recorded bytes to their places: all of them, or none."""
        with self._directories.one() as directory:
            brought: list[tuple[Path, str, str]] = []
            for number, output in enumerate(outputs.values()):
                path = directory / f"{number}{os.path.splitext(output['path'])[1]}"
                if not self._bring(output["sha256"], path):
                    return False
                flush(path)
                brought.append((path, output["path"], output["sha256"]))
            for path, name, sha256 in brought:
                self._publish(path, name, sha256, durable=True)
        return True

    def _bring(self, sha256: str, path: Path) -> bool:
        if self._cache.materialise(sha256, path):
            return True
        place = self._places.get(sha256)
        if place is None or not os.path.isfile(place):
            return False
        shutil.copyfile(place, path)
        return sha256_of(path) == sha256

    def _carry_out(self, job: JobSpec, status: Status, on_progress: Progress | None, remade: list[Remade]) -> Tag:
        """Run the job's rule and keep what it makes. Raises JobError; _Edited when its inputs are not the key's."""
        assert status.key is not None
        assert status.material is not None
        rule = self._knowledge.rules.rule(job.rule)
        inputs = self._inputs(job, status, remade)
        with self._directories.one() as directory, self._logs.of(job.id) as log:
            files = private_files(job, directory)
            progress = on_progress or _unheard
            ask = functools.partial(self._studio.ask, job, status.key, log=log, progress=progress)
            work = Work(job.options, inputs.files, files, directory, log, progress, status.key, ask)
            began = time.monotonic()
            try:
                measures = perform(rule, work)
                seconds = time.monotonic() - began
                made = finished(rule.name, files)
            except JobError as error:
                _unchanged(inputs)  # a file that was read while it was being saved: try again rather than fail
                if has_no_room(directory):  # a tool tells it in its own words, if at all
                    raise JobError(f"{FULL}\n{error}") from error
                raise
            _unchanged(inputs)
            # Flushing takes longer than many jobs do. What is cheap to make again is digested again instead, by the
            # next process, so that what a power cut took is noticed either way.
            durable = job.final or seconds > CHEAP or bool(job.account)
            if durable:
                for path in files.values():
                    flush(path)
            pipeline = bool(rule.call) and getattr(rule, "options", None) is None
            entry = self._entry(status, files, made, measures, seconds, probe=not pipeline)
            self._cache.store(entry, {role: one.data for role, one in made.items()})
            outputs = {role: {**entry.outputs[role], "path": path} for role, path in job.outputs.items()}
            for role, output in outputs.items():
                self._publish(files[role], output["path"], output["sha256"], durable)
        self._done[entry.key] = entry
        tag = self._record(job, entry, outputs, "ran")
        if job.account:
            self._studio.settled(entry.key)
        return tag

    def _inputs(self, job: JobSpec, status: Status, remade: list[Remade]) -> _Inputs:
        """What the job reads, each file on the disk, with the digests that its key is made of.

        Raises JobError for what cannot be brought, _Edited for a file of the user's that is gone or another one.
        """
        assert status.material is not None
        found = self._look(job, status.material["inputs"])
        if found is None:
            self._bring_back(job, remade)
            found = self._look(job, status.material["inputs"])
        if found is None:
            raise _Edited
        return found

    def _look(self, job: JobSpec, digests: Mapping[str, list[str]]) -> _Inputs | None:
        """The files that the job reads, if all are there with these digests."""
        look = self._knowledge.look
        places: dict[str, list[str]] = {}
        stamps: dict[str, Stamp] = {}
        try:
            for role, refs in job.inputs.items():
                there = places[role] = []
                for ref, expected in zip(refs, digests[role], strict=True):
                    place, sha256, stamp = look(ref)
                    if sha256 != expected:
                        return None
                    there.append(place)
                    if stamp is not None:
                        stamps[place] = stamp
        except FileNotFoundError:
            return None
        return _Inputs(InputFiles(places), stamps)

    def _bring_back(self, job: JobSpec, remade: list[Remade]) -> None:
        """See that what the job reads of others' is on the disk: brought side by side where it may come from afar."""
        needs = [self._knowledge.job(need) for need in job.needs()]

        def bring(need: JobSpec) -> None:
            pause(0)  # an interrupt brings no more
            self.materialise(need, remade)

        side_by_side(bring, needs, DOWNLOADS if self._cache.slow else 1, "cache-fetch")

    def _entry(
        self,
        status: Status,
        files: Mapping[str, Path],
        made: Mapping[str, Finished],
        measures: Mapping[str, Mapping[str, Any]],
        seconds: float,
        probe: bool,
    ) -> Entry:
        """What the finished files are."""
        outputs: dict[str, dict[str, Any]] = {}
        found: dict[str, Mapping[str, Any]] = dict(measures)
        for role, one in made.items():
            outputs[role] = {"sha256": one.sha256, "size": one.size}
            if probe and role not in found and files[role].suffix in _MEDIA:
                found[role] = self._measures.measure(files[role], one.sha256)
        assert status.key is not None
        assert status.material is not None
        return Entry(status.key, outputs, found, status.material, round(seconds, 3), _now())

    def _publish(self, path: Path, name: str, sha256: str, durable: bool) -> None:
        target = f"{self._base}{os.sep}{name}"
        publish(path, target)
        self._digests.record(target, sha256, keep=durable)
        self._places[sha256] = target

    def _record(self, job: JobSpec, entry: Entry, outputs: Mapping[str, Any], how: Literal["ran", "fetched"]) -> Tag:
        when = entry.when if how == "ran" else _now()
        tag = Tag(
            job.id, entry.key, outputs, entry.measures, entry.material, when, how, entry.seconds, job.input_names()
        )
        if job.final:
            self._note_left(job, outputs)
        self._tags.put(tag, durable=bool(job.account))
        if job.account and (how == "ran" or self._pins.entry(entry.key, entry.material) is None):
            self._pins.put(job, entry, int(entry.material["take"]))
        return tag

    def _note_left(self, job: JobSpec, outputs: Mapping[str, Any]) -> None:
        """Record the targets that a job had under other names: they stay, and it makes them no more."""
        before = self._tags.get(job.id)
        now = {output["path"] for output in outputs.values()}
        for role, output in before.outputs.items() if before is not None else ():
            if output["path"] not in now:
                assert before is not None
                self._tags.put(before._replace(job=f"{LEFT}{output['path']}", outputs={role: output}))


class _Told:
    """A block in which a disk that is full, read-only or forbidden is told as the failure of the job."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, WorkspaceError):
            raise JobError(str(error)) from error
        if isinstance(error, OSError):
            name = error.filename2 or error.filename  # of a move: where to
            subject = f"{name}: " if name else ""
            raise JobError(f"{subject}{words(error)}") from error


_told = _Told()


def _unchanged(inputs: _Inputs) -> None:
    """See that no input was written since it was digested; else what was made belongs to no key. Raises _Edited."""
    try:
        for place, stamp in inputs.stamps.items():
            if stamp_of(os.stat(place)) != stamp:
                raise _Edited
    except FileNotFoundError:
        raise _Edited from None


def _unheard(_done: int, _total: int) -> None:
    return None


def _now() -> str:
    return _told_time(int(time.time()))


@functools.lru_cache(maxsize=1)
def _told_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
