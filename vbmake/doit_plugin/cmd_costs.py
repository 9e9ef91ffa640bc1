"""`doit costs`: what generated assets have cost, by job, by provider and by run, against the budget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from doit.cmd_base import Command

from vbmake.doit_plugin.command import FreeOrder, Rooted
from vbmake.doit_plugin.encoding import json_for
from vbmake.doit_plugin.loader import OPTION_DIR
from vbmake.doit_plugin.option import flag
from vbmake.doit_plugin.where import DECLARATION
from vbmake.errors import ProjectError
from vbmake.providers.book import COSTS, Book, Entry, exact, read_book
from vbmake.providers.money import Budget, told

JSON = flag(
    "json",
    "print one JSON object: spent, reserved, unknown, unpriced, budget, jobs, providers, runs; USD as text",
    name="as_json",
)
RUN = flag("run", "only the last run in which something was asked for", name="last_run")


@dataclass(frozen=True, slots=True)
class Share:
    """What the requests that have something in common cost, in USD. `pending` may still prove to be spent."""

    name: str
    service: str
    model: str
    time: str
    requests: int
    spent: Decimal
    pending: Decimal
    unpriced: int

    @property
    def words(self) -> str:
        """The amounts in a few words."""
        parts = [told(self.spent)] if self.spent or not (self.pending or self.unpriced) else []
        if self.pending:
            parts.append(f"up to {told(self.pending)} open")
        if self.unpriced:
            parts.append(f"{self.unpriced} unpriced")
        return ", ".join(parts)


class Costs(FreeOrder, Rooted, Command):  # type: ignore[misc]  # doit has no types
    """Tells what was spent, for people, or with `--json` for tools."""

    name = "costs"
    doc_purpose = "show what generated assets have cost, by job, provider and run, against the budget"
    doc_usage = ""
    doc_description = (
        "Made from .vbmake/costs.jsonl, in USD, with the prices that held when it was spent; the services' own bills "
        "are what counts. Reserved is what requests under way may cost, unknown what was asked for without an answer "
        "(it stays counted: it may have been charged). Models whose price is not known are counted, not added up."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (JSON, RUN, OPTION_DIR)

    def perform(self, params: Any, args: list[str]) -> int:
        root = self.root(params)
        book = read_book(root / COSTS)
        for problem in book.problems:
            sys.stderr.write(f"{problem}\n")
        entries = [entry for entry in book.entries if entry.state != "released"]
        if params["last_run"]:
            last = max(entries, key=lambda entry: entry.time).run if entries else ""
            entries = [entry for entry in entries if entry.run == last]
        budget = _budget(root)
        if params["as_json"]:
            sys.stdout.write(json_for(sys.stdout, _report(entries, budget, book), indent=2))
        else:
            sys.stdout.write("".join(f"{line}\n" for line in _lines(entries, budget, params["last_run"])))
        return 0


def _budget(root: Path) -> Budget | None:
    """The declared budget; None when there is none, or when the declaration cannot be understood (which is told)."""
    from vbmake.project.load import load_project
    from vbmake.run.studio import Studio

    try:
        return Studio(load_project(root / DECLARATION), root / COSTS.parent).budget
    except ProjectError as error:
        sys.stderr.write(f"{error}\nthe costs are shown without the budget\n")
        return None


def _shares(entries: Sequence[Entry], key: Callable[[Entry], tuple[str, str, str]]) -> list[Share]:
    """The entries summed up by a name, a service and a model; the dearest first."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    shares = [
        Share(
            *named,
            time=min(entry.time for entry in group),
            requests=len(group),
            spent=_sum(group, "spent"),
            pending=_sum(group, "reserved", "unknown"),
            unpriced=sum(_is_unpriced(entry) for entry in group),
        )
        for named, group in groups.items()
    ]
    return sorted(shares, key=lambda share: (-share.spent, -share.pending, share.name))


def _by_job(entries: Sequence[Entry]) -> list[Share]:
    return _shares(entries, lambda entry: (entry.job, entry.service, entry.model))


def _by_provider(entries: Sequence[Entry]) -> list[Share]:
    return _shares(entries, lambda entry: (entry.service, entry.service, ""))


def _by_run(entries: Sequence[Entry]) -> list[Share]:
    return sorted(_shares(entries, lambda entry: (entry.run, "", "")), key=lambda share: share.time)


def _sum(entries: Sequence[Entry], *states: str) -> Decimal:
    return sum((entry.counts for entry in entries if entry.state in states), Decimal(0))


def _is_unpriced(entry: Entry) -> bool:
    return (entry.amount if entry.state == "spent" else entry.high) is None


def _lines(entries: Sequence[Entry], budget: Budget | None, last_run: bool) -> Iterator[str]:
    """What people read."""
    limit = None if budget is None else budget.run if last_run else budget.total
    if not entries:
        yield "nothing was spent" + ("" if limit is None else f" of {told(limit)}")
        return
    yield f"spent     {told(_sum(entries, 'spent'))}" + ("" if limit is None else f" of {told(limit)}")
    for state, why in (
        ("reserved", "under way, or cut off; the next build goes on with it"),
        ("unknown", "asked for, and no answer came; it may have been charged"),
    ):
        group = [entry for entry in entries if entry.state == state]
        if group:
            yield f"{state:<9} {told(_sum(group, state))} ({_requests(len(group))} {why})"
    unpriced = sum(_is_unpriced(entry) for entry in entries)
    if unpriced:
        yield f"unpriced  {_requests(unpriced)} of models whose price is not known; `prices:` can say it"
    yield from _table("jobs", [((s.name or "?", f"{s.service} {s.model}".strip()), s) for s in _by_job(entries)])
    yield from _table("providers", [((s.name, _requests(s.requests)), s) for s in _by_provider(entries)])
    if not last_run:
        yield from _table("runs", [((_moment(s.time), _requests(s.requests)), s) for s in _by_run(entries)])


def _table(title: str, rows: list[tuple[tuple[str, str], Share]]) -> Iterator[str]:
    first, second = (max(len(cells[column]) for cells, _ in rows) for column in (0, 1))
    yield ""
    yield title
    for (name, what), share in rows:
        yield f"  {name:<{first}}  {what:<{second}}  {share.words}"


def _requests(count: int) -> str:
    return f"{count} {'request' if count == 1 else 'requests'}"


def _moment(time: str) -> str:
    return time[:16].replace("T", " ")


def _report(entries: Sequence[Entry], budget: Budget | None, book: Book) -> dict[str, Any]:
    """What tools read."""
    limits = None
    if budget is not None:
        limits = {name: exact(getattr(budget, name)) for name in ("total", "run", "confirm")}
        limits["unpriced"] = "allow" if budget.unpriced else "refuse"
    return {
        "currency": "USD",
        "spent": exact(_sum(entries, "spent")),
        "reserved": exact(_sum(entries, "reserved")),
        "unknown": exact(_sum(entries, "unknown")),
        "unpriced": sum(_is_unpriced(entry) for entry in entries),
        "budget": limits,
        "jobs": [{"job": s.name, "service": s.service, "model": s.model, **_amounts(s)} for s in _by_job(entries)],
        "providers": [{"service": s.name, **_amounts(s)} for s in _by_provider(entries)],
        "runs": [{"run": s.name, "time": s.time, **_amounts(s)} for s in _by_run(entries)],
        "problems": book.problems,
    }


def _amounts(share: Share) -> dict[str, Any]:
    return {
        "requests": share.requests,
        "spent": exact(share.spent),
        "pending": exact(share.pending),
        "unpriced": share.unpriced,
    }
