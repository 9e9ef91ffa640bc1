"""What every core doit command gains: in a directory with a `video.yaml` it works on the film, elsewhere as ever.

The core commands are overridden by entry points (`doit.COMMAND`). The override is the core class with `ProjectCommand`
in front; where no film is concerned it does nothing but call the core class.
"""

from __future__ import annotations

import getopt
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.cmdparse import CmdParseError
from doit.doit_cmd import DoitConfig
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin import where
from vbmake.doit_plugin.encoding import bear_all
from vbmake.doit_plugin.hearing import Told, as_before, stand_in, tell_all, to_the_end
from vbmake.doit_plugin.loader import BACKEND, VideoLoader
from vbmake.doit_plugin.marks import MarksDB
from vbmake.doit_plugin.project import close_all, leave_all, projects_of, refuse, unplanned_of
from vbmake.doit_plugin.states import JobStates
from vbmake.errors import VbmakeError

INTERRUPTED = 130

_NO_TASK = re.compile(r"'(.*)' is not a task\.", re.DOTALL)  # as doit says it


def why_ignored(name: str, ignored: Mapping[str, str]) -> str:
    """Why a build leaves a task out, and until when."""
    cause = ignored[name]
    return ("" if cause == name else f"as is {cause}, which it needs, ") + f"until `forget {cause}`"


class Guarded:
    """A command whose errors of vbmake's are told in words, without a traceback, with their own exit code."""

    outstream: Any  # of a command of doit's that has tasks
    cmdparser: Any
    opt_vals: Any
    _parsed = False  # whether its own options are: what is wrong then is an option of a task's

    def parse_execute(self, in_args: list[str]) -> Any:
        """Called by doit with what follows the command's name."""
        try:
            return super().parse_execute(in_args)  # type: ignore[misc]  # the core command follows in the MRO
        except CmdParseError as error:
            if self._parsed or not (self.ours() or self._may_be_ours(in_args)):
                raise
            from vbmake.doit_plugin.misread import misread

            raise InvalidCommand(misread(self, error)) from None

    def _may_be_ours(self, in_args: list[str]) -> bool:
        """Whether the call is about a film, as far as a command line can be read of which an option is wrong."""
        said = {**where.said(self.cmdparser, in_args), **self.opt_vals}
        return where.claimed(said, Path.cwd()) is not None

    def execute(self, params: Any, args: list[str]) -> Any:
        """Called by doit with the parsed options and the words of the command line."""
        self._parsed = True
        with as_before():
            if self.ours():
                self._speak()
            return to_the_end(lambda: self._guarded(params, args))

    def _speak(self) -> None:
        """Once a call is known to be vbmake's business: any text can be told, and it is told when none can be."""
        stand_in()
        bear_all()
        tell_all()
        if hasattr(self, "outstream") and not isinstance(self.outstream, Told):
            self.outstream = sys.stdout if self.outstream is None else Told(self.outstream)

    def _guarded(self, params: Any, args: list[str]) -> Any:
        try:
            code = self.perform(params, args)
            if isinstance(sys.stdout, Told):
                sys.stdout.flush()
            return code
        except VbmakeError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
        except KeyboardInterrupt:
            if not self.ours():
                raise
            sys.stderr.write("interrupted\n")
            leave_all()  # a build that was interrupted once has told what it waits for, and this is the second time
            return INTERRUPTED
        finally:
            close_all()

    def perform(self, params: Any, args: list[str]) -> Any:
        """Do the command."""
        raise NotImplementedError

    def ours(self) -> bool:
        """Whether the call is vbmake's business, so that an interrupt is told in vbmake's way."""
        return True


class Rooted(Guarded):
    """A command that works in the directory of a project and needs none of its tasks."""

    def __init__(self, task_loader: Any = None, cmds: Any = None, **kwargs: Any) -> None:
        """`cmds` are the other commands, which doit gives to each that takes a loader."""
        super().__init__(**kwargs)
        self.loader = task_loader if isinstance(task_loader, VideoLoader) else VideoLoader()

    def root(self, params: Any) -> Path:
        """The project's directory. Raises WorkspaceError when there is none."""
        return self.loader.locate(params)


class FreeOrder:
    """A command whose options may also stand after its words (`frame harbour@2s -o still.png`); doit's may not."""

    cmdparser: Any
    name: str
    doc_usage: str
    bin_name: str

    def parse_execute(self, in_args: list[str]) -> Any:
        """Called by doit with what follows the command's name."""
        parser = self.cmdparser
        try:
            given = _with_values(in_args, self.name, parser)
            options, words = getopt.gnu_getopt(given, parser.get_short(), parser.get_long())
        except getopt.GetoptError as error:
            from vbmake.doit_plugin.misread import misread

            raise InvalidCommand(misread(self, error)) from None
        if words and not self.doc_usage:
            help = f"`{self.bin_name} help {self.name}` lists the options"
            raise InvalidCommand(f"{self.name} takes no words, found {' '.join(words)}; {help}")
        ordered = []
        for name, value in options:
            takes_none = parser.get_option(name)[0].type is bool
            ordered += [name] if takes_none else [f"{name}={value}"] if name[:2] == "--" else [name, value]
        ordered += ["--", *words]
        return super().parse_execute(ordered)  # type: ignore[misc]  # the core command follows in the MRO


def _with_values(in_args: list[str], command: str, parser: Any) -> list[str]:
    """doit takes every word with `=` away as a variable, an option's value too: such values are put back.

    An address of `--to` that has an endpoint is one; without it the option would take the next word for its value.
    """
    tail = sys.argv[sys.argv.index(command) + 1 :] if command in sys.argv else []
    if [word for word in tail if not _is_variable(word)] != in_args:  # called from Python, or nothing was taken away
        return in_args
    wanting = {f"--{name[:-1]}" for name in parser.get_long() if name.endswith("=")}
    wanting |= {f"-{letter}" for letter in re.findall("(.):", parser.get_short())}
    before = ["", *tail]
    return [word for word, option in zip(tail, before, strict=False) if not _is_variable(word) or option in wanting]


def _is_variable(word: str) -> bool:
    return "=" in word and word[:1] != "-"


class ProjectCommand(Guarded):
    """A command that loads tasks, from a film's project where there is one."""

    loader: Any
    config: Any
    name: str
    bin_name: str
    execute_tasks: bool
    _backends: Any

    def perform(self, params: Any, args: list[str]) -> Any:
        self.adopt(params)
        try:
            return super(Guarded, self).execute(params, args)  # type: ignore[misc]  # the core command is next in the MRO
        except InvalidCommand as error:
            wrong = _NO_TASK.fullmatch(str(error))
            if wrong and projects_of(getattr(self, "_task_list", ())):
                raise InvalidCommand(self._no_task(wrong[1])) from None
            if error.not_found is None or not self.ours():
                raise
            raise InvalidCommand(self._unknown(str(error.not_found))) from None

    def _unknown(self, word: str) -> str:
        """What is said of a word that is no command, job or target."""
        from vbmake.doit_plugin.unknown import alike, names_of
        from vbmake.doit_plugin.words import COMMANDS

        near = alike(word, {*COMMANDS, *self.loader.cmd_names, *names_of(self.task_list)})
        hint = f"did you mean {' or '.join(near)}?" if near else f"`{self.bin_name} help` shows the commands;"
        return f"{word} is no command, job or target; {hint} {self._listing()}"

    def _no_job(self, word: str) -> str:
        """What is said of a word that is no job or target, by a command that wants one."""
        from vbmake.doit_plugin.unknown import alike, names_of

        near = alike(word, names_of(self.task_list))
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return f"{word} is no job and no target; {hint}{self._listing()}"

    def _no_task(self, word: str) -> str:
        """What is said of a word that is no job, by a command that takes no targets."""
        from vbmake.doit_plugin.unknown import alike

        makers = [task.name for task in self.task_list if word in task.targets]
        near = makers or alike(word, [task.name for task in self.task_list])
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return f"{word} is no job and no group; {hint}{self._listing()}"

    def ignored(self) -> dict[str, str]:
        """The tasks that a build leaves out, each with the one that was marked: itself, or one that it needs."""
        found: dict[str, str] = {}
        for task in self.task_list:
            marked = self.dep_manager.status_is_ignore(task)
            cause = task.name if marked else next((found[name] for name in task.task_dep if name in found), None)
            if cause is not None:
                found[task.name] = cause
        return found

    def _listing(self) -> str:
        from vbmake.doit_plugin.unknown import waiting

        rest = waiting(projects_of(self.task_list))
        return f"`{self.bin_name} list --all` shows the jobs" + (f" ({rest})" if rest else "")

    def ours(self) -> bool:
        return isinstance(self.loader, VideoLoader)

    def adopt(self, params: Any) -> None:
        """Take the film's loader in place of doit's default one, if the call is vbmake's to answer."""
        if type(self.loader) is DodoTaskLoader:
            root = where.claimed(params, Path.cwd())
            if root is None:
                return
            loader = VideoLoader(root)
            loader.cmd_names, loader.config = self.loader.cmd_names, self.loader.config
            self.loader = loader
        if isinstance(self.loader, VideoLoader):
            self._speak()
            self._backends[BACKEND] = MarksDB
            self._read_config(params, self.loader.locate(params))

    def _read_config(self, params: Any, root: Path) -> None:
        """doit has read the configuration where it was called; when that is below the project, read the project's."""
        here = Path.cwd()
        if root == here:
            return
        os.chdir(root)
        try:
            found = DoitConfig()
            found.loads([name for name in ("pyproject.toml", "doit.cfg") if os.path.exists(name)])
        finally:
            os.chdir(here)
        for section in ("GLOBAL", self.name):
            values = dict(found.as_dict().get(section, {}))
            self.loader.config.setdefault(section, {}).update(values)
            try:
                params.update_defaults(
                    {key: self.cmdparser[key].str2type(value) for key, value in values.items() if key in self.cmdparser}
                )
            except CmdParseError as error:
                from vbmake.doit_plugin.misread import misread

                raise InvalidCommand(misread(self, error)) from None

    foresees = False  # whether jobs that are only foreseen are as good as planned ones, to be named or told of
    foretells = False  # whether it can tell of a film that a task of the user's makes the missing parts of

    # doit assigns the loaded tasks and then works on them: the only seam at which the states of jobs can come in.
    @property
    def task_list(self) -> list[Any]:
        """The loaded tasks."""
        return self._task_list

    @task_list.setter
    def task_list(self, tasks: list[Any]) -> None:
        if self.foresees and any(not project.complete for project in projects_of(tasks)):
            from vbmake.doit_plugin.foretold import foretold_tasks

            tasks = foretold_tasks(tasks)
        self._task_list = tasks
        if projects_of(tasks):
            self._speak()
        if not self.execute_tasks:
            if not self.foretells:  # a build may find that a task of the user's makes what is missing
                refuse(unplanned_of(tasks))
            if projects_of(tasks):
                from vbmake.doit_plugin.expected import expected

                self._task_list = tasks = [*tasks, *expected(tasks)]
        plain = self.dep_manager.plain if isinstance(self.dep_manager, JobStates) else self.dep_manager
        self.dep_manager = JobStates(plain, tasks) if projects_of(tasks) else plain

    dep_manager: Any = None
