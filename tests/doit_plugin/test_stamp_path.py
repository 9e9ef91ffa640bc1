"""A build that finds nothing changed is over before anything heavy is imported."""

from __future__ import annotations

import os

from tests.doit_plugin.conftest import Ended, Shell
from vbmake.run import stamp

HEAVY = (
    "pydantic",
    "yaml",
    "jinja2",
    "av",
    "numpy",
    "cv2",
    "boto3",
    "rich",
    "vbmake.run.workspace",
    "vbmake.project.models",
)
CALL = (
    "import sys\nfrom doit.doit_cmd import DoitMain\ncode = DoitMain().run(sys.argv[1:])\n"
    f"print([name for name in {HEAVY} if name in sys.modules])\nsys.exit(code)"
)


def complete(shell: Shell) -> None:
    """A project that looks as it did after a complete build of seven jobs."""
    declaration = shell.here / "video.yaml"
    declaration.write_text("this is never read")
    files = {"video.yaml": stamp.facts(os.stat(declaration))}
    assert stamp.write(shell.here, files, (), stamp.Summary(7, ("build/film.mp4",)), environment=shell.environment)


def call(shell: Shell, *args: str) -> Ended:
    return shell.run(["-c", CALL], *args)


def test_nothing_to_do_is_seen_without_importing_the_planner(shell: Shell) -> None:
    complete(shell)
    ended = call(shell)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("7 jobs: 7 current in ")
    assert ended.out.splitlines()[1:] == ["[]"]


def test_a_changed_file_is_looked_at(shell: Shell) -> None:
    complete(shell)
    (shell.here / "video.yaml").write_text("now it is read")
    ended = call(shell)
    assert ended.code == 3
    assert "video.yaml" in ended.err


def test_a_named_target_or_an_option_that_asks_for_work_is_looked_at(shell: Shell) -> None:
    complete(shell)
    for arguments in (["-a"], ["build/film.mp4"], ["-r", "json"]):
        assert call(shell, *arguments).code == 3, arguments
