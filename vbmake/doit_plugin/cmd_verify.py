"""`doit verify`: check targets against what is recorded of them, and whether jobs make the same bytes again."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from typing import Any, ClassVar

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, ProjectCommand
from vbmake.doit_plugin.option import option
from vbmake.doit_plugin.project import FilmProject, projects_of
from vbmake.errors import WorkspaceError
from vbmake.run import stamp
from vbmake.run.verify import Finding, check_targets, rebuild, sample

REBUILD = option("rebuild", "do N jobs again, chosen by chance, and compare what they make", 0, metavar="N")


class Verify(FreeOrder, ProjectCommand, DoitCmdBase):  # type: ignore[misc]  # doit has no types
    """Re-hashes targets, and re-executes a sample of jobs."""

    name = "verify"
    doc_purpose = "check targets against their recorded digests; try whether jobs make the same again"
    doc_usage = ""
    doc_description = (
        "Reads every target that was recorded, whatever its times say: what was changed by hand, by a bad disk or by "
        "a copy that was cut is told, and the exit code is 1 (`run` mends it). With --rebuild N, that many jobs are "
        "done again in private directories, at least one of each rule if N allows, and what they make is compared "
        "byte for byte. Nothing that was built is replaced. Jobs that cost money are not tried. Without --rebuild "
        "nothing need be writable."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (REBUILD,)

    def _execute(self, rebuild: int) -> int:
        if rebuild < 0:
            raise InvalidCommand(f"--rebuild {rebuild}: a number of jobs, 0 or more")
        projects = projects_of(self.task_list)
        if not projects:
            raise InvalidCommand("there is no film here to verify")
        counts: Counter[str] = Counter()
        for project in projects:
            with project.workspace.locked(reading=not rebuild):
                self._verify(project, rebuild, counts)
        self.outstream.write(_sentence(counts) + "\n")
        return 1 if counts["bad"] else 0

    def _verify(self, project: FilmProject, count: int, counts: Counter[str]) -> None:
        before = counts["bad"]
        self._look(project, count, counts)
        if counts["bad"] > before:
            with contextlib.suppress(OSError, WorkspaceError):  # else the next build finds at a glance nothing to mend
                stamp.remove(project.root)

    def _look(self, project: FilmProject, count: int, counts: Counter[str]) -> None:
        for finding in check_targets(project.workspace, project.plan):
            counts["checked"] += 1
            self._tell(project, finding, counts)
        for job in sample(project.workspace, project.plan, count, random.Random()):
            counts["again"] += 1
            for finding in rebuild(project.workspace, job):
                self._tell(project, finding, counts)

    def _tell(self, project: FilmProject, finding: Finding, counts: Counter[str]) -> None:
        if finding.good:
            if finding.state == "same":
                self.outstream.write(f"{finding.state:<8} {project.name(finding.job)}\n")
            return
        counts["bad"] += 1
        path = f"  {project.path(finding.path)}" if finding.path else ""
        self.outstream.write(f"{finding.state:<8} {project.name(finding.job)}{path}\n")
        if finding.recorded:
            self.outstream.write(f"    recorded {finding.recorded}\n")
        if finding.found:
            self.outstream.write(f"    found    {finding.found}\n")


def _sentence(counts: Counter[str]) -> str:
    text = f"{counts['checked']} {'file' if counts['checked'] == 1 else 'files'} checked"
    if counts["again"]:
        text += f", {counts['again']} {'job' if counts['again'] == 1 else 'jobs'} done again"
    return text + (f": {counts['bad']} not as recorded" if counts["bad"] else ": all as recorded")
