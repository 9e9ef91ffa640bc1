"""vbmake, to be killed while it has assets made: python -m tests.scenarios.killed_asset "SERVICE MOMENT" ARGS...

The moment is a state of the journal ("openai result": when that step is on the disk), or "SERVICE kept": when the
answer is on the disk and no step says so yet. "not pinned": when an asset is recorded that `vbmake.lock` lacks.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from vbmake.doit_plugin.program import main
from vbmake.providers.journal import Journal, Step
from vbmake.providers.kept import Kept
from vbmake.run import pins
from vbmake.run.pins import Pins


def die_at(moment: str) -> None:
    """Have this process killed at a moment."""
    write, put, pin = Journal.write, Kept.put_answer, Pins.put
    asked: dict[str, str] = {}

    def end(service: str, found: str) -> None:
        if moment == f"{service} {found}":
            os.kill(os.getpid(), signal.SIGKILL)

    def write_and_end(self: Journal, key: str, state: Any, **facts: Any) -> Step:
        step = write(self, key, state, **facts)
        asked[key] = str(step.facts.get("service"))
        end(asked[key], state)
        return step

    def put_and_end(self: Kept, *args: Any) -> None:
        put(self, *args)
        end(asked.get(self.directory.name, ""), "kept")

    def pin_and_end(self: Pins, *args: Any) -> None:
        pin(self, *args)
        if moment == "not pinned" and len(self._assets) > 1:
            os.kill(os.getpid(), signal.SIGKILL)

    if moment == "not pinned":
        pins.PAUSE = 3600.0  # type: ignore[misc]  # the first is written at once, and no other
    Pins.put = pin_and_end  # type: ignore[method-assign]  # for the rest of this process, as it shall end
    Journal.write = write_and_end  # type: ignore[method-assign]  # for the rest of this process, as it shall end
    Kept.put_answer = put_and_end  # type: ignore[method-assign]  # same


if __name__ == "__main__":
    die_at(sys.argv.pop(1))
    sys.exit(main())
