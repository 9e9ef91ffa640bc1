"""Running doit and vbmake as programs, on toy projects (see toy.py), with vbmake's entry points live."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

from vbmake.doit_plugin.cmd_core import DumpDB, ResetDep, Strace
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program

REPOSITORY = Path(__file__).parents[2]
TOY = ["-m", "tests.doit_plugin.toy"]
_MANY = """
import json, os, sys
import doit.plugin
if sys.argv[1] == "without plugins":
    doit.plugin.PluginDict._from_entry_points = lambda *_: {}
from doit.doit_cmd import DoitMain
DoitMain.BIN_NAME = "doit"
for command in json.loads(sys.argv[2]):
    pid = os.fork()
    if not pid:
        code = DoitMain().run(command)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)
    print("exit code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shown:
    """What a terminal was told."""

    code: int
    data: bytes

    @property
    def in_order(self) -> bool:
        """Whether the cursor is shown at the end."""
        return self.data.rfind(b"\x1b[?25h") >= self.data.rfind(b"\x1b[?25l")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that makes vbmake's entry points live, whether or not it is installed where the tests run."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    info = site / "vbmake-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vbmake\nVersion: 0\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site


@dataclass
class Shell:
    """Runs programs in a directory."""

    here: Path
    environment: dict[str, str]

    def start(self, program: list[str], *args: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *program, *args],
            cwd=cwd or self.here,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def run(self, program: list[str], *args: str, cwd: Path | None = None, **variables: str) -> Ended:
        process = Shell(self.here, {**self.environment, **variables}).start(program, *args, cwd=cwd)
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def on_terminal(self, *args: str, columns: int = 80, program: list[str] = TOY, **variables: str) -> Shown:
        """A program on a terminal of so many columns."""
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in self.environment.items() if name not in ("COLUMNS", "LINES")}
        process = subprocess.Popen(
            [sys.executable, *program, *args],
            cwd=self.here,
            env={**environment, "TERM": "xterm", **variables},
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
        )
        os.close(its)
        shown = b""
        with contextlib.suppress(OSError):  # a terminal whose last program has ended says so
            while data := os.read(ours, 4096):
                shown += data
        os.close(ours)
        return Shown(process.wait(timeout=60), shown)

    def many(self, *commands: list[str], plugins: bool = True, cwd: Path | None = None, **variables: str) -> Ended:
        """Plain doit, once for each command; their exit codes stand in the output."""
        which = "with plugins" if plugins else "without plugins"
        return self.run(["-c", _MANY], which, json.dumps(commands), cwd=cwd, **variables)

    def doit(self, *args: str, cwd: Path | None = None, **variables: str) -> Ended:
        return self.run(TOY, *args, cwd=cwd, **variables)

    def vbmake(self, *args: str, cwd: Path | None = None, **variables: str) -> Ended:
        return self.run(TOY, "--vbmake", *args, cwd=cwd, **variables)


@pytest.fixture
def shell(tmp_path: Path, installed: Path) -> Shell:
    here = tmp_path / "project"
    here.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VBMAKE", "DOIT"))}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(installed), str(REPOSITORY)]),
        "VBMAKE_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONWARNINGS": "error",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # doit keeps file_dep in a set
    }
    return Shell(here, environment)


class Toy:
    """vbmake and doit called in this process, in a toy's directory."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self._output = root.parent / "output.txt"

    def vbmake(self, *args: str) -> Ended:
        """`vbmake ARGS`."""
        return self._call(lambda: Program(task_loader=VideoLoader()).run(list(args)))

    def build(self, *args: str) -> Ended:
        """`vbmake run ARGS`: doit's `run` writes to the standard output of the time of its import, so not to ours."""
        self._output.unlink(missing_ok=True)
        ended = self.vbmake("run", "-o", str(self._output), *args)
        return Ended(ended.code, ended.out + self._written(), ended.err)

    def doit(self, *args: str, tasks: dict[str, Any] | None = None) -> Ended:
        """`doit ARGS`, with the overridden commands; `tasks` is the namespace of a dodo file."""
        self._output.unlink(missing_ok=True)
        given = list(args)
        loader = ModuleTaskLoader(tasks) if tasks is not None else None
        if tasks is not None:
            tasks["DOIT_CONFIG"] = {"outfile": str(self._output), **tasks.get("DOIT_CONFIG", {})}
        ended = self._call(lambda: Overridden(loader).run(given))
        return Ended(ended.code, ended.out + self._written(), ended.err)

    def _call(self, run: Callable[[], Any]) -> Ended:
        self._capsys.readouterr()
        code = run()
        captured = self._capsys.readouterr()
        return Ended(int(code or 0), captured.out, captured.err)

    def _written(self) -> str:
        return self._output.read_text() if self._output.exists() else ""


class Overridden(DoitMain):  # type: ignore[misc]  # doit has no types
    """doit with vbmake's entry points, as if they were live."""

    BIN_NAME = "doit"
    DOIT_CMDS = (*Program.DOIT_CMDS, DumpDB, ResetDep, Strace)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Toy:
    from tests.doit_plugin.toy import install
    from vbmake.run import declaration
    from vbmake.run.workspace import Workspace

    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(Workspace, "open", Workspace.open)  # these are put back afterwards
    monkeypatch.setattr(declaration, "read_declaration", declaration.read_declaration)
    install()
    return Toy(root, capsys)


def declare(root: Path, *jobs: dict[str, Any], **more: Any) -> None:
    """Write a toy's declaration, one job a line."""
    root.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(job) for job in jobs)
    rest = "".join(f', "{name}": {json.dumps(value)}' for name, value in more.items())
    (root / "video.yaml").write_text(f'{{"jobs": [{lines}]{rest}}}')


def chain(root: Path, text: str = "one") -> None:
    """A source, an intermediate of it, and a final target."""
    root.mkdir(exist_ok=True)
    (root / "a.txt").write_text(text)
    declare(
        root,
        {"id": "copy:middle", "reads": {"source": ["a.txt"]}, "makes": {"copy": ".vbmake/work/middle.txt"}},
        {
            "id": "copy:film",
            "reads": {"middle": ["copy:middle#copy"]},
            "makes": {"film": "build/film.txt"},
            "final": True,
        },
    )


def events(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / ".vbmake" / "events.jsonl").read_text().splitlines()]
