"""Submit: the request that costs is written down, sent once, and its answer kept.

It is sent again if it surely never arrived, and only then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from vbmake.errors import RateLimited, VbmakeError, WorkspaceError
from vbmake.providers.call import Call
from vbmake.providers.delays import retry_after
from vbmake.providers.http import Invalid, Lost, NotSent, Refused
from vbmake.providers.poll import note_accepted, note_result
from vbmake.providers.types import Accepted, Failure, Request, Response

LOOK: Final = 0.2  # seconds between two looks whether the budget has room


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that nothing stands against: what it may cost is set aside."""

    request: Request
    secret: str = field(repr=False)


def prepare(call: Call) -> Asked:
    """Everything that may refuse a request before it costs. Raises Failure or JobError; nothing is set aside then."""
    wrong = call.adapter.check(call.generation)
    if wrong:
        raise Failure("invalid", wrong)
    request = call.adapter.submit(call.generation, call.account)
    secret = call.secret()
    _reserve(call)
    return Asked(request, secret)


def _reserve(call: Call) -> None:
    """Set aside what it may cost, when the budget holds it. What others reserved and do not spend is waited for here.

    Those are in threads of their own, and none of them waits for this one. Raises JobError.
    """
    told = False
    while True:
        try:
            call.desk.books.reserve(call.key, call.job, call.generation)
            return
        except RateLimited as error:
            if not told:
                call.say(str(error))
            told = True
        call.desk.sleep(LOOK)


def submit(call: Call, asked: Asked, until: float) -> Accepted | None:
    """Ask, until a moment of the desk's clock. None when the answer is the result already. Raises Failure."""
    try:
        call.kept.begin()
        account, generation = call.account, call.generation
        facts = {"account": account.name, "service": account.service, "model": generation.model}
        facts["asked"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        call.note("intent", job=call.job, kind=generation.kind, **facts)
    except (OSError, VbmakeError):
        call.desk.books.release(call.key)
        raise
    call.say(f"asking {call.who}")
    try:
        response = call.desk.exchange.submit(call, asked.request, asked.secret, until)
    except Invalid as error:
        raise call.unasked(Failure("invalid", str(error))) from None
    except NotSent as error:
        raise call.unasked(Failure("transient", f"it could not be reached: {error}")) from None
    except (Lost, Refused) as error:
        raise _unanswered(call, f"the answer was lost ({error})") from None
    if response.status // 100 != 2:
        raise _refused(call, response)
    try:
        call.kept.put_answer(response, call.scrub, call.secrets)
        return understand(call, response)
    except (OSError, WorkspaceError) as error:
        raise call.in_question(f"the answer came and could not be written down ({error})") from None


def understand(call: Call, response: Response) -> Accepted | None:
    """What a kept answer to the request says; None when it is the result. Raises Failure."""
    try:
        answer = call.adapter.accepted(call.generation, response, call.account)
    except Failure as failure:
        raise call.in_vain(failure) from None
    except Exception as error:  # of an adapter that met what it does not know: the answer is kept
        raise call.in_question(f"its answer is not understood ({type(error).__name__}: {error})") from error
    if isinstance(answer, Accepted):
        note_accepted(call, answer)
        call.say(f"accepted as {answer.id}")
        return answer
    note_result(call, "submit")
    return None


def _unanswered(call: Call, why: str) -> Failure:
    """No answer came. What costs nothing is asked again; what may have arrived stays an open question."""
    if call.adapter.idempotent:
        return call.unasked(Failure("transient", why))
    return call.in_question(why)


def _refused(call: Call, response: Response) -> Failure:
    """An answer that is not 2xx. Trouble of a service may come after the work: then it is as good as no answer."""
    try:
        failure = call.adapter.failure(response)
    except Exception as error:  # of an adapter that met what it does not know
        return _unanswered(call, f"HTTP {response.status} is not understood ({type(error).__name__}: {error})")
    if failure.sort == "unknown" or (failure.sort == "transient" and not _turned_away(response)):
        return _unanswered(call, failure.message.partition("; ")[0])
    if failure.paid == "nothing" or failure.sort in ("rate", "transient"):
        return call.unasked(failure)
    return call.in_vain(failure)


def _turned_away(response: Response) -> bool:
    """Whether a service in trouble surely did nothing: it says so, or says when to come back."""
    if response.status in (503, 529):
        return retry_after(response) is not None
    return response.status in (409, 425, 429)
