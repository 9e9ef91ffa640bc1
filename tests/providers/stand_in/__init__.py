"""A stand-in for the services that generate assets: OpenAI, Replicate, ElevenLabs and fal, on the loopback.

It speaks their protocols (their own SDKs can drive it: see tests/providers/test_stand_in.py), makes media that are
really valid, keeps a bill, and misbehaves as it is told to:

    with StandIn() as server:
        environ = server.environ()                    # keys and addresses, as vbmake reads them
        server.misbehave("openai", status=429, retry_after=0.01, times=2)
        ...
        assert len(server.charges("openai")) == 1
        assert server.peak("replicate") <= 2

Where things are: `server.url("openai")` is a base URL, `server.key("openai")` the key that it knows (with a wrong
one, or none, it answers 401 in the service's own form).

The bill: `server.charges(service)`. Every POST that generates and is taken is a charge, also when the client never
learns of it: there is no idempotency, as in reality. What is made depends on what is asked and on how often just that
was asked before, so paying twice shows in the bytes; with `varies=False` the same request gives the same bytes. The
order in which different requests arrive makes no difference.

Jobs (Replicate, fal) end at the second poll; `polls=` and `seconds=` change that. Files live at `/files/`, as long as
`server.fetches` and `server.file_polls` let them.

The scripts: `server.misbehave(service, do, route=..., times=..., when=..., contains=..., charged=...)`. faults.DEEDS
has what can be done, faults.Fault the arguments. `route` is "submit" (the default: all that is paid for), "poll",
"result" (fal), "fetch" (downloads), "cancel", "upload", or one route, such as "images". Some of them:

    server.misbehave("openai", status=429, code="insufficient_quota")
    server.misbehave("replicate", status=429, retry_after=0.03, told="body", times=3)      # or date, ms, text, nowhere
    server.misbehave("openai", status=502, body="<html>Bad Gateway</html>")
    server.misbehave("openai", "hang", charged=True)      # until server.release(); server.hanging() counts them
    server.misbehave("replicate", "reset", charged=True)  # paid, and the client never hears of it
    server.misbehave("replicate", "failed", error="NSFW content detected")
    server.misbehave("fal", "redirect", route="fetch")    # server.elsewhere() tells what arrived on the other host
    server.misbehave("replicate", route="fetch", status=410)

The limits: `server.limit("openai", concurrent=5, per_second=20, burst=5, latency=0.01)`. `server.refused("openai")`
counts the 429s, `server.peak("openai")` is the most that was under way at once, whatever the limits.

`server.until(lambda: server.charges("openai"))` waits for something to happen. In a process of its own:
`python -m tests.providers.stand_in --ready-file PATH`; GET /_stand_in/state and POST /_stand_in/misbehave (see
control.py) then stand for the methods.
"""

from __future__ import annotations

from tests.providers.stand_in.server import StandIn
from tests.providers.stand_in.state import Charge
from tests.providers.stand_in.wire import Recorded

__all__ = ["Charge", "Recorded", "StandIn"]
