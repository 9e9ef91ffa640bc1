"""Fetch: the files of a result are brought, checked and kept; as long as they are there, for they are paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from vbmake.providers.book import exact
from vbmake.providers.call import Call
from vbmake.providers.exchange import Gone
from vbmake.providers.journal import Step
from vbmake.providers.poll import accepted_of, poll, result_of
from vbmake.providers.provenance import provenance
from vbmake.providers.types import Failure, Ready, Response

PAUSES: Final = (0.0, 2.0, 4.0)  # seconds before a file that is not there is asked for again


@dataclass(frozen=True, slots=True)
class Made:
    """What came: files (the first is the asset), word times in seconds, a script's data; what was used and paid.

    `cost` is in USD, None when the model's price is not known. `provenance` is JSON-ready and holds no secret.
    """

    files: tuple[Path, ...] = ()
    words: tuple[Mapping[str, Any], ...] | None = None
    data: Any = None
    usage: Mapping[str, float] = field(default_factory=dict)
    cost: Decimal | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def fetch(call: Call, until: float) -> Made:
    """Bring what the kept answer tells of; its step is `result`.

    An address that leads nowhere is asked for anew, at once and then a little later: what was made a moment ago is not
    always there at once. Raises Failure: its step stays `result`, so that the next build fetches again, unless there
    is nothing left to fetch.
    """
    for pause in (*PAUSES, None):
        last = pause is None
        ready = _result(call)
        try:
            if ready is not None:
                return _bring(call, *ready)
            missing = Failure("failed", "its answer in .vbmake is damaged or gone", paid="yes")
        except Gone as gone:
            missing = Failure("failed", f"the file that it made is gone ({gone})", paid="yes")
            if last and not gone.final:
                message = f"the file that it made is not given out ({gone}); the next build tries again"
                raise Failure("failed", f"{message}, `doit reroll {call.job}` asks for another", paid="yes") from None
        if pause:
            call.desk.sleep(pause)
        if last or (not _ask_anew(call, until) and ready is None):
            missing.message += "; building again asks, and pays, again"
            raise call.in_vain(missing)
    raise AssertionError("unreachable")


def kept(call: Call, step: Step) -> Made | None:
    """What was fetched in an earlier run, when all of it is still there."""
    told = step.facts.get("files")
    files = call.kept.files(told) if isinstance(told, list) else None
    try:
        ready = _result(call)
    except Failure:
        return None
    return _made(call, step, files, *ready) if files is not None and ready is not None else None


def _result(call: Call) -> tuple[Ready, Response] | None:
    step, response = call.step, call.kept.answer()
    if step is None or response is None:
        return None
    ready = result_of(call, step, response)
    return (ready, response) if ready is not None else None


def _ask_anew(call: Call, until: float) -> bool:
    """Poll the job again, for an answer with fresh addresses; False when there is no job to ask for. Raises Failure."""
    step = call.step
    accepted = accepted_of(step) if step is not None else None
    if accepted is None:
        return False
    call.say("asking for the result again")
    poll(call, accepted, until, resumed=True)
    return True


def _bring(call: Call, ready: Ready, response: Response) -> Made:
    kept, files = call.kept, []
    for number, payload in enumerate(ready.payloads):
        path = kept.path(number, payload.extension)
        if payload.content is None:
            kept.directory.mkdir(parents=True, exist_ok=True)
            call.desk.exchange.fetch(call, payload.url, path, _key_for_files(call))
        elif payload.content:
            kept.write(path.name, payload.content)
        else:
            raise call.in_vain(Failure("failed", "the file that it made is empty", paid="yes"))
        files.append(kept.facts(path))
    cost = call.desk.books.settle(call.key, call.generation, ready.usage)
    step = call.note("fetched", files=files, cost=exact(cost))
    brought = f"fetched {len(files)} {'file' if len(files) == 1 else 'files'}" if files else "answered"
    call.say(brought + (f", {exact(cost)} USD" if cost else ""))
    return _made(call, step, tuple(kept.directory / str(file["name"]) for file in files), ready, response)


def _key_for_files(call: Call) -> str:
    """The key for files that need it; most do not, so that its absence is for the provider to complain about."""
    try:
        return call.secret()
    except Failure as failure:
        if failure.sort == "offline":
            message = f"{failure.message}; it was made before, and the next build online fetches it"
            raise Failure("offline", message, paid="yes") from None
        return ""


def _made(call: Call, step: Step, files: tuple[Path, ...], ready: Ready, response: Response) -> Made:
    told = step.facts.get("cost")
    cost = Decimal(str(told)) if told is not None else None
    try:
        request = call.adapter.submit(call.generation, call.account)
    except Failure:  # such as an input that was deleted meanwhile: what came is good all the same
        request = None
    facts = call.scrubbed(provenance(call.generation, call.account, request, response, ready, step, cost))
    return Made(files, ready.words, ready.data, dict(ready.usage), cost, facts)
