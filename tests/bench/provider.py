"""Forty pictures and forty voices from providers that allow so many a second: how near a build comes to their own pace.

Two accounts, each of which lets 8 requests a second begin (2 at once), 5 be under way, and answers each in 0.2 s; what
is too early gets a 429 that says how long to wait. Nobody can be faster than the larger of count / rate and
count * latency / limit. Measured: from the first request to the last answer as the provider saw it, and the whole
build.

    python -m tests.bench.provider [rounds]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers.stand_in import StandIn

COUNT, RATE, BURST, LIMIT, LATENCY = 40, 8.0, 2, 5, 0.2
IDEAL = max((COUNT - BURST) / RATE + LATENCY, COUNT * LATENCY / LIMIT)  # seconds


def declaration(voices: str) -> dict[str, Any]:
    """A film of forty scenes, each with a picture and a voice; `voices` is the address of a second provider."""
    image = {"provider": "openai", "options": {"quality": "low"}}
    return {
        "vbmake": 1,
        "name": "film",
        "size": "64x36",
        "fps": 5,
        "quality": "draft",
        "providers": {"speaker": {"service": "openai", "base_url": voices}},
        "voice": {"provider": "speaker"},
        "scenes": [
            {"id": f"scene-{n}", "say": f"Number {n}.", "layers": [{"image": {"prompt": f"hill {n}", **image}}]}
            for n in range(COUNT)
        ],
    }


@dataclass
class Seen:
    """When a provider was first asked and last answered, how often it was asked, and how often in vain."""

    first: float = 0.0
    last: float = 0.0
    asked: int = 0
    refused: int = 0

    @property
    def seconds(self) -> float:
        return self.last - self.first


def watched(server: StandIn) -> Seen:
    """What happens at a provider from now on."""
    seen, begin, end, lock = Seen(), server.state.begin, server.state.end, threading.Lock()

    def begun(*given: Any) -> Any:
        with lock:
            seen.first = seen.first or time.monotonic()
            seen.asked += 1
        ticket, delay = begin(*given)
        seen.refused += bool(delay)
        return ticket, delay

    def ended(ticket: Any) -> None:
        end(ticket)
        if ticket is not None:
            seen.last = time.monotonic()

    server.state.begin, server.state.end = begun, ended  # type: ignore[method-assign]  # this server is ours to watch
    return seen


def once(folder: Path) -> tuple[Seen, Seen, float]:
    """One build from nothing: what the two providers saw, and the wall time of all of it."""
    with StandIn() as pictures, StandIn() as voices:
        for server in (pictures, voices):
            server.limit("openai", concurrent=LIMIT, per_second=RATE, burst=BURST, latency=LATENCY)
        seen = watched(pictures), watched(voices)
        folder.mkdir()
        (folder / "video.yaml").write_text(json.dumps(declaration(voices.url("openai"))))
        environment = {**os.environ, **pictures.environ(), "VBMAKE_CACHE_DIR": str(folder / "cache")}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        start = time.monotonic()
        args = [sys.executable, "-m", "tests.scenarios.program", "-n", "8"]
        subprocess.run(args, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        wall = time.monotonic() - start
        assert len(pictures.charges()) == len(voices.charges()) == COUNT
        return *seen, wall


def main() -> None:
    """Print each round, and the medians."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ratios, walls = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            pictures, voices, wall = once(Path(folder) / str(number))
            ratios.append(max(pictures.seconds, voices.seconds) / IDEAL)
            walls.append(wall)
            told = ", ".join(
                f"{name} {seen.seconds:.2f} s ({seen.asked} requests, {seen.refused} in vain)"
                for name, seen in (("pictures", pictures), ("voices", voices))
            )
            print(f"  round {number + 1}: {told}; the whole build {wall:.2f} s", flush=True)
    print(f"the provider's own ideal: {IDEAL:.2f} s")
    print(f"slower of the two to the ideal: {statistics.median(ratios):.3f} (asked: 1.3)")
    print(f"the whole build, with its film: {statistics.median(walls):.2f} s")


if __name__ == "__main__":
    main()
