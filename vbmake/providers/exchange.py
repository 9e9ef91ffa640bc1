"""The engine's requests, sorted into what they mean: not sent, lost, answered; and the key, which nobody else sees."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from vbmake.providers.http import Client, Lost, NotSent, Refused, trusted
from vbmake.providers.types import Accepted, Failure, Request, Response
from vbmake.services import Kind

if TYPE_CHECKING:
    from vbmake.providers.engine import _Call

POLL: Final = 60.0  # seconds for one poll
CANCEL: Final = 5.0
SIZES: Final[Mapping[Kind, int]] = {"clip": 512 * 2**20}  # bytes of a download at most
SIZE: Final = 64 * 2**20


class Exchange:
    """Sends requests for the engine. Every key that was used is remembered, to be struck out of whatever is told."""

    def __init__(self, clock: Callable[[], float], environ: Mapping[str, str]) -> None:
        self._clock = clock
        self._environ = environ
        self._client = Client(clock)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def submit(
        self, call: _Call, request: Request, secret: str, until: float, lost: Callable[[_Call, bool, str], Failure]
    ) -> Response:
        """Send the request that costs. Raises the Failure that `lost(call, whether it was sent, why)` makes."""
        try:
            return self._client.send(request, self._headers(call, request.url, secret), until)
        except NotSent as error:
            raise lost(call, False, str(error)) from None
        except (Lost, Refused) as error:
            raise lost(call, True, str(error)) from None

    def poll(self, call: _Call, accepted: Accepted, secret: str) -> Response:
        """Ask for an accepted job. Raises Failure (transient)."""
        request = Request("GET", accepted.poll)
        try:
            return self._client.send(request, self._headers(call, accepted.poll, secret), self._clock() + POLL)
        except (NotSent, Lost) as error:
            raise Failure("transient", f"it could not be asked: {error}") from None
        except Refused as error:
            raise Failure("failed", str(error), paid="maybe") from None

    def cancel(self, call: _Call, accepted: Accepted, secret: str) -> bool:
        """Ask the provider to stop a job, for a few seconds; whether it said yes."""
        if not accepted.cancel or not trusted(accepted.cancel, call.account, call.adapter.hosts):
            return False
        method: Literal["PUT", "POST"] = "PUT" if accepted.facts.get("cancel_method") == "PUT" else "POST"
        with contextlib.suppress(NotSent, Lost, Refused):
            headers = self._headers(call, accepted.cancel, secret)
            return self._client.send(Request(method, accepted.cancel), headers, self._clock() + CANCEL).status < 300
        return False

    def fetch(
        self, call: _Call, url: str, path: Path, until: float, sleep: Callable[[float], None], tries: int
    ) -> None:
        """Bring a file of a result to `path`, whole. Raises Failure: transient ones can be fetched again later."""
        until = max(until, self._clock() + POLL)
        why = ""
        for number in range(tries):
            if number:
                sleep(2.0 ** (number - 1))
            part = path.with_name(f".{path.name}.part")
            try:
                headers = self._headers(call, url, self._key(call))
                limit = SIZES.get(call.generation.kind, SIZE)
                response = self._client.download(url, part, headers, until, limit, call.account.base_url)
            except (NotSent, Lost) as error:
                why = str(error)
                continue
            except Refused as error:
                raise Failure("failed", f"the file that it made is not fetched: {error}", paid="yes") from None
            if response.status // 100 == 2:
                os.replace(part, path)
                return
            why = f"HTTP {response.status}"
            if response.status in (401, 403, 404, 410):
                raise Failure(
                    "failed",
                    f"the file that it made is gone ({why}): providers keep results for an hour or so; "
                    f"`doit resume --resubmit {call.job}` asks, and pays, again",
                    paid="yes",
                )
        raise Failure("transient", f"the file that it made could not be fetched ({why}); it is kept there", paid="yes")

    def scrub(self, call: _Call, text: str) -> str:
        """A text without the account's key."""
        secret = self._key(call)
        return text.replace(secret, "[key]") if len(secret) > 3 else text

    def _key(self, call: _Call) -> str:
        return self._environ.get(call.account.key, "").strip() if call.account.key else ""

    def _headers(self, call: _Call, url: str, secret: str) -> Mapping[str, str]:
        """The headers with the key, where it may go."""
        if not secret or not trusted(url, call.account, call.adapter.hosts):
            return {}
        return call.adapter.authorise(secret)
