"""A reader that leaves a pipe (`doit plan | head -1`) ends the program without a word, and no tool outlives it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import TOY, Shell, chain, declare, events
from tests.doit_plugin.toy import HERE
from tests.scenarios.test_kills import command_lines
from vbmake.doit_plugin.hearing import UNHEARD

DODO = """
import os

def task_broken():
    ends = os.pipe()
    os.close(ends[0])
    os.write(ends[1], b"nobody hears")
"""


def unread(shell: Shell, *args: str) -> tuple[int, str]:
    """Exit code and standard error of a program whose standard output nobody reads from the beginning."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return told_to(shell, writing, *args)
    finally:
        os.close(writing)


def told_to(shell: Shell, output: int, *args: str) -> tuple[int, str]:
    """Exit code and standard error of a program with this standard output."""
    ended = subprocess.run(
        [sys.executable, "-m", HERE, *args],
        cwd=shell.here,
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.fixture(params=["at once", "at its end"])
def piped(request: pytest.FixtureRequest, shell: Shell) -> Shell:
    """Output that is written line by line, or (as into any pipe) when much of it has come together."""
    environment = {name: value for name, value in shell.environment.items() if name != "PYTHONUNBUFFERED"}
    if request.param == "at once":
        environment["PYTHONUNBUFFERED"] = "1"
    return replace(shell, environment=environment)


@pytest.mark.parametrize("program", [["--vbmake"], []], ids=["vbmake", "doit"])
@pytest.mark.parametrize("command", [["plan"], ["list"], ["-n", "2"], ["help"]], ids=" ".join)
def test_a_program_that_nobody_reads_ends_without_a_word(piped: Shell, program: list[str], command: list[str]) -> None:
    chain(piped.here)
    assert unread(piped, *program, *command) == (UNHEARD, "")


def test_the_version_that_nobody_reads_ends_without_a_word(piped: Shell) -> None:
    assert unread(piped, "--vbmake", "--version") == (UNHEARD, "")


def test_a_build_whose_reader_leaves_ends_its_tools_and_keeps_what_was_finished(shell: Shell, tmp_path: Path) -> None:
    began, until, seconds = tmp_path / "began", tmp_path / "until", f"9{os.getpid()}"
    os.mkfifo(began)
    os.mkfifo(until)
    tool = {"id": "sleep:a", "makes": {"o": "a.txt"}, "options": {"began": str(began), "seconds": seconds}}
    told = {"id": "hold:b", "makes": {"o": "b.txt"}, "options": {"until": str(until)}, "final": True}
    declare(shell.here, {**tool, "final": True}, told)
    build = shell.start(TOY, "--vbmake", "-n", "2")
    assert build.stdout is not None
    build.stdout.close()
    began.read_text()
    until.write_text("go on")
    _, err = build.communicate(timeout=60)
    assert (build.returncode, err) == (UNHEARD, "")
    assert not [line for line in command_lines() if f"sleep {seconds}" in line]
    (job,) = [event for event in events(shell.here) if event["event"] == "job"]
    assert (job["job"], job["how"]) == ("hold:b", "ran")
    assert events(shell.here)[-1]["event"] == "end"


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no disk here that is always full")
@pytest.mark.parametrize(
    "command",
    [["list"], ["plan"], ["why", "copy:film"], ["info", "copy:film"], ["help"], ["run"], ["--vbmake", "--version"]],
    ids=" ".join,
)
def test_a_full_disk_is_told_in_a_line(piped: Shell, command: list[str]) -> None:
    chain(piped.here)
    assert piped.doit().code == 0
    with FULL.open("w") as full:
        ended = told_to(piped, full.fileno(), *command)
    assert ended == (2, "what is told cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", [["list"], ["plan"], ["help"], ["run"], ["run", "-a"]], ids=" ".join)
def test_a_standard_output_that_is_closed_is_told_nothing(shell: Shell, command: list[str]) -> None:
    chain(shell.here)
    assert shell.doit().code == 0
    program = ["-c", "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"]
    ended = shell.run([*program, "-m", HERE], *command)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


@pytest.mark.parametrize("closed", [(2,), (1, 2), (0, 1, 2)], ids=str)
def test_standard_streams_that_are_closed_lead_nowhere(shell: Shell, closed: tuple[int, ...]) -> None:
    """The exit code is all that is left to tell; and no file of the project stands where they were."""
    close = "".join(f"os.close({number}); " for number in closed)
    program = ["-c", f"import os, sys; {close}os.execv(sys.executable, [sys.executable, *sys.argv[1:]])", "-m", HERE]
    chain(shell.here)
    assert (shell.run(program).code, shell.run(program, "list").code) == (0, 0)
    assert [event["event"] for event in events(shell.here)][-1] == "end"  # whole lines, and nothing else, stand there
    declare(shell.here, {"id": "fail:one", "makes": {"out": "build/one.txt"}, "final": True})
    assert shell.run(program).code == 1
    (shell.here / "video.yaml").write_text("scenes: [")
    assert shell.run(program).code == 3


def test_a_file_that_cannot_be_written_is_told_in_a_line(shell: Shell) -> None:
    chain(shell.here)
    ended = shell.doit("-o", "nowhere/told.txt")
    assert ended.code == 2
    assert ended.err.endswith("nowhere/told.txt: No such file or directory\n")
    assert len(ended.err.splitlines()) == 1


def test_a_broken_pipe_elsewhere_is_told(shell: Shell) -> None:
    """It is a fault in the dodo file, say, and would be hidden."""
    (shell.here / "dodo.py").write_text(DODO)
    ended = shell.doit("list")
    assert ended.code == 3
    assert "BrokenPipeError" in ended.err
