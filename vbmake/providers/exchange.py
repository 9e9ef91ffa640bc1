"""The engine's requests, sorted into what they mean: not sent, lost, answered; and where the key goes with them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from vbmake.providers.http import Client, Invalid, Lost, NotSent, Refused, trusted
from vbmake.providers.types import Accepted, Failure, Request, Response
from vbmake.services import Kind

if TYPE_CHECKING:
    from vbmake.providers.call import Call

POLL: Final = 60.0  # seconds for one poll
CANCEL: Final = 5.0
FETCH: Final = 600.0  # seconds for one download
FETCHES: Final = 4  # tries to bring a file
SIZES: Final[Mapping[Kind, int]] = {"clip": 512 * 2**20, "music": 256 * 2**20}  # bytes of a download at most
SIZE: Final = 64 * 2**20
_PAGES: Final = (b"<!doctype html", b"<html", b"{")


class Gone(Exception):
    """A file of a result is not there for us: `final` when it will not come back."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.final = status in (404, 410)


class Exchange:
    """Sends requests for the engine, from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._client = Client(clock)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def submit(self, call: Call, request: Request, secret: str, until: float) -> Response:
        """Send the request that costs, once. Raises NotSent, Invalid, Lost or Refused."""
        return self._client.send(request, _headers(call, request.url, secret), until)

    def poll(self, call: Call, accepted: Accepted, secret: str) -> Response:
        """Ask for an accepted job. Raises Failure: transient, but for an address that is none."""
        request = Request("GET", accepted.poll)
        try:
            return self._client.send(request, _headers(call, accepted.poll, secret), self._clock() + POLL)
        except (NotSent, Lost) as error:
            raise Failure("transient", f"it could not be asked: {error}", paid="maybe") from None
        except (Refused, Invalid) as error:
            raise Failure("failed", f"it cannot be asked for its result: {error}", paid="maybe") from None

    def cancel(self, call: Call, accepted: Accepted, secret: str) -> bool:
        """Ask the provider to stop a job, for a few seconds; whether it said yes."""
        if not accepted.cancel or not trusted(accepted.cancel, call.account, call.adapter.hosts):
            return False
        method: Literal["PUT", "POST"] = "PUT" if accepted.facts.get("cancel_method") == "PUT" else "POST"
        with contextlib.suppress(NotSent, Invalid, Lost, Refused):
            headers = _headers(call, accepted.cancel, secret)
            answer = self._client.send(Request(method, accepted.cancel), headers, self._clock() + CANCEL)
            return answer.status // 100 == 2
        return False

    def fetch(self, call: Call, url: str, path: Path, secret: str) -> None:
        """Bring a file of a result to `path`, whole, and see that it is no page that says something.

        Raises Gone, Failure (paid; it can be fetched again later) and OSError when it cannot be written.
        """
        part = path.with_name(f".{path.name}.part")
        why = ""
        try:
            for number in range(FETCHES):
                if number:
                    call.desk.sleep(2.0 ** (number - 1))
                try:
                    answer = self._download(call, url, part, secret)
                except (NotSent, Lost) as error:
                    why = str(error)
                    continue
                except (Refused, Invalid) as error:
                    raise Failure("failed", f"the file that it made is not fetched: {error}", paid="yes") from None
                if answer.status in (401, 403, 404, 410):
                    raise Gone(answer.status)
                why = f"HTTP {answer.status}" if answer.status // 100 != 2 else _what_is_wrong(part)
                if not why:
                    os.replace(part, path)
                    return
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        raise Failure("transient", f"the file that it made could not be fetched ({why}): it is kept there", paid="yes")

    def _download(self, call: Call, url: str, path: Path, secret: str) -> Response:
        limit = SIZES.get(call.generation.kind, SIZE)
        until = self._clock() + FETCH
        headers = _headers(call, url, secret)
        return self._client.download(url, path, headers, until, limit, call.account.base_url)


def _what_is_wrong(path: Path) -> str:
    """Why what was fetched is no medium at all; "" when it may be one (whoever uses it decodes it)."""
    with open(path, "rb") as stream:
        head = stream.read(64)
    if not head:
        return "it is empty"
    return "it is a page or a message instead" if head.lstrip().lower().startswith(_PAGES) else ""


def _headers(call: Call, url: str, secret: str) -> Mapping[str, str]:
    """The headers with the key, where it may go."""
    if not secret or not trusted(url, call.account, call.adapter.hosts):
        return {}
    return call.adapter.authorise(secret)
