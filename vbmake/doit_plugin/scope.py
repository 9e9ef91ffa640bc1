"""What a build's selection reaches: the films it concerns, those to be planned further, what comes first."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cached_property
from typing import Any

from doit.control import TaskControl

from vbmake.doit_plugin.expected import needs
from vbmake.doit_plugin.named import named
from vbmake.doit_plugin.project import (
    META,
    Expected,
    FilmProject,
    Unplanned,
    is_group,
    is_own,
    job_of,
    projects_of,
    spelt,
    unplanned_of,
    within,
)


class Scope:
    """The reach of `selection` (None: everything) among the tasks of one round."""

    def __init__(self, tasks: Sequence[Any], control: TaskControl, selection: Sequence[str] | None) -> None:
        self.tasks = tasks
        self.control = control
        self.selection = selection

    @cached_property
    def closure(self) -> dict[str, Any]:
        """The selected tasks with all they need, by name."""
        tasks = self.control.tasks
        if self.selection is None:
            return dict(tasks)
        found: dict[str, Any] = {}
        stack = [name for name in tasks if self._selects(name)]
        while stack:
            name = stack.pop()
            if name not in found:
                task = found[name] = tasks[name]
                stack += needs(task)
        return found

    @cached_property
    def projects(self) -> list[FilmProject]:
        """The films that the selection concerns."""
        projects = projects_of(self.tasks)
        if self.selection is None:
            return projects
        reached = projects_of(self.closure.values())
        return [project for project in projects if project in reached or self._awaits(project)]

    @cached_property
    def unplanned(self) -> list[Unplanned]:
        """The films that the selection concerns and that cannot be planned as things are."""
        reached = unplanned_of(self.closure.values())
        return [one for one in unplanned_of(self.tasks) if one in reached or self._awaits(one)]

    def hopeless(self) -> list[str]:
        """Words of the selection that name nothing, however much further the films are planned.

        Where the user's own tasks make what films are declared in, or what creates tasks has yet to run, there is no
        telling.
        """
        unknown = [word for word in self._strange if "*" not in word]
        films = projects_of(self.tasks)
        if not unknown or self.unplanned or any(task.loader for task in self.control.tasks.values()):
            return []
        words = [word for word in unknown if not any(film.may_have(word) for film in films)]
        return [] if words and any(self._is_written(film) for film in films) else words

    def _is_written(self, film: FilmProject) -> bool:
        """Whether a task of the user's makes a part of a film's declaration."""
        paths = {spelt(path) for task in self._own(self.control.tasks) for path in task.targets}
        return any(within(film.base, path) for path in paths) and not paths.isdisjoint(film.documents())

    def incomplete(self) -> list[FilmProject]:
        """The films of which the selection asks for more than is planned yet."""
        return [project for project in self.projects if not project.complete and self._asks_for_more(project)]

    def sources(self, made: set[str]) -> list[str]:
        """Tasks of the user's that make sources of the films: they go first, and the films are planned anew.

        Not those that need what is yet to be planned: their turn comes in a later round.
        """
        own = [path for task in self._own(self.control.tasks) for path in task.targets]
        if not own:
            return []
        paths = {dep for task in self.closure.values() if job_of(task) is not None for dep in task.file_dep}
        paths |= {path for project in self.projects for path in project.pending_files()}
        for project in self.projects:
            if any(within(project.base, spelt(path)) for path in own):
                paths |= project.documents()
        makers = {self.control.targets[path] for path in paths if path in self.control.targets}
        for unplanned in self.unplanned:
            makers |= {name for path, name in self.control.targets.items() if within(unplanned.base, path)}
        ready = makers - made - self._premature
        return sorted(name for name in ready if META not in (self.control.tasks[name].meta or {}))

    def block(self, failed: Collection[str], ended: Collection[str]) -> list[FilmProject | Unplanned]:
        """The films of which the plan rests on something that has failed. Whatever needs them is made to need that.

        All of a film rests on the sources that tasks of the user's make; what is not planned yet, on what the plan
        waits for. What has ended, well or not, is left as it is.
        """
        films: list[FilmProject | Unplanned] = [*self.projects, *self.unplanned]
        lost = []
        for film in films if failed else ():
            broken = self._makers(film).intersection(failed)
            waits = broken.union(film.pending_tasks() if isinstance(film, FilmProject) else ()).intersection(failed)
            if waits:
                lost.append(film)
                for task in self.control.tasks.values():
                    if task.name not in ended:
                        more = self._needs_more(task, film)
                        task.task_dep += sorted(waits if more else broken if film in projects_of([task]) else ())
        return lost

    def _makers(self, film: FilmProject | Unplanned) -> set[str]:
        """The tasks of the user's that make what a film is made of, as far as that is known."""
        targets = self.control.targets
        if isinstance(film, Unplanned):
            return {name for path, name in targets.items() if within(film.base, path)}
        jobs = (task for task in self.control.tasks.values() if film in projects_of([task]))
        paths = {dep for task in jobs for dep in task.file_dep}.union(film.pending_files(), film.documents())
        return {targets[path] for path in paths if path in targets and is_own(self.control.tasks[targets[path]])}

    def stand_ins(self, films: Collection[FilmProject | Unplanned]) -> list[str]:
        """The tasks that stand for films that cannot be planned."""
        return [name for name, task in self.control.tasks.items() if (task.meta or {}).get(META) in films]

    def is_lost(self, word: str, lost: Collection[FilmProject | Unplanned]) -> bool:
        """Whether a word of the selection names nothing that is planned, and may name something of these films."""
        return word in self._strange and any(film.may_have(word) for film in lost)

    def possible(self) -> list[str]:
        """Jobs that are planned and wanted anyway: they may run while the plan waits for measures."""
        premature = self._premature
        return [name for name, task in self.closure.items() if job_of(task) is not None and name not in premature]

    def edited_first(self, names: Sequence[str]) -> list[str]:
        """The same selection, in which the jobs of edited scenes go before the other jobs of films.

        They go before no task of the user's that does without films and stands before them, and are only those that
        what is selected leads to: such as would have run anyway.
        """
        edited = dict.fromkeys(
            project.name(id) for project in self.projects for id in project.workspace.edited(project.plan)
        )
        if not edited:
            return list(names)
        found: list[str] = []
        jobs: list[str] = []  # that are selected, or lead to jobs, and stand together
        led: set[str] = set()  # where these lead to
        reached: set[str] = set()
        for name in names:
            new = self._lead(name, reached)
            if any(job_of(self.control.tasks[one]) is not None for one in new):
                jobs.append(name)
                led |= new
            else:
                found += [*(one for one in edited if one in led), *jobs, name]
                jobs, led = [], set()
        return [*found, *(one for one in edited if one in led), *jobs]

    def _lead(self, name: str, reached: set[str]) -> set[str]:
        """The task and all that it depends on, without what was `reached` before; which it is then."""
        found: set[str] = set()
        stack = [name]
        while stack:
            one = stack.pop()
            if one not in reached:
                reached.add(one)
                found.add(one)
                stack += [*self.control.tasks[one].task_dep, *self.control.tasks[one].calc_dep]
        return found

    def default(self) -> list[str]:
        """What is built when nothing is named: every task of the user's, and of each film all that no other job reads.

        That is its final targets, and what is only measured (the script, the times of words).
        """
        finals = {name for project in self.projects for name in project.ends()}
        tasks = self.control.tasks.items()
        return [name for name, task in tasks if name in finals or META not in (task.meta or {})]

    @property
    def reach(self) -> Set[str] | None:
        """Names of all that may run in this round; None where everything may, or where it cannot be told yet."""
        return None if self.selection is None or self._strange else self.closure.keys()

    @cached_property
    def _premature(self) -> set[str]:
        """What needs a file that is not there, that no task makes, and that a film may make once it is planned.

        Whatever needs such a task is among them.
        """
        bases = [one.base for one in unplanned_of(self.tasks)]
        bases += [project.base for project in projects_of(self.tasks) if not project.complete]
        users: dict[str, list[str]] = {}
        found: set[str] = set()
        if not bases or not (own := self._own(self.control.tasks)):
            return found
        for name, task in self.control.tasks.items():
            for need in (*task.task_dep, *task.setup_tasks, *task.calc_dep):
                users.setdefault(need, []).append(name)
        stack = [task.name for task in own if any(self._is_yet_to_be_planned(dep, bases) for dep in task.file_dep)]
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                stack += users.get(name, ())
        return found

    def _is_yet_to_be_planned(self, path: str, bases: Sequence[str]) -> bool:
        known = path in self.control.targets or not any(within(base, path) for base in bases)
        return not known and not os.path.exists(path)

    @cached_property
    def _named(self) -> list[str]:
        """The words of the selection that name tasks and targets, as doit reads it."""
        return named(self.selection or (), self.control.tasks)

    @cached_property
    def _words(self) -> set[str]:
        words = set(self._named)
        return words | {self.control.targets[word] for word in words if word in self.control.targets}

    @cached_property
    def _strange(self) -> list[str]:
        """The words that are nothing that is planned yet."""
        return [word for word in self._named if word not in self.control.tasks and word not in self.control.targets]

    def _selects(self, name: str) -> bool:
        return name in self._words

    def _awaits(self, film: FilmProject | Unplanned) -> bool:
        """Whether something selected may be, or may need, what is only known when a film is planned."""
        return bool(self._strange) or any(self._needs_more(task, film) for task in self.closure.values())

    def _needs_more(self, task: Any, film: FilmProject | Unplanned) -> bool:
        """Whether a task needs, or may need, what is only known when a film is planned."""
        handle = (task.meta or {}).get(META)
        if handle is not None:
            return handle is film or (isinstance(handle, Expected) and handle.project is film)
        if any(film.may_match(pattern) for pattern in task.wild_dep):
            return True
        return any(film.may_make(dep) and dep not in self.control.targets for dep in task.file_dep)

    @staticmethod
    def _own(tasks: Mapping[str, Any]) -> list[Any]:
        """The tasks of the user's among these."""
        return [task for task in tasks.values() if is_own(task)]

    def _asks_for_more(self, project: FilmProject) -> bool:
        if self.selection is None or self._awaits(project):
            return True
        return any(is_group(task) and task.meta[META].project is project for task in self.closure.values())
