"""`doit reroll JOB`: ask for another sample of a generated asset, or go back to an earlier one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, ProjectCommand
from vbmake.doit_plugin.option import option
from vbmake.doit_plugin.project import FilmProject, JobHandle, is_group, job_of, projects_of
from vbmake.doit_plugin.unknown import alike, listed, waiting
from vbmake.errors import ProjectError
from vbmake.plan.generated import RULES

LAST = 10_000  # as in the language

TAKE = option("take", "choose this take (an earlier one is in the cache, and free) instead of the next")


class Reroll(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Chooses takes; the next build makes them, or brings them from the cache."""

    name = "reroll"
    doc_purpose = "ask for another sample of a generated asset (the next build makes it), or choose an earlier one"
    doc_usage = "JOB..."
    doc_description = (
        "Notes in vbmake.lock which take of an asset is wanted: the next one, or that of --take. The declaration stays "
        "as it is. Runs nothing and asks no provider. Earlier takes stay in the cache: choosing one again is free."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (TAKE,)

    def _execute(self, take: str | None, pos_args: Any) -> int:
        if not pos_args:
            raise InvalidCommand(f"which job? {self._able()}")
        asked = _number(take) if take is not None else None
        tasks = {task.name: task for task in self.task_list}
        targets = {target: task.name for task in self.task_list for target in task.targets}
        handles = []
        for word in pos_args:
            task = tasks.get(targets.get(word, word))
            if task is None:
                raise InvalidCommand(self._not_found(word))
            members = [tasks[name] for name in task.task_dep] if is_group(task) else [task]
            handles += [self._checked(member) for member in members]
        for handle in handles:
            self._choose(handle, asked)
        return 0

    def _not_found(self, word: str) -> str:
        """What is said of a word that no task has for its name. It may be a job that is planned later."""
        near = alike(word, self._asked())
        hint = f"did you mean {' or '.join(near)}?" if near else self._able()
        projects, rule = projects_of(self.task_list), word.partition(":")[0]
        rest = waiting(projects)
        if rest and not near and rule != word and rule not in RULES.values() and _is_rule(rule, projects):
            return f"{word} is not made by a provider: made again, it would be the same; {hint}"
        return f"{word} is no job and no target; {hint}" + (f" ({rest})" if rest else "")

    def _checked(self, task: Any) -> JobHandle:
        handle = job_of(task)
        if handle is None or not handle.job.account:
            raise InvalidCommand(
                f"{task.name} is not made by a provider: made again, it would be the same; {self._able()}"
            )
        return handle

    def _asked(self) -> list[str]:
        """The jobs that a provider makes."""
        found = ((task.name, job_of(task)) for task in self.task_list)
        return [name for name, handle in found if handle is not None and handle.job.account]

    def _able(self) -> str:
        names = self._asked()
        return f"providers make {listed(names)}" if names else "no job here is made by a provider"

    def _choose(self, handle: JobHandle, asked: int | None) -> None:
        workspace, job = handle.project.workspace, handle.job
        with workspace.locked():
            workspace.refresh()
            key = workspace.knowledge.declared_key(job)
            if key is None:
                raise InvalidCommand(f"what {job.id} reads is not made yet; build first")
            now = workspace.pins.take(key) or job.take
            chosen = now + 1 if asked is None else asked
            if chosen > LAST:
                raise InvalidCommand(f"{job.id} has no take after {LAST}; --take chooses an earlier one")
            workspace.pins.choose(key, chosen if chosen != job.take else None)
            workspace.knowledge.forget(job.id)
            known = workspace.knowledge.assess(job).state
        words = {"current": "it is the one that is built", "fetch": "it is in the cache"}
        what = words.get(known, "the next build asks for it")
        self.outstream.write(f"{handle.project.name(job.id)}: take {chosen} instead of {now}; {what}\n")


def _number(take: str) -> int:
    """The take that is asked for. Raises InvalidCommand."""
    if re.fullmatch(r"[0-9]{1,5}", take, re.ASCII) and 1 <= int(take) <= LAST:
        return int(take)
    raise InvalidCommand(f"--take is a number from 1 to {LAST}, not {take or 'nothing'}")


def _is_rule(name: str, projects: Iterable[FilmProject]) -> bool:
    for project in projects:
        with contextlib.suppress(ProjectError):
            project.workspace.rules.rule(name)
            return True
    return False
