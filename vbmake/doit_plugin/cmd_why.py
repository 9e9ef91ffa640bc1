"""`doit why JOB`: the reason that a job would run, field by field, followed upstream."""

from __future__ import annotations

from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, ProjectCommand, why_ignored
from vbmake.doit_plugin.explain import follow
from vbmake.doit_plugin.foretold import foretold_tasks, statuses
from vbmake.doit_plugin.makers import Makers, lack, makers_of, still_unplanned
from vbmake.doit_plugin.project import is_group, job_of, refuse, unplanned_of
from vbmake.doit_plugin.unknown import listed


class Why(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Explains jobs by id, by target, or by group."""

    name = "why"
    doc_purpose = "tell why a job would run: which field changed, from what to what"
    doc_usage = "JOB|TARGET..."
    doc_description = (
        "What changed in what the job's key is made of, since it last succeeded. An input that another job makes is "
        "followed by that job's own reasons, up to a line of video.yaml or a file, with the variables, the styles and "
        "the data files that stand behind that line. Runs nothing."
    )

    foretells = True

    def _execute(self, pos_args: Any) -> int:
        if not pos_args:
            raise InvalidCommand(f"which job? `{self.bin_name} plan` lists those that would run")
        makers = makers_of(self.task_list, self.dep_manager)
        refuse(still_unplanned(self.task_list, makers))
        told = foretold_tasks(self.task_list)
        tasks = {task.name: task for task in told}
        targets = {target: task.name for task in told for target in task.targets}
        ignored = self.ignored()
        for word in pos_args:
            task = tasks.get(targets.get(word, word))
            if task is None:
                raise InvalidCommand(self._no_job(word))
            members = [tasks[name] for name in task.task_dep] if is_group(task) else [task]
            for member in members:
                if member.name in ignored:
                    self.outstream.write(f"{member.name}: ignored, {why_ignored(member.name, ignored)}\n")
                self._explain(member, makers)
        return 0

    def _explain(self, task: Any, makers: Makers) -> None:
        handle = job_of(task)
        for unplanned in unplanned_of([task]):
            place = unplanned.error.problems[0].place
            self.outstream.write(f"{task.name}: cannot be planned before {listed(makers.of(unplanned))} has run\n")
            self.outstream.write(f"  {place}: {lack(unplanned)}\n")
            return
        if handle is None:
            raise InvalidCommand(f"{task.name} is no job of a film; `{self.bin_name} info {task.name}` tells of it")
        found = makers.applied(handle.project, statuses(handle.project))
        for line in follow(handle.project, found, handle.job):
            self.outstream.write(line + "\n")
