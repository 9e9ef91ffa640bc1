"""`doit info JOB`: a job's rule, inputs, outputs, state and the reason for it."""

from __future__ import annotations

from typing import Any

from doit import cmd_info
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import ProjectCommand
from vbmake.doit_plugin.explain import follow
from vbmake.doit_plugin.project import JobHandle, job_of, projects_of


class Info(ProjectCommand, cmd_info.Info):  # type: ignore[misc]  # doit has no types
    """doit's `info`, and of a job what a film's author wants to know."""

    foresees = True

    def _execute(self, pos_args: Any, hide_status: bool = False) -> Any:
        tasks = {task.name: task for task in self.task_list}
        task = tasks.get(pos_args[0]) if len(pos_args) == 1 else None
        handle = job_of(task) if task is not None else None
        if task is None and len(pos_args) == 1 and projects_of(self.task_list):
            raise InvalidCommand(self._no_job(pos_args[0]))
        if handle is None:
            return super()._execute(pos_args, hide_status)
        self._describe(handle)
        return 0 if hide_status else self._status(handle)

    def _describe(self, handle: JobHandle) -> None:
        write = self.outstream.write
        job, project = handle.job, handle.project
        write(f"{project.name(job.id)}\n")
        if job.title:
            write(f"{job.title}\n")
        write(f"\nrule:     {job.rule}\npool:     {job.pool}\ndeclared: {handle.place}\nlog:      {handle.log}\n")
        write("inputs:\n" if job.inputs else "")
        for role in sorted(job.inputs):
            for ref in job.inputs[role]:
                write(f" - {role}: {ref.name}\n")
        write("outputs:\n")
        for role, path in sorted(job.outputs.items()):
            write(f" - {role}: {project.path(path)}\n")
        if job.take != 1:
            write(f"take:     {job.take}\n")

    def _status(self, handle: JobHandle) -> int:
        statuses = handle.project.workspace.survey(handle.project.plan)
        state = statuses[handle.job.id].state
        self.outstream.write(f"state:    {state}\n")
        if state == "current":
            return 0
        for line in follow(handle.project, statuses, handle.job):
            self.outstream.write(f"  {line}\n")
        return 1
