"""An interrupt that only reaches doit itself also ends what the user's own tasks have started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import TOY, Shell, declare
from tests.scenarios.test_kills import command_lines
from vbmake import process
from vbmake.errors import JobError

DODO = """
from vbmake.doit_plugin import load_video_tasks

def task_film():
    yield from load_video_tasks("film/video.yaml", prefix="film")

def task_stays():
    return {{"actions": ["{trap}echo began > '{began}'; sleep {seconds}; echo never > '{never}'"]}}
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("trap", ["", "trap '' TERM INT; "], ids=["obedient", "stubborn"])
def test_the_users_commands_end_with_the_build(shell: Shell, tmp_path: Path, sign: signal.Signals, trap: str) -> None:
    began, never = tmp_path / "began", tmp_path / "never"
    os.mkfifo(began)
    seconds = f"9{os.getpid()}"
    declare(shell.here / "film", {"id": "copy:a", "makes": {"o": "build/a.txt"}, "final": True})
    (shell.here / "dodo.py").write_text(DODO.format(began=began, never=never, seconds=seconds, trap=trap))
    build = shell.start(TOY, "-n", "2")
    began.read_text()
    assert any(f"sleep {seconds}" in line for line in command_lines())
    build.send_signal(sign)
    _, err = build.communicate(timeout=60)
    assert (build.returncode, "interrupted" in err) == (130, True)
    assert not [line for line in command_lines() if f"sleep {seconds}" in line]
    assert not never.exists()


def test_only_what_a_terminal_would_reach_is_ended(tmp_path: Path) -> None:
    """Children and their children in this process group: neither daemons nor the programs beside this one."""
    code = (
        "import subprocess, sys\n"
        "from vbmake import process\n"
        "child = subprocess.Popen(['sh', '-c', 'sleep 100 & wait'])\n"
        "daemon = subprocess.Popen(['sleep', '100'], start_new_session=True)\n"
        "process.terminate_descendants()\n"
        "print(child.wait(), daemon.poll())\n"
        "daemon.kill(); daemon.wait()\n"
    )
    beside = subprocess.Popen(["sleep", "1000"])
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == f"{-signal.SIGTERM} None\n"
        assert beside.poll() is None
    finally:
        beside.kill()
        beside.wait()


def test_without_proc_the_processes_are_listed_by_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sleep", "1000"])
    try:
        by_proc = dict(process._parents())
        monkeypatch.setattr(os.path, "exists", lambda path: False)
        by_ps = dict(process._parents())
        assert by_proc[child.pid] == by_ps[child.pid] == os.getpid()
    finally:
        child.kill()
        child.wait()


def test_who_only_sleeps_is_woken_by_an_interrupt() -> None:
    woken: list[str] = []

    def sleeper() -> None:
        with pytest.raises(JobError, match="interrupted"):
            process.pause(1000)
        woken.append("woken")

    thread = threading.Thread(target=sleeper, daemon=True)
    thread.start()
    try:
        process.terminate_all()
        thread.join(30)
        assert woken == ["woken"]
    finally:
        process.reopen()
    process.pause(0)
