"""Toy projects: the real workspace and the real commands, with jobs that copy text instead of rendering films.

A toy's `video.yaml` is JSON: `{"jobs": [{"id", "reads": {role: [file | job#role]}, "makes": {role: path}, "options",
"final", "pool", "account", "after": [job#role]}]}`. A job with `after` is planned when those outputs are measured. The
rule of a job is what stands before the colon of its id; each is a function below.

As a program, it is doit with the toy's planner: `python -m tests.doit_plugin.toy ARGS` (`--vbmake` first: vbmake).
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vbmake.errors import JobError, Place, Problem, ProjectError, RetryableError
from vbmake.plan.kahn import layers
from vbmake.plan.types import BuildPlan, JobSpec, Note, Output, Pending, Ref, Source
from vbmake.rules.work import Measures, Work

HERE = "tests.doit_plugin.toy"


def copy(work: Work) -> Measures:
    """All inputs one after the other, then the option `text`; measured: the number of characters."""
    text = "".join(path.read_text() for paths in work.inputs.values() for path in paths) + work.options.get("text", "")
    work.progress(1, 2)
    work.log("copied")
    for path in work.outputs.values():
        path.write_text(text or "empty")
    return {role: {"length": len(text)} for role in work.outputs}


def dice(work: Work) -> Measures:
    """Makes something else each time."""
    for path in work.outputs.values():
        path.write_bytes(os.urandom(16))
    return {}


def fail(work: Work) -> Measures:
    """Fails while the option `text` is no `mended`; what it says ends with the option `said`."""
    work.log("it went wrong" + work.options.get("said", ""))
    if work.options.get("text") != "mended":
        raise JobError("the toy is broken")
    return copy(work)


def refuse(work: Work) -> Measures:
    """Fails without a word in its log."""
    raise JobError("the toy will not")


def flaky(work: Work) -> Measures:
    """Fails in a way that may pass, until the file `tries` beside the project has as many lines as `times`."""
    tries = Path(work.options["tries"])
    count = len(tries.read_text().splitlines()) if tries.exists() else 0
    with open(tries, "a") as stream:
        stream.write("try\n")
    if count < int(work.options["times"]):
        raise RetryableError("come back later", retry_after=0.0)
    return copy(work)


def sleep(work: Work) -> Measures:
    """Runs a program that says into the file `began` that it has, and ends only when it is ended."""
    from vbmake.process import run

    run(["sh", "-c", 'echo began > "$0"; exec sleep "$1"', work.options["began"], work.options.get("seconds", "1000")])
    return copy(work)


def hold(work: Work) -> Measures:
    """Goes on when somebody has written into the pipe `until`."""
    Path(work.options["until"]).read_text()
    return copy(work)


MEET: dict[str, threading.Barrier] = {}


def meet(work: Work) -> Measures:
    """Waits for as many others as the barrier asks."""
    MEET["barrier"].wait()
    return copy(work)


def crash(work: Work) -> Measures:
    """A fault in the rule's own code."""
    raise ZeroDivisionError("a bug")


class ToyRule:
    """A rule whose call is the function of that name."""

    version = 1
    needs: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name
        self.call = f"{HERE}:{name}"

    def tools(self, given: Any) -> tuple[str, ...]:
        return ()

    def recipe(self) -> str:
        return ""


class ToyRules:
    def rule(self, name: str) -> ToyRule:
        if name not in globals():
            raise ProjectError([Problem(Place("video.yaml"), "there is no such rule", found=name)])
        return ToyRule(name)


def toy_planner(root: Path) -> Callable[[Mapping[str, Mapping[str, Any]]], BuildPlan]:
    def planner(measures: Mapping[str, Mapping[str, Any]]) -> BuildPlan:
        declared = json.loads((root / "video.yaml").read_text())
        jobs, pending = [], []
        for line, one in enumerate(declared["jobs"], 1):
            place = Place("video.yaml", line, 1, f"jobs[{line - 1}]")
            waits = [Output(*name.split("#")) for name in one.get("after", ()) if name not in measures]
            if waits:
                planned = {job.id for job in jobs}
                reason = f"{one['id']} is planned from its length"
                pending += [Pending(ref, reason, place) for ref in waits if ref.job in planned]
                continue
            inputs = {role: tuple(map(ref_of, names)) for role, names in one.get("reads", {}).items()}
            for ref in (ref for refs in inputs.values() for ref in refs):
                if isinstance(ref, Source) and not (root / ref.path).exists():
                    raise ProjectError([Problem(place, f"{ref.path} is not there")])
            jobs.append(
                JobSpec(
                    id=one["id"],
                    rule=one["id"].partition(":")[0],
                    options=one.get("options", {}),
                    inputs=inputs,
                    outputs=one["makes"],
                    pool=one.get("pool", "cpu"),
                    account=one.get("account", ""),
                    final=one.get("final", False),
                    title=one.get("title", ""),
                    place=place,
                )
            )
        notes = tuple(Note(text) for text in declared.get("notes", ()))
        return BuildPlan(layers(jobs), tuple(pending), notes)

    return planner


def ref_of(name: str) -> Ref:
    job, _, role = name.partition("#")
    return Output(job, role) if role else Source(name)


def install() -> None:
    """Make `Workspace.open` open toys."""
    from vbmake.cache.cache import Cache
    from vbmake.cache.settings import settings
    from vbmake.run import declaration
    from vbmake.run.workspace import Workspace

    def open_toy(cls: type[Workspace], root: Path, *, warn: Callable[[str], None] = lambda _: None) -> Workspace:
        return cls(Path(root), ToyRules(), Cache.of(settings(), warn), planner=toy_planner(Path(root)))

    declaration.read_declaration = lambda root: SimpleNamespace(files={"video.yaml": ()})  # type: ignore[assignment]  # same
    Workspace.open = classmethod(open_toy)  # type: ignore[method-assign,assignment]  # the toy's stand-in for a declaration


def main() -> int:
    install()
    arguments = sys.argv[1:]
    if arguments[:1] == ["--vbmake"]:
        from vbmake.doit_plugin.program import main as program

        return program(arguments[1:])
    from doit.doit_cmd import DoitMain

    sys.argv[0] = "doit"
    DoitMain.BIN_NAME = "doit"
    return int(DoitMain().run(arguments) or 0)


if __name__ == "__main__":
    # under its own name: rules find the functions there
    import tests.doit_plugin.toy as toy

    sys.exit(toy.main())
