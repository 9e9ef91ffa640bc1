"""The stand-in's own door, /_stand_in/: for tests that run it in another process.

GET /state tells all that happened, as JSON. POST /misbehave, /limit, /release and /set take a JSON object: the
arguments of the methods of the same names (and attributes: {"polls": 0}).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.providers.stand_in.wire import Answer

if TYPE_CHECKING:
    from tests.providers.stand_in.server import StandIn

SETTABLE = ("polls", "seconds", "varies", "hears", "fetches", "file_polls")


def answer(stand_in: StandIn, method: str, path: str, body: bytes) -> Answer:
    """Answer a request to the stand-in itself; what it cannot take is told with 400."""
    if method == "GET" and path == "/state":
        return Answer.of_json(stand_in.state.summary())
    try:
        said = json.loads(body or b"{}")
        if path == "/misbehave":
            stand_in.misbehave(**said)
        elif path == "/limit":
            stand_in.limit(**said)
        elif path == "/release":
            stand_in.release()
        elif path == "/set" and set(said) <= set(SETTABLE):
            for name, value in said.items():
                setattr(stand_in, name, value)
        else:
            return Answer.of_json({"error": f"{method} {path} is not known"}, 404)
    except (TypeError, ValueError, KeyError) as error:
        return Answer.of_json({"error": str(error)}, 400)
    return Answer.of_json({"done": True})
