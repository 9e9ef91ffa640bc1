"""Misbehaviour by script: what goes wrong, for which requests, and how often."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.providers.stand_in.wire import Answer, Recorded

Told = Literal["header", "date", "ms", "body", "text", "nowhere"]

DEEDS: Final = {
    # how the answer goes over the wire
    "answer": "answer with `status`, `headers` and `body` (the service's own error for that status when there is none)",
    "hang": "say nothing until StandIn.release(), or until the client is gone",
    "drip": "one byte each `seconds`",
    "truncate": "half of the body, under the Content-Length of the whole",
    "reset": "RST instead of an answer",
    "broken-json": "half of the body, as if that were all",
    "html": "200 and a page of HTML",
    "empty": "the right headers, and no bytes",
    "oversized": "`size` bytes: the right ones and then zeros; `declared=False` sends them without a Content-Length",
    "redirect": "302 to the same path on the other host, or to `to`",
    # what becomes of the work
    "failed": "the job fails, with `error`",
    "aborted": "the job ends before it began (replicate)",
    "stuck": "the job never ends",
    "unknown-status": "until it ends the job says a status that nobody knows",
    "nothing": "success, and no file",
    "removed": "success, but the outputs are gone already",
    "offsite": "the files are on the other host",
    "refusal": "the model declines (chat)",
    "length": "the answer ends in mid-sentence (chat)",
    "content-filter": "the answer was filtered (chat)",
}
WORK: Final = frozenset(list(DEEDS)[list(DEEDS).index("failed") :])


@dataclass
class Fault:
    """One thing that goes wrong, `times` times (None: always), for the requests that it is meant for.

    `route` is a route ("images") or a phase ("submit", "poll", "result", "fetch", "cancel", "upload"); `contains` must
    stand in the path or the body, `when` must agree. `charged` says that the service does its work, and has it paid,
    before it goes wrong.
    """

    service: str
    do: str = "answer"
    route: str = "submit"
    times: int | None = 1
    when: Callable[[Recorded], bool] | None = None
    contains: str = ""
    charged: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    told: Told = "header"
    seconds: float = 0.01
    size: int = 0
    declared: bool = True
    to: str = ""
    error: str = "the model crashed"

    def __post_init__(self) -> None:
        if self.do not in DEEDS:
            raise ValueError(f"{self.do!r} is no misbehaviour; there are: {', '.join(DEEDS)}")
        if self.do == "answer" and not self.status:
            raise ValueError("say which status, or what to do")

    @property
    def works(self) -> bool:
        """Whether the service takes the request as usual, and what goes wrong comes later."""
        return self.charged or self.do in WORK or self.do not in ("answer", "hang", "reset", "redirect", "html")

    def meant_for(self, request: Recorded) -> bool:
        """Whether this request is one that it shall happen to."""
        return (
            self.times != 0
            and self.service == request.service
            and self.route in (request.route, request.phase)
            and (not self.contains or self.contains in request.path or self.contains.encode() in request.body)
            and (self.when is None or self.when(request))
        )


def tell_delay(answer: Answer, seconds: float | None, told: Told) -> Answer:
    """The answer with Retry-After in its place: in a header (seconds, date or ms), in the body, as a sentence."""
    if seconds is None or told == "nowhere":
        return answer
    if told == "header":
        answer.headers["Retry-After"] = f"{seconds:g}"
    elif told == "date":
        answer.headers["Retry-After"] = email.utils.formatdate(time.time() + seconds, usegmt=True)
    elif told == "ms":
        answer.headers["retry-after-ms"] = str(math.ceil(seconds * 1000))
    else:
        content = answer.json()
        if told == "body":
            content["retry_after"] = seconds
        else:
            content["detail"] = f"Request was throttled. Your rate limit resets in ~{seconds:g}s."
        answer.set_json(content)
    return answer
