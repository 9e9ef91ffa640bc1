"""After a complete build: the facts of every file it rests on, for the stamp that the next call looks at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vbmake.plan.types import BuildPlan, JobSpec, Output, Source
from vbmake.run import stamp
from vbmake.run.digest import Digests
from vbmake.run.state import Knowledge
from vbmake.run.tags import TagStore


class Unsure(Exception):
    """A file changed since it was read, or could without being noticed: the next call has to look closely."""


def final_targets(plan: BuildPlan) -> tuple[str, ...]:
    """The paths of everything the plan makes for people, in order."""
    return tuple(path for job in plan.jobs if job.final for path in job.outputs.values())


def facts_of(
    root: Path, plan: BuildPlan, knowledge: Knowledge, tags: TagStore, digests: Digests
) -> tuple[dict[str, stamp.Facts], list[str]]:
    """Facts by path of the sources (what jobs read and what was measured), final targets and tools of a plan.

    With the paths at which there is nothing, and where another tool would be found first. The plan is wholly built.
    Raises Unsure.
    """
    files: dict[str, stamp.Facts] = {}
    rules = {name: knowledge.rules.rule(name) for name in {job.rule for job in plan.jobs}}
    read = {
        ref.name: ref for job in plan.jobs for refs in job.inputs.values() for ref in refs if type(ref) is not Output
    }
    read.update(knowledge.sources)
    try:
        for job in plan.jobs:
            if job.final:
                _add_targets(files, root, job, tags, digests)
        for name, ref in read.items():
            place = knowledge.place(ref)
            _add(files, ref.path if isinstance(ref, Source) else place, place, digests, knowledge.seen.get(name))
        paths, rivals = _tool_paths(rules)
        for path in paths:
            files[path] = stamp.facts(os.stat(path))
        absent = [path for path in rivals if not os.path.lexists(path)]
        for path in rivals - set(absent):  # no program, but it may become one
            files[path] = stamp.facts(os.stat(path))
    except OSError as error:
        raise Unsure from error
    return files, absent


def _add(files: dict[str, stamp.Facts], name: str, path: str | Path, digests: Digests, sha256: str | None) -> None:
    found, (_, inode, size, mtime, ctime) = digests.look(path)
    if found != sha256:
        raise Unsure
    files[name] = (size, mtime, inode, ctime)


def _add_targets(files: dict[str, stamp.Facts], root: Path, job: JobSpec, tags: TagStore, digests: Digests) -> None:
    tag = tags.get(job.id)
    if tag is None:
        raise Unsure
    for output in tag.outputs.values():
        _add(files, output["path"], root / output["path"], digests, output["sha256"])


def _tool_paths(rules: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The files and folders by which a tool that became another one is noticed, and where one would come before it.

    Raises Unsure where there are none.
    """
    paths: set[str] = set()
    before: set[str] = set()
    for rule in rules.values():
        for name in rule.tools():
            if name == "fonts":
                raise Unsure  # the fonts of a machine lie in too many places to be watched
            if name == "ffmpeg":
                from vbmake.render.ffmpeg import executable

                paths.add(executable())
                if os.environ.get("VBMAKE_FFMPEG"):
                    from vbmake.rules.tools import rivals

                    before.update(rivals(name))
            elif name.startswith("./"):
                paths.add(str(rule.directory / name))
            else:
                from vbmake.rules.tools import PYTHON_PACKAGE, find_tool, package_folder, rivals

                if name.startswith(PYTHON_PACKAGE):
                    paths.add(package_folder(name.removeprefix(PYTHON_PACKAGE)))
                else:
                    paths.add(find_tool(name))
                    before.update(rivals(name))
    return paths, before
