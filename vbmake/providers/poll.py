"""Poll: a job that was accepted is asked for until its result is kept. As often as it takes, because that is free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from vbmake.providers.call import Call
from vbmake.providers.journal import Step
from vbmake.providers.types import Accepted, Failure, Ready, Response, Running

_Read = TypeVar("_Read")

FIRST, SLOWER, LONGEST = 1.0, 1.5, 10.0  # seconds between polls
SOONEST: Final = 0.25  # seconds: a service that says "at once" is not asked without end
MISSING: Final = 3  # answers "no such job" that are taken for a service that has not caught up with itself


def poll(call: Call, accepted: Accepted, until: float, *, resumed: bool = False) -> None:
    """Ask until the result is kept, or until a moment of the desk's clock. Raises Failure; the job goes on there
    when a poll is refused for reasons that a person can mend (key, credit, offline)."""
    try:
        secret = call.secret()
    except Failure as failure:
        raise _going_on(accepted, failure) from None
    wait, missing = 0.0 if resumed else FIRST, 0
    while True:
        call.desk.sleep(min(wait, max(0.0, until - call.desk.clock())))
        try:
            answer = _ask(call, accepted, secret)
            if isinstance(answer, Ready):
                return
            missing = 0
        except Failure as failure:
            missing += _is_missing(failure)
            if failure.sort in ("auth", "quota", "offline") or isinstance(failure, Puzzle):
                raise _going_on(accepted, failure) from None
            if failure.sort not in ("rate", "transient") and not 0 < missing <= MISSING:
                raise call.in_vain(_told(accepted, failure)) from None
            call.say(f"{failure.message}; asking again")
            answer = Running(failure.retry_after)
        if isinstance(answer, Accepted):  # the result stands elsewhere
            accepted, wait = answer, 0.0
            continue
        if answer.note:
            call.say(answer.note)
        wait = max(SOONEST, answer.after) if answer.after is not None else max(FIRST, min(LONGEST, wait * SLOWER))
        if call.desk.clock() >= until:
            _give_up(call, accepted, secret)
            return


def _ask(call: Call, accepted: Accepted, secret: str) -> Running | Accepted | Ready:
    """One poll. What it says is written down when it is Accepted or Ready. Raises Failure."""
    response = call.desk.exchange.poll(call, accepted, secret)
    if response.status // 100 != 2:
        failure = read(lambda: call.adapter.failure(response))
        if failure.sort == "invalid" and response.status == 404:
            raise _Missing(failure.sort, failure.message, failure.retry_after, "maybe")
        raise failure
    answer = read(lambda: call.adapter.polled(call.generation, response, call.account))
    if isinstance(answer, Ready):
        call.kept.put_answer(response, call.scrub, call.secrets)
        note_result(call, "poll")
    elif isinstance(answer, Accepted):
        facts = {**accepted.facts, **answer.facts}
        answer = Accepted(answer.id or accepted.id, answer.poll, answer.cancel or accepted.cancel, facts)
        note_accepted(call, answer)
    return answer


def _give_up(call: Call, accepted: Accepted, secret: str) -> None:
    """Nobody waits any longer: the provider is asked to stop, so that it charges no more than it has.

    Returns when the result had come after all. A job that cannot be stopped stays accepted, and is asked for again by
    the next build. Raises Failure.
    """
    stopped = call.desk.exchange.cancel(call, accepted, secret)
    call.say(f"no result after {call.seconds:g} s; {'cancelled' if stopped else 'it could not be cancelled'}")
    try:
        answer = _ask(call, accepted, secret)
        if isinstance(answer, Accepted):  # the result stands elsewhere
            answer = _ask(call, answer, secret)
        if isinstance(answer, Ready):
            return
    except Failure as failure:
        call.say(failure.message)
    why = f"{accepted.id} was not done after {call.seconds:g} s"
    if stopped:
        message = f"{why} and was cancelled; `timeout` of the provider gives it more"
        raise call.in_vain(Failure("failed", message, paid="maybe"))
    message = (
        f"{why} and goes on there: the next build asks for it again; `doit resume --abandon {call.job}` gives it up"
    )
    raise Failure("failed", message, paid="maybe")


class Puzzle(Failure):
    """An adapter met what it does not know; its answer is there to be read by a better one."""


def read(reading: Callable[[], _Read]) -> _Read:
    """What an adapter reads in an answer. Raises Failure, whatever else the adapter raises."""
    try:
        return reading()
    except Failure:
        raise
    except Exception as error:
        words = f"its answer is not understood ({type(error).__name__}: {error})"
        raise Puzzle("failed", words, paid="maybe") from error


class _Missing(Failure):
    """The service knows no such job."""


def _is_missing(failure: Failure) -> bool:
    return isinstance(failure, _Missing)


def _going_on(accepted: Accepted, failure: Failure) -> Failure:
    message = f"{failure.message}; {accepted.id} was accepted before, and the next build asks for its result"
    return Failure(failure.sort, message, failure.retry_after, "maybe")


def _told(accepted: Accepted, failure: Failure) -> Failure:
    """A job that failed, with its name there. An adapter that says of its end that nothing was paid knows."""
    own = failure.paid if failure.sort in ("failed", "moderation") else "maybe"
    message = failure.message if accepted.id in failure.message else f"{accepted.id}: {failure.message}"
    return Failure(failure.sort, message, failure.retry_after, own)


def note_accepted(call: Call, accepted: Accepted) -> None:
    """Write down where to ask for a job."""
    handle = {"id": accepted.id, "poll": accepted.poll, "cancel": accepted.cancel, "facts": dict(accepted.facts)}
    call.note("accepted", handle=handle)


def accepted_of(step: Step) -> Accepted | None:
    """Where to ask for a job, as it was written down; None when it was not."""
    handle: Any = step.facts.get("handle")
    if not isinstance(handle, Mapping) or not handle.get("poll"):
        return None
    facts = handle.get("facts")
    return Accepted(
        str(handle.get("id", "")),
        str(handle["poll"]),
        str(handle.get("cancel", "")),
        dict(facts) if isinstance(facts, Mapping) else {},
    )


def note_result(call: Call, phase: str) -> None:
    """Write down that the kept answer is the result, and how it is to be read."""
    call.note("result", phase=phase, answered=datetime.now(UTC).isoformat(timespec="milliseconds"))


def result_of(call: Call, step: Step, response: Response) -> Ready | None:
    """The result that a kept answer tells, as it was read when it came; None when it tells none. Raises Failure."""
    method = call.adapter.accepted if step.facts.get("phase") == "submit" else call.adapter.polled
    answer = read(lambda: method(call.generation, response, call.account))
    return answer if isinstance(answer, Ready) else None
