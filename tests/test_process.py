"""Programs run to their end: what they say is heard, what they are told arrives, and none keeps a build waiting."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from pathlib import Path

import pytest

from vbmake import process
from vbmake.errors import JobError


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def test_a_program_hears_much_and_says_much_at_once() -> None:
    data = bytes(range(256)) * 8192  # two megabytes, far more than a pipe holds, both ways
    assert (
        process.run(python("import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"), stdin=data)
        == data
    )


def test_a_program_need_not_hear_what_it_is_told() -> None:
    assert process.run(python("print('deaf')"), stdin=b"x" * 1_000_000) == b"deaf\n"


def test_lines_come_whole_however_they_are_written() -> None:
    code = (
        "import os\n"
        "for part in (b'on', b'e\\ntw', b'o\\n', 'dr\\u00e9'.encode()[:3], 'dr\\u00e9'.encode()[3:], b'i'):\n"
        "    os.write(1, part)\n"
        "os.write(2, b'said\\n\\naside')"
    )
    said: list[str] = []
    aside: list[str] = []
    process.run(python(code), on_line=said.append, log=aside.append)
    assert said == ["one", "two", "dréi"]
    assert aside == ["said", "aside"]


def test_a_line_that_never_ends_is_handed_on_in_pieces() -> None:
    heard: list[str] = []
    process.run(python("print('.' * 5_000_000, end='')"), on_line=heard.append)
    assert len(heard) > 1
    assert "".join(heard) == "." * 5_000_000


def test_a_failure_tells_the_last_words() -> None:
    with pytest.raises(JobError, match=r"exit code 3:\n    no ink") as told:
        process.run(python("import sys; sys.stderr.write('no ink'); sys.exit(3)"))
    assert "python" in str(told.value)


def test_a_program_that_closes_its_pipes_and_goes_on_is_waited_for(tmp_path: Path) -> None:
    late = tmp_path / "late"
    code = f"import os, time; os.close(1); os.close(2); time.sleep(0.2); open({str(late)!r}, 'w').close()"
    assert process.run(python(code)) == b""
    assert late.exists()


@pytest.mark.parametrize("closes", ["", "os.close(1); os.close(2); "], ids=["speaking", "silent"])
def test_a_program_that_takes_too_long_is_ended(closes: str) -> None:
    with pytest.raises(JobError, match=r"did not finish within 0.3 s and was ended"):
        process.run(python(f"import os, time; {closes}time.sleep(600)"), timeout=0.3)


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "asked"])
def test_what_a_program_leaves_running_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, watched: bool) -> None:
    monkeypatch.setattr(process, "LINGER", 0.1)
    monkeypatch.setattr(process, "LOOK", 0.05)
    if not watched:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    code = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)"
    threads = threading.active_count()
    left = int(process.run(python(code), timeout=500))
    os.kill(left, signal.SIGKILL)
    assert threading.active_count() == threads


def test_a_program_that_a_signal_ended_is_told_by_the_signals_name() -> None:
    with pytest.raises(JobError, match="was ended by the signal SIGKILL"):
        process.run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))


def test_what_a_program_has_left_running_ends_with_it(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        code = (
            "import os, signal\n"
            f"os.open({str(fifo)!r}, os.O_WRONLY)\n"
            "if os.fork() == 0:\n"
            "    os.closerange(0, 3)\n"
            "    signal.pause()\n"
        )
        process.run(python(code))
        assert select.select([reader], [], [], 5)[0], "it still holds what it has opened"
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)
