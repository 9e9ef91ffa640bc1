"""A small project without films: jobs that join texts, so that tests of the machinery need no media."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbmake.cache.cache import Cache
from vbmake.plan.kahn import layers
from vbmake.plan.types import BuildPlan, JobSpec, Output, Ref, Source
from vbmake.rules.work import Work
from vbmake.run.workspace import Workspace
from vbmake.storage.packed import PackedStorage

ran: list[str] = []  # the text of each job whose rule was carried out
during: list[Callable[[Work], None]] = []  # what happens while a job runs; each is taken once


def join(work: Work) -> Mapping[str, Mapping[str, Any]]:
    """Its options' text, then every input's content."""
    ran.append(work.options["text"])
    pieces = [path.read_text() for role in sorted(work.inputs) for path in work.inputs[role]]
    if during:
        during.pop(0)(work)
    text = " ".join([work.options["text"], *pieces])
    for path in work.outputs.values():
        path.write_text(text)
    work.log(f"joined {len(pieces)}")
    return {role: {"length": len(text)} for role in work.outputs}


@dataclass(frozen=True)
class JoinRule:
    name: str = "join"
    version: int = 1
    call: str = "tests.run.world:join"
    needs: tuple[str, ...] = ()

    def tools(self, given: Collection[str] = ()) -> tuple[str, ...]:
        return self.needs

    def recipe(self) -> str:
        return ""


class Book:
    def __init__(self, *rules: JoinRule) -> None:
        self.rules = {rule.name: rule for rule in rules or (JoinRule(),)}

    def rule(self, name: str) -> JoinRule:
        return self.rules[name]


def job(name: str, *inputs: Ref, text: str | None = None, final: bool = False, rule: str = "join") -> JobSpec:
    """A job that writes `out/NAME.txt`: its text (the name when none is given) and its inputs' contents."""
    folder = "build" if final else ".vbmake/work"
    return JobSpec(
        id=f"{rule}:{name}",
        rule=rule,
        options={"text": text or name},
        inputs={"parts": inputs} if inputs else {},
        outputs={"text": f"{folder}/{name}.txt"},
        final=final,
    )


def out(name: str) -> Output:
    return Output(f"join:{name}", "text")


def plan_of(*jobs: JobSpec) -> BuildPlan:
    return BuildPlan(layers=layers(list(jobs)))


def two_layers(text: str = "film") -> BuildPlan:
    """a.txt and b.txt -> two parts -> one final film."""
    return plan_of(
        job("one", Source("a.txt")),
        job("two", Source("b.txt")),
        job("film", out("one"), out("two"), text=text, final=True),
    )


def big_plan(parts: int = 30) -> BuildPlan:
    """Thirty parts and a film of them."""
    names = [f"part{number}" for number in range(parts)]
    jobs = [job(name, Source("a.txt")) for name in names]
    return plan_of(*jobs, job("film", *map(out, names), final=True))


class World:
    """A project directory with its caches; `open` opens it as a new process would."""

    def __init__(self, root: Path, cache: Path | None, remote: Any = None, rules: Book | None = None) -> None:
        self.root = root
        self.cache = cache
        self.remote = remote
        self.mode = "write"
        self.rules = rules or Book()
        self.warnings: list[str] = []
        root.mkdir(parents=True, exist_ok=True)
        (root / "a.txt").write_text("A")
        (root / "b.txt").write_text("B")

    def open(self) -> Workspace:
        local = PackedStorage(self.cache) if self.cache is not None else None
        cache = Cache(local, self.remote, self.mode, self.warnings.append)  # type: ignore[arg-type]  # tests set words
        return Workspace(self.root, self.rules, cache)

    def build(self, plan: BuildPlan) -> dict[str, str]:
        """Run every job in order, in a new workspace; how each was done, by name."""
        with self.open() as workspace:
            workspace.begin()
            workspace.use(plan)
            return {job.id.partition(":")[2]: workspace.run(job).how for job in plan.jobs}

    @contextlib.contextmanager
    def kept(self) -> Iterator[PackedStorage]:
        """What lies in the local cache, to be looked at or to be spoilt."""
        assert self.cache is not None
        with contextlib.closing(PackedStorage(self.cache)) as storage:
            yield storage

    def read(self, path: str) -> str:
        return (self.root / path).read_text()
