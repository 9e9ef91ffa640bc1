"""The stand-in as a program: it serves until it is interrupted or terminated.

The ready file gets one JSON object: {"origin", "elsewhere", "urls": {service: base URL}, "environ": {variable: value}}.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from pathlib import Path

from tests.providers.stand_in import StandIn


def main() -> None:
    """Serve, and say where."""
    parser = argparse.ArgumentParser(prog="python -m tests.providers.stand_in", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ready-file", type=Path, help="written when it can be talked to")
    parser.add_argument("--polls", type=int, default=2, help="the poll at which a job ends")
    parser.add_argument("--constant", action="store_true", help="the same request gives the same bytes")
    said = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with StandIn(port=said.port, polls=said.polls, varies=not said.constant) as server:
        urls = {name: server.url(name) for name in server.services}
        places = {"origin": server.origin(), "elsewhere": server.origin(elsewhere=True), "urls": urls}
        text = json.dumps(places | {"environ": server.environ()})
        if said.ready_file is not None:
            partial = said.ready_file.with_name(said.ready_file.name + ".part")
            partial.write_text(text)
            os.replace(partial, said.ready_file)
        print(text, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
