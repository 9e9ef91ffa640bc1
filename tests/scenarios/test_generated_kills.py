"""Builds that are killed while providers work: everything is charged exactly once, and the film is the same."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.world import REPOSITORY, SMALL, World, environment

PIECES = {"openai": "generated-image", "replicate": "generated-clip", "elevenlabs": "generated-voice"}
EACH = {"openai": ("kept", "result", "done"), "replicate": ("accepted", "result"), "elevenlabs": ("fetched",)}
EVERY = {
    "openai": ("kept", "result", "fetched", "done"),
    "replicate": ("kept", "accepted", "result", "fetched", "done"),
    "elevenlabs": ("kept", "result", "fetched", "done"),
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def film(mark: str) -> dict[str, Any]:
    """A picture, a clip and a voice, of which every film has its own."""
    image = {"prompt": f"a hill {mark}", "provider": "openai", "options": {"quality": "low"}}
    return {
        **SMALL,
        "voice": {"provider": "elevenlabs"},
        "scenes": [
            {"id": "hill", "duration": "500ms", "layers": [{"image": image}]},
            {"id": "wave", "duration": "500ms", "layers": [{"video": {"prompt": mark, "provider": "replicate"}}]},
            {"id": "said", "say": f"Take {mark}."},
        ],
    }


@dataclass(frozen=True)
class Provider:
    """The stand-in as a program of its own, which no kill of a build reaches."""

    origin: str
    environ: dict[str, str]

    def charges(self) -> Counter[str]:
        """How often each service was paid."""
        return Counter(charge["service"] for charge in self.state()["charges"])

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.origin}/_stand_in/state", timeout=10) as answer:
            return dict(json.load(answer))

    def say(self, what: str, **said: Any) -> None:
        """One of the stand-in's own methods."""
        request = urllib.request.Request(f"{self.origin}/_stand_in/{what}", json.dumps(said).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    ready = tmp_path_factory.mktemp("stand-in") / "ready.json"
    args = [sys.executable, "-m", "tests.providers.stand_in", "--ready-file", str(ready), "--polls", "1", "--constant"]
    with subprocess.Popen(args, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        wait_for(ready.exists)
        told = json.loads(ready.read_text())
        yield Provider(told["origin"], told["environ"])
        process.terminate()


def wait_for(condition: Any) -> None:
    """Wait until another process has come so far."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        os.sched_yield()


def killed(world: World, moment: str, *args: str) -> int:
    """Run vbmake until a moment, which ends it; its exit code."""
    command = [sys.executable, "-m", "tests.scenarios.killed_asset", moment, *args]
    return subprocess.run(command, cwd=world.root, env=surroundings(world), capture_output=True, check=False).returncode


def surroundings(world: World) -> dict[str, str]:
    return environment(world.cache, **world.variables)


def targets(world: World) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((world.root / "build").iterdir()) if path.is_file()}


def a_world(folder: Path, provider: Provider, mark: str) -> World:
    return World(folder / "film", folder / "cache", provider.environ).declare(film(mark))


def undisturbed(folder: Path, provider: Provider, mark: str) -> dict[str, bytes]:
    """What the film is when nobody disturbs its build (it pays for itself)."""
    world = a_world(folder, provider, mark)
    ended = world.doit("-n", "4")
    assert ended.code == 0, ended.text
    return targets(world)


def jobs(world: World) -> dict[str, str]:
    """The job of each service, by its name."""
    plan = json.loads(world.doit("plan", "--json").out)
    return {service: next(job["id"] for job in plan["jobs"] if job["rule"] == rule) for service, rule in PIECES.items()}


def test_a_kill_at_any_step_costs_nothing_and_changes_nothing(tmp_path: Path, provider: Provider) -> None:
    check_kills(tmp_path, provider, "each step", EACH)


@pytest.mark.long
def test_a_kill_at_every_step_of_every_service_costs_nothing(tmp_path: Path, provider: Provider) -> None:
    check_kills(tmp_path, provider, "every step", EVERY)


def check_kills(folder: Path, provider: Provider, mark: str, moments: Mapping[str, Sequence[str]]) -> None:
    """Kill build after build of one film, each a step further."""
    world = a_world(folder / "killed", provider, mark)
    names = jobs(world)
    before = provider.charges()
    for service, states in moments.items():
        for state in states:
            code = killed(world, f"{service} {state}", names[service])
            assert code == -signal.SIGKILL, f"{service} {state}: nothing was killed"
    ended = world.doit("-n", "4")
    assert ended.code == 0, ended.text
    assert provider.charges() - before == dict.fromkeys(PIECES, 1)
    assert targets(world) == undisturbed(folder / "clean", provider, mark)


@pytest.mark.parametrize("again", ["all", "assets"])
def test_what_a_kill_kept_from_being_pinned_is_pinned_by_the_next_build(
    tmp_path: Path, provider: Provider, again: str
) -> None:
    """Also by one that is told to make those assets, and has nothing to do."""
    world = a_world(tmp_path / "killed", provider, f"unpinned {again}")
    images = [{"prompt": f"a hill {again} {side}", "provider": "openai"} for side in ("left", "right")]
    scenes = [{"id": f"s{n}", "duration": "500ms", "layers": [{"image": image}]} for n, image in enumerate(images)]
    world.declare({**SMALL, "scenes": scenes})
    lock = world.root / "vbmake.lock"
    before = provider.charges()
    assert killed(world, "not pinned", "-n", "1") == -signal.SIGKILL
    assert len(json.loads(lock.read_text())["assets"]) == 1
    rows = [job for job in json.loads(world.doit("plan", "--json").out)["jobs"] if job["rule"] == "generated-image"]
    assert [job["state"] for job in rows] == ["current", "current"]
    for _ in range(2):
        ended = world.doit(*([job["id"] for job in rows] if again == "assets" else []))
        assert ended.code == 0, ended.text
        assert len(json.loads(lock.read_text())["assets"]) == 2
    assert provider.charges() - before == {"openai": 2}


def test_what_may_have_been_paid_is_asked_and_never_paid_again_by_itself(tmp_path: Path, provider: Provider) -> None:
    """Killed with three requests sent, taken and charged, and not answered."""
    world = a_world(tmp_path / "killed", provider, "unknown")
    names = jobs(world)
    before = provider.charges()
    for service in PIECES:
        provider.say("misbehave", service=service, do="hang", charged=True)
    args = [sys.executable, "-m", "tests.scenarios.program", "-n", "4"]
    with subprocess.Popen(args, cwd=world.root, env=surroundings(world), stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: provider.state()["hanging"] == len(PIECES))
        process.kill()
    provider.say("release")
    once = dict.fromkeys(PIECES, 1)
    for _ in range(2):
        ended = world.doit("-n", "4", "--continue")
        assert ended.code == 1
        assert "Traceback" not in ended.text
        for name in names.values():
            assert f"doit resume --resubmit {name.partition('@')[0]}" in ended.text
        assert provider.charges() - before == once
    asked = world.doit("resume")
    assert asked.out.count("outcome unknown") == len(PIECES)
    decided = world.doit("resume", "--resubmit", *names.values())
    assert decided.code == 0, decided.text
    ended = world.doit("-n", "4")
    assert ended.code == 0, ended.text
    assert provider.charges() - before == dict.fromkeys(PIECES, 2)
    assert targets(world) == undisturbed(tmp_path / "clean", provider, "unknown")


def test_an_interrupt_ends_the_wait_for_a_job_at_once_and_the_next_build_takes_its_result(
    tmp_path: Path, provider: Provider
) -> None:
    world = a_world(tmp_path / "waits", provider, "waits")
    name = jobs(world)["replicate"]
    before = provider.charges()
    args = [sys.executable, "-m", "tests.scenarios.interrupted_wait", name]
    with subprocess.Popen(args, cwd=world.root, env=surroundings(world), stderr=subprocess.PIPE, text=True) as process:
        try:
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, "interrupted; what was finished is kept\n")
    ended = world.doit(name)
    assert ended.code == 0, ended.text
    assert provider.charges() - before == {"replicate": 1}


def test_a_kill_before_anything_was_sent_is_a_question_too(tmp_path: Path, provider: Provider) -> None:
    world = a_world(tmp_path / "killed", provider, "before")
    name = jobs(world)["openai"]
    before = provider.charges()
    assert killed(world, "openai intent", name) == -signal.SIGKILL
    ended = world.doit(name)
    assert ended.code == 1
    assert "resume --resubmit" in ended.text
    assert world.doit("resume", "--abandon", name).code == 0
    assert "abandoned" in world.doit(name).text
    assert not provider.charges() - before
    assert world.doit("resume", "--resubmit", name).code == 0
    assert world.doit(name).code == 0
    assert provider.charges() - before == {"openai": 1}


@pytest.mark.long
def test_sixty_kills_at_random_moments(tmp_path: Path, provider: Provider) -> None:
    chance = random.Random(4)
    for service in PIECES:
        provider.say("limit", service=service, latency=0.4)  # so that requests are under way at many moments
    start = time.monotonic()
    undisturbed(tmp_path / "first", provider, "first")
    seconds = time.monotonic() - start
    met = Counter[str]()
    for number in range(60):
        mark, sign = f"kill {number}", SIGNALS[number % len(SIGNALS)]
        world = a_world(tmp_path / f"{number}", provider, mark)
        before = provider.charges()
        args = [sys.executable, "-m", "tests.scenarios.program", "-n", "4"]
        with subprocess.Popen(
            args,
            cwd=world.root,
            env=surroundings(world),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.2, seconds))
            if process.poll() is None:
                met["killed"] += 1
                process.send_signal(sign)
                process.wait(30)
        ended = world.doit("-n", "4", "--continue")
        assert "Traceback" not in ended.text, f"{mark} by {sign.name}: {ended.text}"
        allowed = Counter(dict.fromkeys(PIECES, 1))
        if ended.code != 0:
            met["questions"] += 1
            assert "resume --resubmit" in ended.text, f"{mark} by {sign.name}: {ended.text}"
            assert not provider.charges() - before - allowed
            open_ones = [line.partition("  ")[0] for line in world.doit("resume").out.splitlines() if "unknown" in line]
            assert open_ones
            assert world.doit("resume", "--resubmit", *open_ones).code == 0
            allowed += Counter(service for service, name in jobs(world).items() if name in open_ones)
            ended = world.doit("-n", "4")
        assert ended.code == 0, f"{mark} by {sign.name}: {ended.text}"
        paid = provider.charges() - before
        assert set(paid) == set(PIECES)
        assert not paid - allowed, f"{mark} by {sign.name}: {paid}"
        if number % 6 == 0:
            assert targets(world) == undisturbed(tmp_path / f"clean {number}", provider, mark), f"{mark} by {sign.name}"
    print(dict(met))
    assert met["killed"] > 20, "too few builds were still running when they were killed"
