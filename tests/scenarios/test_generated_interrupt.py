"""A build that is interrupted while a provider works says so, and the next one takes the result."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys

from tests.providers.stand_in import StandIn
from tests.scenarios.world import World, environment


def test_a_job_that_a_provider_goes_on_with_is_told_and_taken_by_the_next_build(world: World) -> None:
    with StandIn(polls=3) as provider:
        asking = dataclasses.replace(world, variables=provider.environ())
        scene = {"id": "wave", "layers": [{"video": {"prompt": "a wave", "provider": "replicate"}}]}
        asking.declare({"vbmake": 1, "name": "film", "size": "64x36", "fps": 10, "quality": "draft", "scenes": [scene]})
        build = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.program"],
            cwd=asking.root,
            env=environment(asking.cache, **asking.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        provider.until(lambda: len(provider.requests("replicate")) > 1, 60)  # it is asked whether it has ended
        build.send_signal(signal.SIGINT)
        said, _ = build.communicate(timeout=60)
        assert build.returncode == 130
        assert "replicate goes on with a job that it accepted: the next build asks for its result\n" in said
        assert "Traceback" not in said
        ended = asking.doit()
        assert ended.code == 0, ended.text
        assert "goes on" not in ended.text
        assert len(provider.charges("replicate")) == 1
