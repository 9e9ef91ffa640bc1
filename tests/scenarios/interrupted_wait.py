"""`vbmake ARGS`, interrupted (SIGINT) when a job is about to be waited for; it would then wait long for its threads."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from vbmake.doit_plugin import runner
from vbmake.doit_plugin.program import main
from vbmake.providers import engine

poll = engine.poll


def interrupted(*given: Any, **more: Any) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    poll(*given, **more)  # it begins with a sleep


if __name__ == "__main__":
    engine.poll = interrupted
    runner.PATIENCE = 1000.0
    sys.exit(main())
