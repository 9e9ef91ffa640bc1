"""`run_build`: plan, run, and plan again until nothing is pending."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from vbmake.cache.mirror import Synced
from vbmake.cache.settings import is_pull_request
from vbmake.errors import JobError, MissingTool, VbmakeError
from vbmake.plan.types import BuildPlan, JobSpec
from vbmake.run.complete import final_targets
from vbmake.run.executor import Executor, Results, ThreadExecutor, Watch
from vbmake.run.job import Outcome
from vbmake.run.mirroring import mirror
from vbmake.run.owed import push_owed
from vbmake.run.spending import Confirm, agree
from vbmake.run.workspace import Workspace
from vbmake.storage.protocol import Storage


@dataclass(frozen=True)
class BuildResult:
    """What a build did: the last plan, each job's outcome or failure by id, and the wall time in seconds.

    `synced` is what was published after it, if it was; `sync_failure` says why it could not be.
    """

    plan: BuildPlan
    outcomes: dict[str, Outcome]
    failures: dict[str, VbmakeError]
    skipped: tuple[str, ...]
    seconds: float
    synced: Synced | None = None
    sync_failure: VbmakeError | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that was declared is built, and published where it is to be published after a build."""
        return not self.failures and not self.skipped and self.sync_failure is None

    @property
    def targets(self) -> tuple[str, ...]:
        """The final targets, as paths in the project."""
        return final_targets(self.plan)

    def count(self, how: str) -> int:
        """How many jobs `ran`, were `fetched` or were `current`."""
        return sum(outcome.how == how for outcome in self.outcomes.values())


def run_build(
    project: Path | str | Workspace,
    storage: Storage | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
    publish: bool = True,
    confirm: Confirm | None = None,
) -> BuildResult:
    """Build a project: `project` is its directory, its `video.yaml`, or a workspace that is open.

    `storage` is a cache to share with other machines, instead of the one that the project or the environment names;
    an open workspace has its own. `executor` runs the jobs: by default in threads of this process. A project that says
    `sync: {after: build}` is published when all of it is built, but for a pull request, or where `publish` is false.
    `confirm` is asked before a build that may cost more than `budget: {confirm: ...}`: it is told how much, and returns
    whether to go on. Without it nobody is asked.

    Plans what can be planned, runs it, and plans again with what was measured, until nothing is pending. A job that
    fails is in the result. Raises ProjectError for a wrong declaration, WorkspaceError when another build runs
    there, or `confirm` says no.
    """
    if isinstance(project, Workspace):
        return _build(project, executor or ThreadExecutor(), watch, publish, confirm)
    path = Path(project)
    with Workspace.open(path.parent if path.suffix in (".yaml", ".yml") else path, storage=storage) as workspace:
        return _build(workspace, executor or ThreadExecutor(), watch, publish, confirm)


def _build(
    workspace: Workspace, executor: Executor, watch: Watch | None, publish: bool, confirm: Confirm | None
) -> BuildResult:
    began = time.monotonic()
    outcomes: dict[str, Outcome] = {}
    with workspace.locked():
        workspace.begin()
        waited: set[str] = set()
        while True:
            plan = workspace.plan()
            workspace.write_plan(plan)
            pending = {item.ref.name for item in plan.pending}
            if pending and pending <= waited:
                raise JobError(f"nothing tells how {', '.join(sorted(pending))} measures; the plan cannot go on")
            if confirm is not None:
                agree(workspace.studio, _to_ask(workspace, plan), confirm)
            results: Results = executor.run(plan, workspace, watch)
            for job_id, outcome in results.outcomes.items():
                if (
                    outcomes.get(job_id) is None or outcome.how != "current"
                ):  # what a round did is not undone by the next
                    outcomes[job_id] = outcome
            if results.failures or results.skipped or not pending:
                break
            waited |= pending
        workspace.pin_recorded(plan)
        push_owed(workspace, plan)
        synced: Synced | None = None
        failure: VbmakeError | None = None
        if not results.failures and not results.skipped:
            try:
                synced = _publish(workspace, plan) if publish else None
            except VbmakeError as error:
                failure = error
            workspace.pin(plan)
            if failure is None and (synced is not None or not _publishes(workspace)):
                workspace.write_stamp(plan)
    seconds = time.monotonic() - began
    return BuildResult(plan, outcomes, results.failures, results.skipped, seconds, synced, failure)


def _to_ask(workspace: Workspace, plan: BuildPlan) -> list[JobSpec]:
    """The jobs of the plan that will ask a provider, as far as that is known; none that fails before, for a tool."""
    jobs = [job for job in plan.jobs if job.account]
    asking: dict[str, JobSpec] = {}  # what several ask for alike is asked for once
    if jobs:
        with contextlib.suppress(MissingTool):
            workspace.look_ahead(plan)
    for job in jobs:
        with contextlib.suppress(MissingTool):
            status = workspace.status(job)
            if status.state in ("run", "maybe"):
                asking.setdefault(status.key or job.id, job)
    return list(asking.values())


def _publishes(workspace: Workspace) -> bool:
    """Whether a build of this project is only done when it is published."""
    return workspace.sync is not None and workspace.sync.after == "build"


def _publish(workspace: Workspace, plan: BuildPlan) -> Synced | None:
    """Publish a film that was just built, if it is to be. Raises WorkspaceError."""
    declared = workspace.sync
    if declared is None or not _publishes(workspace) or is_pull_request(os.environ):
        return None
    return mirror(workspace, plan, declared.address)
