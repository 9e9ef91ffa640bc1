"""`vbmake ARGS`, interrupted (SIGINT) when a job is about to be waited for, which would take long; so may the end."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from vbmake.doit_plugin import runner
from vbmake.doit_plugin.program import main
from vbmake.providers import engine, poll


def interrupted(*given: Any, **more: Any) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    poll.poll(*given, **more)


if __name__ == "__main__":
    engine.poll = interrupted
    poll.FIRST = runner.PATIENCE = 1000.0
    sys.exit(main())
