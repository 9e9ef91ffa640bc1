"""What the engine and the adapters say to each other: what is asked, requests, answers, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from vbmake.services import Kind

Sort = Literal["auth", "quota", "invalid", "moderation", "rate", "transient", "failed", "unknown", "offline", "budget"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who is asked, and how: nothing of it changes what an asset looks like, so none of it enters a key.

    `key` is the name of the environment variable that holds the API key; "" for servers that need none. `limit` is
    how many requests are under way at once, `rpm` how many begin in a minute (None: as many as there are), `timeout`
    the wall time in seconds for one generation.
    """

    name: str
    service: str
    base_url: str
    key: str = ""
    limit: int = 5
    rpm: int | None = None
    timeout: float | None = None

    @property
    def base(self) -> str:
        """The address that paths are added to."""
        return self.base_url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Generation:
    """What is asked for. All of it enters the job's key.

    `prompt` is the text to speak (speech), to be found in a recording (words), or what to make. Sizes are in px,
    `seconds` is how long it shall last; None leaves it to the model. `options` go to the model as they are. `schema`
    (script) is the JSON Schema of the answer. `files` are inputs: "image" (a clip's first frame), "audio" (words).
    `seed` is always given, and sent where the service takes one. `named` are the fields that the project names itself:
    what follows from elsewhere (a seed from the take) may go unsaid, and what is named must be refused where it would.
    """

    kind: Kind
    service: str
    model: str
    prompt: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    voice: str = ""
    language: str = ""
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    system: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without its credentials. `data` and `files` (name to path) make a multipart form."""

    method: Literal["GET", "POST", "PUT"]
    url: str
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    files: Mapping[str, Path] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read to its end. `headers` have small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.content)

    @property
    def type(self) -> str:
        """The content type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Payload:
    """One file of a result: the bytes themselves, or where they are. `extension` as far as the service tells it."""

    content: bytes | None = None
    url: str = ""
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service took the job and will answer later. Everything that is needed to ask again, as JSON-ready data."""

    id: str
    poll: str  # the URL to ask
    cancel: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """Not done yet. `after` is in how many seconds the service asks to be asked again, `note` what it said."""

    after: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """The result: files by role (the first is the asset itself), word times, what was used, what else was told.

    `usage` are amounts by unit ("input_tokens", "output_tokens", "characters", "images", "seconds", "runs"), as far
    as the service told them. `words` are [{"text", "start", "end"}] in seconds, for speech and words. `data` is a
    script's JSON. `facts` (JSON-ready, no secret) go to the provenance: revised prompt, version, seed.
    """

    payloads: tuple[Payload, ...] = ()
    words: tuple[Mapping[str, Any], ...] | None = None
    data: Any = None
    usage: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Failure(Exception):
    """What went wrong, sorted. `paid` is what is known of the charge."""

    def __init__(
        self,
        sort: Sort,
        message: str,
        retry_after: float | None = None,
        paid: Literal["nothing", "maybe", "yes"] = "nothing",
    ) -> None:
        super().__init__(message)
        self.sort: Sort = sort
        self.message = message
        self.retry_after = retry_after
        self.paid = paid


class Adapter(Protocol):
    """One service. Pure: it builds requests and reads answers, and never opens a connection.

    A service that answers at once returns Ready from `accepted`; one with jobs returns Accepted, and `polled` tells
    Running until it is Ready. Every method that reads raises Failure. `hosts` are the hosts (besides that of the
    account's base URL) that may see the key: ("replicate.delivery",) stands for its subdomains, too. `idempotent`
    services may be asked again when an answer was lost, because asking twice costs nothing.
    """

    name: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    kinds: ClassVar[tuple[Kind, ...]]
    idempotent: ClassVar[bool]

    def authorise(self, key: str) -> Mapping[str, str]:
        """The headers that carry the key."""
        ...

    def check(self, generation: Generation) -> str:
        """What is wrong with what is asked, before anything is paid; "" when nothing is."""
        ...

    def submit(self, generation: Generation, account: Account) -> Request:
        """The request that asks for it."""
        ...

    def accepted(self, generation: Generation, response: Response, account: Account) -> Accepted | Ready:
        """What a 2xx answer to `submit` says. Raises Failure."""
        ...

    def polled(self, generation: Generation, response: Response, account: Account) -> Running | Accepted | Ready:
        """What a 2xx answer to a poll says; Accepted when the result stands elsewhere. Raises Failure."""
        ...

    def failure(self, response: Response) -> Failure:
        """Sort an answer that is not 2xx."""
        ...
