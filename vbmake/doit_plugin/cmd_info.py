"""`doit info JOB`: a job's rule, inputs, outputs, state and the reason for it."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from doit import cmd_info
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import ProjectCommand, why_ignored
from vbmake.doit_plugin.explain import follow
from vbmake.doit_plugin.project import JobHandle, is_group, job_of, projects_of


class Info(ProjectCommand, cmd_info.Info):  # type: ignore[misc]  # doit has no types
    """doit's `info`, and of a job what a film's author wants to know."""

    foresees = True

    def _execute(self, pos_args: Any, hide_status: bool = False) -> Any:
        if len(pos_args) != 1 or not projects_of(self.task_list):
            return super()._execute(pos_args, hide_status)
        tasks = {task.name: task for task in self.task_list}
        targets = {target: task for task in self.task_list for target in task.targets}
        task = tasks.get(pos_args[0]) or targets.get(pos_args[0])
        if task is None:
            raise InvalidCommand(self._no_job(pos_args[0]))
        if is_group(task):
            return self._describe_group(task, [tasks[name] for name in task.task_dep], hide_status)
        handle = job_of(task)
        if handle is None:
            return super()._execute([task.name], hide_status)
        self._describe(handle)
        if hide_status:
            return 0
        ignored = self.ignored()
        if task.name in ignored:
            self.outstream.write(f"state:    ignored, {why_ignored(task.name, ignored)}\n")
            return 0
        return self._status(handle)

    def _describe_group(self, group: Any, members: list[Any], hide_status: bool) -> int:
        """Tell what a group stands for, and the states of its members; 1 where one of them would be made."""
        states = {} if hide_status else self._states(members)
        self.outstream.write(f"{group.name}\n{group.doc}\n\nmembers:\n")
        for member in members:
            self.outstream.write(f" - {member.name}" + (f"  {states[member.name]}" if states else "") + "\n")
        if not states:
            return 0
        counts = Counter(states.values())
        told = [f"{number} {state}" for state, number in counts.items()]
        self.outstream.write(f"state:    {', '.join(told)}\n")
        return 1 if counts.keys() - {"current", "ignored"} else 0

    def _states(self, members: list[Any]) -> dict[str, str]:
        """The states of jobs, by the name of their tasks."""
        ignored = self.ignored()
        handles = [(member.name, handle) for member in members if (handle := job_of(member)) is not None]
        surveys = {handle.project: handle.project.workspace.survey(handle.project.plan) for _, handle in handles}
        return {
            name: "ignored" if name in ignored else str(surveys[handle.project][handle.job.id].state)
            for name, handle in handles
        }

    def _describe(self, handle: JobHandle) -> None:
        write = self.outstream.write
        job, project = handle.job, handle.project
        write(f"{project.name(job.id)}\n")
        if job.title:
            write(f"{job.title}\n")
        write(f"\nrule:     {job.rule}\npool:     {job.pool}\ndeclared: {handle.place}\n")
        if os.path.exists(handle.log):  # from its first run on
            write(f"log:      {handle.log}\n")
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
