"""What is known of every job of a plan, and so what a build would do for it. Looks, and never runs anything."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vbmake import resources
from vbmake.cache.actions import Entry
from vbmake.cache.cache import Cache
from vbmake.errors import JobError, MissingTool
from vbmake.parallel import side_by_side
from vbmake.plan.keys import Material, action_key, key_material
from vbmake.plan.reasons import Reason, differences
from vbmake.plan.types import BuildPlan, Bundled, JobSpec, Output, Ref, Source, Tag
from vbmake.run.action import RuleBook, identities
from vbmake.run.digest import Digests, Stamp
from vbmake.run.pins import Pins
from vbmake.run.tags import TagStore

LOOKUPS = 16  # at once, when a remote cache is asked

State = Literal["current", "fetch", "run", "maybe"]


class Made(NamedTuple):
    """What a job made under a key: `outputs` by role {"path", "sha256", "size"}, `measures` by role."""

    key: str
    outputs: Mapping[str, Mapping[str, Any]]
    measures: Mapping[str, Mapping[str, Any]]


class Status(NamedTuple):
    """What a build would do for one job, and why.

    `current`: nothing. `fetch`: a cache has it. `run`: its rule is carried out. `maybe`: something it reads is yet to
    be made, so that its key is not known; it may turn out to be current.
    `reasons` are (field, old, new): fields of the key's material that differ from the last success (see
    `differences`), `input:NAME` for an input that is missing or yet to be made, `output:ROLE` for a target that is
    missing or was changed.
    `seconds` is how long the job took when it last ran. `made` is what is known of its outputs. `withheld` tells why a
    job that would run must not: somebody has paid for what it makes, and the cache that may have it does not answer.
    """

    state: State
    key: str | None = None
    material: Mapping[str, Any] | None = None
    reasons: tuple[Reason, ...] = ()
    seconds: float | None = None
    made: Made | None = None
    entry: Entry | None = None
    withheld: str = ""


def _same_bytes(entry: Entry, outputs: Mapping[str, Mapping[str, Any]]) -> bool:
    return {role: output["sha256"] for role, output in entry.outputs.items()} == {
        role: output["sha256"] for role, output in outputs.items()
    }


class _Unknown(Exception):
    """An input that is missing, or yet to be made: `reason` tells which."""

    def __init__(self, state: State, reason: Reason) -> None:
        super().__init__(reason[0])
        self.state = state
        self.reason = reason


class Knowledge:
    """Statuses of the jobs of one plan. Thread-safe; remembered until the plan changes or a job is settled."""

    def __init__(
        self,
        root: Path,
        rules: RuleBook,
        tags: TagStore,
        digests: Digests,
        cache: Cache,
        pins: Pins,
        salt: str = "",
    ) -> None:
        self.root = root
        self._base = str(root)
        self.rules = rules
        self._tags = tags
        self._digests = digests
        self._cache = cache
        self._pins = pins
        self._salt = salt
        self._plan: BuildPlan | None = None
        self._jobs: dict[str, JobSpec] = {}
        self._settled: dict[str, Made] = {}
        self._statuses: dict[str, Status] = {}
        self._tools: dict[tuple[str, ...], dict[str, str]] = {}  # by rule and the roles that are read
        self._bundled: dict[str, tuple[str, str, None]] = {}  # as `look` tells them
        self._lock = threading.Lock()
        self.sources: dict[str, Source] = {}  # files whose measures the plan rests on, by path
        self.seen: dict[str, str] = {}  # digests of the files that statuses rest on, by Ref.name; "" when one changed

    def use(self, plan: BuildPlan) -> None:
        """Speak of this plan from now on. What was settled stays so for jobs that are the same, with all they need."""
        if plan is self._plan:
            return
        kept: dict[str, Made] = {}
        for job in plan.jobs:
            same = job.id in self._settled and self._jobs.get(job.id) == job
            if same and all(need in kept for need in job.needs()):
                kept[job.id] = self._settled[job.id]
        with self._lock:
            self._plan = plan
            self._jobs = {job.id: job for job in plan.jobs}
            self._settled = kept
            self._statuses = {}

    def job(self, job_id: str) -> JobSpec:
        """The job of that id in the present plan. Raises JobError."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise JobError(f"{job_id} is no job of this plan") from None

    def status(self, job: JobSpec) -> Status:
        """What a build would do for the job now. Raises MissingTool."""
        settled = self._settled.get(job.id)
        status = self._statuses.get(job.id)
        if status is None or (settled is None and status.state == "maybe"):
            status = self.assess(job)
            with self._lock:
                if self._settled.get(job.id) is settled:  # else the job ended meanwhile, and this is how it was before
                    self._statuses[job.id] = status
        return status

    def survey(self, plan: BuildPlan) -> dict[str, Status]:
        """The status of every job, by id in the plan's order; a remote cache is asked for many jobs at once."""
        self.look_ahead(plan)
        return {job.id: self.status(job) for job in plan.jobs}

    def look_ahead(self, plan: BuildPlan) -> None:
        """See that every job's tools are there, and ask a remote cache for many jobs at once. Raises MissingTool."""
        self.use(plan)
        for layer in plan.layers:
            for job in layer:
                self._identities(self.rules.rule(job.rule), job)
            self.ask(job.id for job in layer)

    def ask(self, job_ids: Iterable[str]) -> None:
        """Look many jobs up side by side, where a look-up may go over the network. Raises MissingTool."""
        if self._cache.slow:
            side_by_side(self.status, [self.job(job_id) for job_id in job_ids], LOOKUPS, "cache-lookup")

    def settle(self, job: JobSpec, made: Made) -> None:
        """Note what a job has made in this run."""
        with self._lock:
            self._settled[job.id] = made
            self._statuses.pop(job.id, None)

    def forget(self, job_id: str) -> None:
        """Drop what this run knows of a job, and of all others' statuses, which may rest on it."""
        with self._lock:
            self._settled.pop(job_id, None)
            self._statuses.clear()

    def restart(self) -> None:
        """Know nothing of any job: what was recorded of them has changed."""
        with self._lock:
            self._settled = {}
            self._statuses = {}

    def made(self, job_id: str) -> Made | None:
        """What a job made, if it is known without running it."""
        settled = self._settled.get(job_id)
        return settled if settled is not None else self.status(self.job(job_id)).made

    def assess(self, job: JobSpec) -> Status:
        """The status of a job from the files, the tags and the cache as they are at this moment."""
        tag = self._tags.get(job.id)
        seconds = tag.seconds if tag is not None else None
        rule = self.rules.rule(job.rule)
        tools = self._identities(rule, job)
        try:
            digests = {role: [self._digest(ref) for ref in refs] for role, refs in job.inputs.items()}
        except _Unknown as unknown:
            return Status(unknown.state, reasons=(unknown.reason,), seconds=seconds)
        material = key_material(job, rule, digests, tools, self._salt)
        key = action_key(material)
        if job.account and (take := self._pins.take(key)) is not None:
            material = Material(material, take=take)
            key = action_key(material)
        reasons = self._reasons(job, key, material, tag)
        pinned = self._pins.entry(key, material) if job.account else None
        lost = pinned is not None and not self._cache.has(pinned.outputs)
        if lost:
            pinned = None  # nobody has those bytes any more: one's own are as good, and nothing is paid for them
        if pinned is not None and not reasons and tag is not None and not _same_bytes(pinned, tag.outputs):
            reasons = (("pin", None, "vbmake.lock names other bytes"),)
        if not reasons:
            assert tag is not None
            return Status("current", key, material, (), seconds, Made(key, tag.outputs, tag.measures))
        entry = pinned if pinned is not None else self._cache.lookup(key)
        if entry is None or set(entry.outputs) != set(job.outputs):
            withheld = ""
            if lost and self._cache.lost:
                withheld = f"vbmake.lock pins it, and {self._cache.lost}, which may have those bytes, does not answer"
            if lost:
                anew = "vbmake.lock pins it, and no cache has those bytes: it is asked for, and paid, anew"
                reasons = (("tag", None, withheld or anew), *reasons)
            return Status("run", key, material, reasons, seconds, withheld=withheld)
        outputs = {role: {**entry.outputs[role], "path": job.outputs[role]} for role in job.outputs}
        return Status("fetch", key, material, reasons, entry.seconds, Made(key, outputs, entry.measures), entry)

    def declared_key(self, job: JobSpec) -> str | None:
        """The key of a job with the take that is declared, whatever `reroll` asked for; None while it is not known."""
        material = self.status(job).material
        return action_key({**material, "take": job.take}) if material is not None else None

    def path(self, ref: Ref) -> Path:
        """Where the file of an input is (for an output: where it will be)."""
        return resources.path(ref.path) if isinstance(ref, Bundled) else Path(self.place(ref))

    def place(self, ref: Ref) -> str:
        """As `path`, but text, because a survey asks for ten thousands of them."""
        if isinstance(ref, Source):
            return f"{self._base}{os.sep}{ref.path}"
        if isinstance(ref, Bundled):
            return resources.place(ref.path)
        return f"{self._base}{os.sep}{self.job(ref.job).outputs[ref.role]}"

    def look(self, ref: Ref) -> tuple[str, str, Stamp | None]:
        """Where an input is, its digest, and its stamp, by which it is seen whether it was written since.

        None for what ships with vbmake: as with its code, a process knows the one that it has begun with.
        Raises OSError.
        """
        if isinstance(ref, Bundled):
            return self._bundled.get(ref.path) or self._shipped(ref.path)
        place = self.place(ref)
        sha256, stamp = self._digests.look(place)
        return place, sha256, stamp

    def _shipped(self, path: str) -> tuple[str, str, None]:
        place = resources.place(path)
        found = self._bundled[path] = (place, self._digests.of(place), None)
        return found

    def intact(self, output: Mapping[str, Any]) -> bool:
        """Whether a recorded output is on the disk with the recorded bytes."""
        try:
            return self._digests.hold(os.path.join(self._base, output["path"]), output["size"], output["sha256"])
        except OSError:
            return False

    def _reasons(self, job: JobSpec, key: str, material: Mapping[str, Any], tag: Tag | None) -> tuple[Reason, ...]:
        """Why the job is not current; () when it is."""
        if tag is None:
            new = "it was not asked for before" if job.account else "it was not built before"
            return (("tag", None, self._tags.dropped(job.id) or new),)
        if tag.key != key:
            return tuple(differences(tag, job, material)) or (("key", tag.key, key),)
        found: list[Reason] = []
        for role, path in job.outputs.items():
            output = tag.outputs.get(role)
            if output is None or output["path"] != path:
                found.append((f"output:{role}", output["path"] if output else None, path))
            elif not self.intact(output):
                # A missing intermediate is brought back when a job reads it; a changed one is mended now.
                missing = not os.path.lexists(self.root / path)
                if job.final or not missing:
                    found.append((f"output:{role}", output["sha256"], "missing" if missing else "changed"))
        return tuple(found)

    def _digest(self, ref: Ref) -> str:
        if isinstance(ref, Output):
            made = self.made(ref.job)
            if made is None:
                raise _Unknown("maybe", (f"input:{ref.name}", None, "is made first"))
            return str(made.outputs[ref.role]["sha256"])
        try:
            _, sha256, _ = self.look(ref)
        except OSError as error:
            raise _Unknown("run", (f"input:{ref.name}", None, error.strerror or str(error))) from None
        self._see(ref.name, sha256)
        return sha256

    def _see(self, name: str, sha256: str) -> None:
        if self.seen.setdefault(name, sha256) != sha256:
            self.seen[name] = ""

    def remembered(self, source: Source) -> str | None:
        """The digest of a file of the user's that is as it was when it was last read, or None."""
        return self._digests.remembered(self.place(source))

    def measured(self, source: Source, sha256: str | None = None) -> None:
        """Note that the plan rests on what a file of the user's measures, whether or not a job reads it.

        `sha256` is its digest, which is looked up where it is not given.
        """
        self._see(source.path, sha256 or self.remembered(source) or "")
        self.sources[source.path] = source

    def _identities(self, rule: Any, job: JobSpec) -> dict[str, str]:
        given = (rule.name, *job.inputs)
        found = self._tools.get(given)
        if found is None:
            try:
                found = self._tools[given] = identities(rule, given[1:])
            except MissingTool as missing:
                raise MissingTool(missing.tool, missing.hint, job.place) from None
        return found
