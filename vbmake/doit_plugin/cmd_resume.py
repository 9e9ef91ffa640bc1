"""`doit resume`: answer what a crash left open - was it asked for, and paid, or not?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, ProjectCommand
from vbmake.doit_plugin.option import flag
from vbmake.doit_plugin.project import FilmProject, projects_of

if TYPE_CHECKING:
    from vbmake.providers.engine import Question

RESUBMIT = flag("resubmit", "ask again: the next build does, and pays (perhaps a second time)")
ABANDON = flag("abandon", "do not ask again: the job fails until it is resubmitted, or another take is asked for")


class Resume(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Lists requests whose outcome is unknown, and those that are under way, and decides on them."""

    name = "resume"
    doc_purpose = "list requests to providers whose outcome is unknown or to come, and say what becomes of them"
    doc_usage = "[--resubmit|--abandon JOB...]"
    doc_description = (
        "A request that was under way when the machine went down may have been carried out, and paid. Providers cannot "
        "be asked about it, so builds never repeat it by themselves. Look into the provider's own history, then say "
        "--resubmit or --abandon. What a provider had accepted is no question: the next build asks for its result. "
        "--abandon gives such a job up, too: its provider is asked to stop it, and what it may cost stays counted."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (RESUBMIT, ABANDON)

    def _execute(self, resubmit: bool, abandon: bool, pos_args: Any) -> int:
        projects = projects_of(self.task_list)
        if resubmit and abandon:
            raise InvalidCommand("say either --resubmit or --abandon")
        if not resubmit and not abandon:
            if pos_args:
                raise InvalidCommand("what shall become of it? say --resubmit or --abandon")
            return self._list(projects)
        if not pos_args:
            raise InvalidCommand(f"which job? `{self.bin_name} resume` lists those that are in question")
        try:
            for word in pos_args:
                self._decide(projects, word, resubmit)
        finally:
            for project in projects:
                project.workspace.studio.close()
        return 0

    def _list(self, projects: list[FilmProject]) -> int:
        count = under_way = 0
        for project in projects:
            engine = project.workspace.studio.engine
            for question in engine.open_questions():
                count += 1
                told = "abandoned" if question.state == "abandoned" else "outcome unknown"
                name = project.name(question.job)
                self.outstream.write(f"{name}  {told}: asked of {question.account} on {question.time}\n")
            for question in engine.under_way():
                under_way += 1
                self.outstream.write(
                    f"{project.name(question.job)}  under way since {question.time}: {question.account} accepted it, "
                    "and the next build asks for its result\n"
                )
        if count:
            self.outstream.write(
                f"say `{self.bin_name} resume --resubmit JOB` or `{self.bin_name} resume --abandon JOB`\n"
            )
        elif under_way:
            self.outstream.write(f"say `{self.bin_name} resume --abandon JOB` to give one up\n")
        else:
            self.outstream.write("no request is in question\n")
        return 0

    def _decide(self, projects: list[FilmProject], word: str, resubmit: bool) -> None:
        for project in projects:
            engine = project.workspace.studio.engine
            for question in engine.under_way():
                if word in (project.name(question.job), question.job):
                    self._give_up(project, word, question, resubmit)
                    return
            for question in engine.open_questions():
                if word in (project.name(question.job), question.job):
                    with project.workspace.locked():
                        (engine.resubmit if resubmit else engine.abandon)(question.key)
                    said = "the next build asks again" if resubmit else "it will not be asked for again"
                    self.outstream.write(f"{word}: {said}\n")
                    return
        raise InvalidCommand(f"{word} is not in question; `{self.bin_name} resume` lists what is")

    def _give_up(self, project: FilmProject, word: str, question: Question, resubmit: bool) -> None:
        if resubmit:
            raise InvalidCommand(
                f"{word} is under way: the next build asks for its result. `{self.bin_name} resume --abandon {word}` "
                "gives it up; after that it can be resubmitted"
            )
        studio = project.workspace.studio
        with project.workspace.locked():
            why = studio.engine.give_up(question.key, studio.accounts.get(question.account))
        stopped = f"{question.account} was asked to stop it, and did"
        lasting = f"it could not be stopped ({why}) and may go on there, and cost"
        self.outstream.write(f"{word}: it will not be asked for again; {lasting if why else stopped}\n")
