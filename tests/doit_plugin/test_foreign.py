"""Installing vbmake changes nothing for doit projects that are not vbmake's: same output, same exit codes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import Ended, Shell

SAMPLES = Path(__file__).parent / "foreign"

SESSIONS = {
    "basics": [
        [],
        [],
        ["list", "--all", "-s"],
        ["info", "report"],
        ["-c", "fails", "after_failure"],
        ["ignore", "make:a"],
        ["forget", "make"],
        ["clean", "-n"],
        ["-n", "1", "-P", "thread", "make"],
        ["clean", "--forget"],
        ["reset-dep"],
        ["nothing-like-it"],
        ["plan"],
        ["help"],
        ["help", "run"],
        ["help", "list"],
    ],
    "namesakes": [
        ["plan"],
        ["why", "-r", "of the moon"],
        ["sync:frame", "init"],
        ["doctor", "a", "b"],
        ["list"],
        ["help", "plan"],
    ],
    "dynamic": [[], ["-r", "json", "uses"], ["port=81", "client"], ["1.late"], ["list"]],
}


def session(shell: Shell, directory: Path, sample: str, *, plugins: bool) -> Ended:
    directory.mkdir()
    shutil.copy(SAMPLES / f"{sample}.py", directory / "dodo.py")
    (directory / "input.txt").write_text("input")
    return shell.many(*SESSIONS[sample], plugins=plugins, cwd=directory)


@pytest.mark.parametrize("sample", SESSIONS)
def test_a_foreign_project_behaves_the_same_with_and_without_vbmake(shell: Shell, tmp_path: Path, sample: str) -> None:
    mine = session(shell, tmp_path / "with", sample, plugins=True)
    core = session(shell, tmp_path / "without", sample, plugins=False)

    assert steady(mine.out) == steady(core.out)
    assert mine.err == core.err
    assert mine.out.count("exit code") == len(SESSIONS[sample])
    assert {path.name for path in (tmp_path / "with").iterdir()} == {p.name for p in (tmp_path / "without").iterdir()}


def steady(text: str) -> str:
    """Without times, which no two runs share."""
    return re.sub(r'"(started|elapsed)": ("[^"]*"|[0-9.e-]+)', r'"\1": 0', text)


def test_a_directory_without_any_project_is_told_of_its_missing_dodo_file(shell: Shell) -> None:
    mine, core = shell.many(["list"], []), shell.many(["list"], [], plugins=False)
    assert mine == core
    assert mine.out == "exit code 3\nexit code 3\n"


@pytest.mark.parametrize("arguments", [["-f", "other.py", "hello"], ["run", "-f", "other.py", "hello"]])
def test_a_named_dodo_file_goes_before_a_film(shell: Shell, arguments: list[str]) -> None:
    (shell.here / "video.yaml").write_text("not: a film")
    (shell.here / "other.py").write_text("def task_hello(): return {'actions': ['echo hello'], 'verbosity': 2}\n")

    assert shell.many(arguments).out == ".  hello\nhello\nexit code 0\n"


def test_the_environment_may_name_the_dodo_file(shell: Shell) -> None:
    (shell.here / "video.yaml").write_text("not: a film")
    (shell.here / "other.py").write_text("def task_hello(): return {'actions': ['echo hello'], 'verbosity': 2}\n")

    assert shell.many([], DOIT_FILE="other.py").out == ".  hello\nhello\nexit code 0\n"


PARAMETER = """
def task_count():
    number = {"name": "n", "long": "n", "type": int, "default": 1}
    return {"actions": ["echo %(n)s"], "params": [number], "verbosity": 2}
"""


@pytest.mark.parametrize("named", ["other.py", ""], ids=["other.py", "DOIT_FILE"])
def test_a_wrong_option_of_a_named_dodo_file_is_told_as_by_doit_beside_a_film(shell: Shell, named: str) -> None:
    (shell.here / "video.yaml").write_text("not: a film")
    (shell.here / "other.py").write_text(PARAMETER)
    name = [f"--file={named}"] if named else []
    calls = [["count", "--n", "x"], ["count", "--nn", "3"], ["--nosuch"], ["-n", "many"], ["list", "--nosuch"]]
    if named:
        calls += [["-f", named, *call] for call in calls] + [["list", f"-f{named}", "--nosuch"]]
    commands = [[*name, *call] for call in calls]
    variables = {} if named else {"DOIT_FILE": "other.py"}
    mine, core = (shell.many(*commands, plugins=plugins, **variables) for plugins in (True, False))
    assert mine == core
    assert "Error parsing parameter 'n'" in mine.err


def test_a_wrong_option_where_a_film_is_meant_is_told_in_vbmakes_words(shell: Shell) -> None:
    (shell.here / "video.yaml").write_text("not: a film")
    assert shell.many(["--nosuch"]).err.startswith("ERROR: run has no option --nosuch;")
    assert shell.many(["-d", ".", "--nosuch"]).err.startswith("ERROR: run has no option --nosuch;")


def test_a_dodo_file_beside_a_declaration_is_what_doit_means(shell: Shell) -> None:
    (shell.here / "video.yaml").write_text("not: a film")
    (shell.here / "dodo.py").write_text("def task_hello(): return {'actions': ['echo hello'], 'verbosity': 2}\n")

    assert shell.many([]).out == ".  hello\nhello\nexit code 0\n"
