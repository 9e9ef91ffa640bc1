"""A project's directory as builds see it: the plan, what is known of each job, and doing it.

What a build keeps lies in `.vbmake/`: `dag/` (`plan.json`, `tags.jsonl`, `places.jsonl`, `scenes.json`),
`digests.jsonl`, `measures.jsonl`, `glyphs.jsonl`, `remote.jsonl`, `events.jsonl`, `logs/`, `work/` (what is made on the
way), `stamp.json`, `lock`, `tmp/` for jobs that run, `uploads/` for large files that are being sent. Deleting any of
that costs only time, but for assets of providers in `work/` that are in no cache. `generations/` (requests to
providers) and `costs.jsonl` are not to be deleted: they keep what was paid.

    with Workspace.open(root) as workspace, workspace.locked():
        plan = workspace.plan()                    # as far as what is known reaches
        for job in plan.jobs:                      # in the order of the layers
            print(workspace.status(job).state, workspace.run(job).how)

The files of an intermediate job (one that is not `final`) need not be on the disk while the job is current or fetched:
they are brought, or made again, when a job that really runs reads them.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from vbmake.cache.actions import Entry
from vbmake.cache.cache import Cache
from vbmake.cache.settings import settings
from vbmake.disk import explained
from vbmake.errors import ProjectError, WorkspaceError
from vbmake.heap import uncollected
from vbmake.plan.build import plan_build
from vbmake.plan.canonical import plain_json, quickly
from vbmake.plan.inputs import BuildInputs
from vbmake.plan.media import media
from vbmake.plan.names import Names
from vbmake.plan.types import BuildPlan, JobSpec, Output, Tag
from vbmake.project.models import Project
from vbmake.project.remotes import Sync
from vbmake.run import stamp
from vbmake.run.action import RuleBook
from vbmake.run.complete import Unsure, facts_of, final_targets
from vbmake.run.declaration import Declaration, read_declaration
from vbmake.run.digest import Digests
from vbmake.run.edited import EditedScenes
from vbmake.run.glyphs import Glyphs
from vbmake.run.job import TEMPORARY, Jobs, Outcome, Progress
from vbmake.run.job_log import JobLogs
from vbmake.run.journal import Journal
from vbmake.run.lock import project_lock
from vbmake.run.measures import Measures
from vbmake.run.pins import Pins
from vbmake.run.places import Places
from vbmake.run.private import remove_stale
from vbmake.run.publish import remove_temporaries, replacing
from vbmake.run.requests import check_requests
from vbmake.run.rounds import Planner, plan_rounds
from vbmake.run.state import Knowledge, Status
from vbmake.run.studio import Studio
from vbmake.run.tags import TagStore
from vbmake.storage.protocol import Storage

STATE = ".vbmake"
UPLOADS = "uploads"


class Workspace:
    """One project's directory, opened. Safe to use from many threads; `close` it, or use it as a context manager."""

    def __init__(
        self,
        root: Path,
        rules: RuleBook,
        cache: Cache,
        *,
        planner: Planner | None = None,
        project: Project | None = None,
    ) -> None:
        """`planner` makes a plan from measures; `open` takes the project's own declaration for it.

        `project` says which providers there are. Raises ProjectError for a `vbmake.lock` that cannot be understood.
        """
        self.root = root
        self.state = root / STATE
        self._logs = JobLogs(self.state / "logs")
        self.rules = rules
        self.cache = cache
        self.tags = TagStore(self.state / "dag" / "tags.jsonl")
        self.places = Places(self.state / "dag" / "places.jsonl", self.tags)
        self._edited = EditedScenes(self.state / "dag" / "scenes.json")
        self._digest_journal = Journal(self.state / "digests.jsonl", "path", quickly)
        self.digests = Digests(self._digest_journal)
        self.measures = Measures(self.state / "measures.jsonl", self.digests)
        self.glyphs = Glyphs(self.state / "glyphs.jsonl", self.digests)
        salt = os.environ.get("VBMAKE_SALT", "")
        self.pins = Pins(root)
        self.studio = Studio(project, self.state)
        self.knowledge = Knowledge(root, rules, self.tags, self.digests, cache, self.pins, salt)
        self._jobs = Jobs(
            root,
            self.knowledge,
            self.tags,
            self.digests,
            self.measures,
            cache,
            self._logs,
            self.studio,
            self.pins,
        )
        self._planner = planner
        self._declaration: Declaration | None = None

    @classmethod
    def open(
        cls, root: Path | str, *, storage: Storage | None = None, warn: Callable[[str], None] = lambda _: None
    ) -> Workspace:
        """Open a directory with a `video.yaml`. `warn` hears what degrades without failing (a cache out of reach).

        `storage` is the shared cache to use instead of the one that is declared or that the environment names.

        Raises ProjectError with every mistake of the declaration, WorkspaceError when the directory cannot be used.
        """
        root = Path(root).resolve()
        with uncollected():
            declaration = read_declaration(root)

        def planner(measures: Mapping[str, Mapping[str, Any]]) -> BuildPlan:
            return plan_build(BuildInputs(declaration.project, declaration.rules, measures))

        cache = Cache.of(settings(declaration.project.cache), warn, storage, root / STATE / UPLOADS)
        with uncollected():
            workspace = cls(root, declaration.rules, cache, planner=planner, project=declaration.project)
        workspace._declaration = declaration
        return workspace

    @property
    def uploads(self) -> Path:
        """The folder for notes of uploads under way."""
        return self.state / UPLOADS

    @property
    def sync(self) -> Sync | None:
        """Where the declaration publishes to, if it does."""
        return self._declaration.project.sync if self._declaration is not None else None

    @functools.cached_property
    def names(self) -> Names | None:
        """What the declared jobs and targets may come to be called; None where no declaration says it."""
        return Names(self._declaration.project) if self._declaration is not None else None

    def close(self, *, interrupted: bool = False) -> None:
        """Wait for uploads to the cache (when interrupted, only for those under way) and close the files."""
        self._jobs.close()
        self.cache.finish(cancel=interrupted)
        self.studio.close()
        self.pins.close()
        self.tags.close()
        self.places.close()
        self.measures.close()
        self.glyphs.close()
        self._digest_journal.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.close(interrupted=kind is not None)

    @contextlib.contextmanager
    def locked(self, *, reading: bool = False) -> Iterator[None]:
        """Hold the project for a build, or (`reading`) against one. Raises WorkspaceError when it is held.

        However the block ends, what it pinned is written.
        """
        with project_lock(self.state / "lock", reading=reading):
            try:
                yield
            except BaseException:
                with contextlib.suppress(WorkspaceError):  # what ended the block is told
                    self.pins.flush()
                raise
            self.pins.flush()

    def refresh(self) -> bool:
        """Take in what another build has recorded since this workspace was opened. Tells whether it had: plan again.

        Only under the lock is nothing recorded any more that this one does not know of.
        """
        changed = [self.tags.refresh(), self.pins.refresh(), self._digest_journal.refresh()]
        if any(changed):
            self.knowledge.restart()
            self.cache.forget_misses()
        return any(changed)

    def begin(self) -> bool:
        """What every build does first, under the lock: clear up after builds that were killed.

        Tells whether another build has recorded something since the plan was made, so that it must be made again.
        """
        changed = self.refresh()
        stamp.remove(self.root)
        self._leave_out()
        remove_stale(self.root / TEMPORARY)
        for folder in (self.state, self.state / "dag"):
            remove_temporaries(folder)
        remove_temporaries(self.root, (self.pins.path.name,))
        self.tags.compact()
        self._digest_journal.compact()
        self.measures.compact()
        self.glyphs.compact()
        return changed

    def _leave_out(self) -> None:
        """Keep git from taking what builds keep for part of the project, whatever its own `.gitignore` says."""
        path = self.state / ".gitignore"
        with contextlib.suppress(OSError):
            if not path.exists():
                path.write_text("*\n", encoding="ascii")

    @uncollected()
    def plan(self) -> BuildPlan:
        """Plan as far as what is known reaches. Runs no job and writes no target; probes sources that are new.

        Raises ProjectError for what only shows against the media, the fonts and what providers take.
        """
        assert self._planner is not None, "a workspace without a planner is given its plans by `use`"
        named = media(self._declaration.project) if self._declaration is not None else ()
        plan = plan_rounds(self._planner, self.knowledge, self.measures, named)
        self.glyphs.check(plan.writings, self.knowledge)
        if self._declaration is not None and self._declaration.project.films:
            declared = BuildInputs(self._declaration.project, self._declaration.rules)
            check_requests(plan, declared, self.knowledge, self.studio)
        return plan

    @uncollected()
    def foresee(self, plan: BuildPlan) -> BuildPlan:
        """The plan as it will be if what it waits for measures as it did when it was last made. Not to be built.

        It is the plan itself where nothing more is recorded, or where that no longer suits what is declared.
        """
        if not plan.pending:
            return plan
        assert self._planner is not None, "who is given plans is given whole ones"
        named = media(self._declaration.project) if self._declaration is not None else ()
        replaced = self.places.replaced(plan)

        def last(ref: Output) -> Mapping[str, Any] | None:
            """What was measured of an output when its job, or the one in whose place it comes, last succeeded."""
            tag = self.tags.get(ref.job) or replaced.get(ref.job)
            return tag.measures.get(ref.role) if tag is not None else None

        try:
            return plan_rounds(self._planner, self.knowledge, self.measures, named, last)
        except (ProjectError, LookupError, TypeError, ValueError):  # another version may have recorded other measures
            return plan

    def edited(self, plan: BuildPlan) -> list[str]:
        """Ids of the jobs of scenes that were edited since all was last built: these are to begin first."""
        return self._edited.jobs(self._declaration.project, plan) if self._declaration is not None else []

    def use(self, plan: BuildPlan) -> None:
        """Speak of the jobs of this plan (`plan` does it)."""
        self.knowledge.use(plan)

    @uncollected()
    def write_plan(self, plan: BuildPlan) -> None:
        """Write `.vbmake/dag/plan.json`, canonical, and take down what stands where. Raises WorkspaceError."""
        path = self.state / "dag" / "plan.json"
        with explained("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as stream:
                stream.writelines(plan_json(plan))
        self.places.note(plan)

    def status(self, job: JobSpec) -> Status:
        """What a build would do for a job of the plan, and why. Never runs anything. Raises MissingTool."""
        return self.knowledge.status(job)

    @uncollected()
    def work_out(self, plan: BuildPlan) -> None:
        """Work out what a plan's jobs are told, if most of them were never done: all is needed soon, then.

        To be called where a plan is about to be built and not yet written. Of others a job's is worked out when that is
        looked at.
        """
        if not plan.pending and 2 * sum(self.tags.has(job.id) for job in plan.jobs) < len(plan.jobs):
            plan.work_out()

    @uncollected()
    def look_ahead(self, plan: BuildPlan) -> None:
        """What must be known of a plan before its first job begins. Raises MissingTool for a tool that is not here.

        A remote cache is asked for many jobs at once: `status` would ask it for one after the other.
        """
        self.knowledge.look_ahead(plan)

    @uncollected()
    def survey(self, plan: BuildPlan) -> dict[str, Status]:
        """The status of every job by id; a remote cache is asked for many at once."""
        return self.knowledge.survey(plan)

    def run(self, job: JobSpec, on_progress: Progress | None = None) -> Outcome:
        """Bring a job of the plan up to date, once what it needs is. Raises JobError or MissingTool."""
        return self._jobs.run(job, on_progress)

    def redo(self, job: JobSpec) -> dict[str, str]:
        """Do a job that is up to date again, in private: the digests by role, to be compared. Raises JobError."""
        return self._jobs.redo(job)

    def materialise(self, job: JobSpec) -> None:
        """See that the files of a job that is current or fetched are on the disk. Raises JobError."""
        self._jobs.materialise(job)

    def forget(self, job_id: str) -> None:
        """Forget that a job was done (a cache may still have it)."""
        self.tags.drop(job_id)
        self.knowledge.forget(job_id)
        stamp.remove(self.root)

    def tag(self, job_id: str) -> Tag | None:
        """The recorded state of a job, or None."""
        return self.tags.get(job_id)

    def log_path(self, job_id: str) -> Path:
        """Where the log of a job's last run is."""
        return self._logs.path(job_id)

    def pin_recorded(self, plan: BuildPlan) -> None:
        """See that `vbmake.lock` has every asset of the plan that is made: a build that was killed may not have told.

        Raises WorkspaceError.
        """
        for job in plan.jobs:
            tag = self.tags.get(job.id) if job.account else None
            if tag is None or self.pins.entry(tag.key, tag.material) is not None:
                continue
            if self.status(job).key == tag.key:
                self.pins.put(job, Entry.of(tag), int(tag.material["take"]))
        self.pins.flush()

    def pin(self, plan: BuildPlan) -> None:
        """Bring `vbmake.lock` up to date with a plan that is wholly built: all of its assets, and no others."""
        self.pin_recorded(plan)
        asked = [job for job in plan.jobs if job.account]
        if plan.pending or not (asked or self.pins.path.exists()):
            return
        keys, declared = [], []
        for job in asked:
            tag, key = self.tags.get(job.id), self.knowledge.declared_key(job)
            if tag is None or key is None:
                return
            keys.append(tag.key)
            declared.append(key)
        self.pins.keep(keys, declared)

    def write_stamp(self, plan: BuildPlan) -> bool:
        """Remember that this whole plan is built, so that the next call sees it at a glance. Returns whether it did.

        It does not when a file changed since it was read, or cannot be told from one that did.
        """
        if self._declaration is None or plan.pending:
            return False
        self._edited.note(self._declaration.project)
        if not self._declaration.sure:
            return False
        self._jobs.close()  # who finds the stamp clears up after nobody
        try:
            facts, nowhere = facts_of(self.root, plan, self.knowledge, self.tags, self.digests)
            files, absent = {**facts, **self._declaration.files}, (*self._declaration.absent, *nowhere)
            if self.pins.path.exists():
                files[self.pins.path.name] = stamp.facts(self.pins.path.stat())
            else:
                absent = (*absent, self.pins.path.name)
            summary = stamp.Summary(len(plan.jobs), final_targets(plan))
            return stamp.write(self.root, files, absent, summary)
        except (Unsure, OSError):
            return False


def plan_json(plan: BuildPlan) -> list[bytes]:
    """A plan as a line of canonical JSON, in pieces, for `plan.json`."""
    parts = {
        "films": plain_json(plan.films),
        "layers": plan.queue,
        "notes": plain_json([{"place": str(note.place), "message": note.message} for note in plan.notes]),
        "pending": plain_json([{"ref": item.ref.name, "reason": item.reason} for item in plan.pending]),
        "queue_hash": plain_json(plan.queue_hash),
    }
    lines = [piece for name, part in sorted(parts.items()) for piece in (f',"{name}":'.encode(), part)]
    return [b"{", lines[0][1:], *lines[1:], b"}\n"]
