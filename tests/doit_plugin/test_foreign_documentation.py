"""Whatever doit's documentation teaches goes on as ever where vbmake is installed: output, exit codes, files."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.doit_plugin.conftest import REPOSITORY, Shell
from tests.doit_plugin.test_foreign import steady

SAMPLES = Path(__file__).parent / "foreign" / "documentation"

# What is called in a directory with only that dodo file, one after the other. "python": the file is the program.
CALLS: dict[str, list[list[str]]] = {
    "hello": [[], [], ["list"], ["info", "hello"], ["clean"], ["hello.txt"]],
    "cmd_actions": [[], [], ["forget", "-a"], ["-s", "count"]],
    "cmd_actions_list": [[], ["-v", "0"]],
    "cmd_from_callable": [[]],
    "calc_dep": [
        ["-r", "executed-only"], [], ["-n", "2", "-P", "thread", "-a", "build:a.in"], ["list", "--deps", "--all"],
    ],
    "check_timestamp_unchanged": [[], []],
    "checker": [["copy"], ["disturb"], ["copy"], ["list", "-s"]],
    "clean_mix": [[], ["clean", "-n"], ["clean"], ["clean", "--forget"]],
    "custom_clean": [[], ["clean", "-n"], ["clean"]],
    "compile_pathlib": [[], [], ["program"], ["clean", "-a"], ["list", "-s"]],
    "config_params": [[], ["level=high"], ["level=low", "echo"]],
    "config_changed": [[], [], ["size=large"], ["size=large"], ["list", "-s", "size=small"]],
    "custom_task_def": [[], ["list", "-q"], ["say_hello"]],
    "doit_config": [[], [], ["-r", "console", "unwanted"], ["list"]],
    "download": [[], [], ["clean", "fetch"], ["info", "shrink"]],
    "empty_subtasks": [[], ["list", "--all"], ["xxx"]],
    "executable": [["python"], ["python", "list"], ["python", "no-such-task"], ["python", "help"]],
    "getargs": [["area"], ["shown"], ["-n", "1", "area"], ["forget", "compute"], ["shown"]],
    "getargs_group": [["sum"], ["sum"]],
    "global_dep_manager": [["ask"], ["dumpdb"]],
    "group": [["both"], ["-r", "zero", "foo"], ["list"], ["ignore", "foo"], ["both"], ["forget", "-a"]],
    "import_tasks": [["second"], ["list"], ["help", "first"]],
    "initial_workdir": [[], ["-f", "../initial_workdir/dodo.py"], ["-d", ".."], ["run", "-f", "dodo.py", "where"]],
    "metadata": [[], ["list", "--template", "{name}: {doc}"]],
    "parameters": [
        ["paint"], ["paint", "-x", "red", "--color", "blue", "-n", "3", "--glossy"], ["paint", "--matt"],
        ["paint", "-n", "many"], ["help", "paint"],
    ],
    "pos": [["words"], ["words", "one", "two"]],
    "report_deps": [[], [], ["-a"], ["reset-dep"], []],
    "run_once": [[], [], ["clean"], ["forget", "once"], []],
    "save_out": [["release"]],
    "selecttasks": [[], ["t2"], ["task1"], ["t*"], ["t9"], ["--single", "t3"], ["t1", "t2"], ["tab9"]],
    "task_doc": [
        ["list"], ["list", "--all", "-p"], ["help", "by_field"], ["_hidden"], ["list", "--sort", "definition"],
    ],
    "task_kwargs": [[], ["words:both"]],
    "task_name": [[], ["list", "--all"], ["numbered:1"]],
    "task_params": [[], ["created", "--many", "3"], ["list", "--all"]],
    "taskorder": [["last"], ["-n", "3", "-P", "thread", "-r", "zero", "last"], ["clean", "-c", "last"]],
    "title": [[], ["-v", "2", "with_title"]],
    "tsetup": [[], [], ["use_a"]],
    "uptodate_callable": [["counted"], ["counted"], ["counted"], ["by_command"]],
    "delayed": [
        ["one.joined"], [], ["list", "--all"], ["clean"], ["joined:two.part"], ["--auto-delayed-regex", "joined"],
    ],
    "failures": [
        ["-c"], [], ["error"], ["-c", "-r", "json"], ["-c", "-r", "error-only"],
        ["--failure-verbosity", "2", "command"],
    ],
    "custom_reporter": [[], ["-r", "zero"]],
    "custom_loader": [["python"], ["python"], ["python", "hello"], ["python", "list"], ["python", "help"]],
}  # fmt: skip

# doit once for each call, each in a process of its own; in a line of its own first what is called.
_BATCH = """
import json, os, runpy, sys
import doit.plugin
import doit.cmd_run, doit.cmd_list, doit.cmd_info, doit.cmd_clean, doit.reporter
if sys.argv[1] == "without plugins":
    doit.plugin.PluginDict._from_entry_points = lambda *_: {}
else:
    import vbmake.doit_plugin.cmd_run, vbmake.doit_plugin.cmd_list, vbmake.doit_plugin.cmd_help
from doit.doit_cmd import DoitMain
DoitMain.BIN_NAME = "doit"

def call(words):
    if words[:1] != ["python"]:
        return DoitMain().run(words)
    sys.argv = ["dodo.py", *words[1:]]
    sys.path[0] = os.getcwd()
    try:
        runpy.run_path("dodo.py", run_name="__main__")
    except SystemExit as ended:
        return ended.code

os.dup2(1, 2)
for sample, calls in json.loads(sys.argv[2]).items():
    os.chdir(os.path.join(sys.argv[3], sample))
    for words in calls:
        print("=====", json.dumps([sample, words]), flush=True)
        pid = os.fork()
        if not pid:
            try:
                code = call(words)
            except BaseException as error:
                print("raised", type(error).__name__, error)
                code = 99
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
        print("exit code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

Told = dict[str, tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> tuple[Told, Told]:
    """What every sample says, and the files it leaves; with vbmake's entry points, and without any."""
    found = []
    for which in ("with plugins", "without plugins"):
        folder = tmp_path_factory.mktemp("foreign") / "samples"  # one sample tells its name
        folder.mkdir()
        for sample in CALLS:
            here = folder / sample
            here.mkdir()
            shutil.copy(SAMPLES / f"{sample}.py", here / "dodo.py")
            shutil.copy(SAMPLES / "more_tasks.py", here)
            (here / "input.txt").write_text("a line of input\n")
            (here / "odd name; $HOME.txt").write_text("odd\n")
            os.utime(here / "input.txt", (1_700_000_000, 1_700_000_000))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("VBMAKE", "DOIT"))}
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(installed), str(REPOSITORY)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
        }
        ended = Shell(folder, environment).run(["-c", _BATCH], which, json.dumps(CALLS), str(folder))
        assert (ended.code, ended.err) == (0, "")
        said: dict[str, str] = dict.fromkeys(CALLS, "")
        for part in ended.out.split("===== ")[1:]:
            sample, _ = json.loads(part.partition("\n")[0])
            said[sample] += re.sub(r" at 0x[0-9a-f]+", "", steady(part.replace(str(folder), "FOLDER")))
        found.append({sample: (said[sample], files(folder / sample)) for sample in CALLS})
    return found[0], found[1]


def files(folder: Path) -> dict[str, str]:
    """Every file and its content; of doit's state, which has times in it, only the name."""
    return {
        path.relative_to(folder).as_posix(): "" if "state-of" in path.name or ".db" in path.name else path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "once.txt"
    }


@pytest.mark.parametrize("sample", CALLS)
def test_a_sample_behaves_the_same_with_and_without_vbmake(told: tuple[Told, Told], sample: str) -> None:
    mine, core = told[0][sample], told[1][sample]
    assert mine[0] == core[0]
    assert mine[1] == core[1]
    assert mine[0].count("exit code") == len(CALLS[sample])
    assert "\nraised " not in core[0]
    assert "Traceback" not in core[0] or sample == "failures"


def test_every_sample_is_called() -> None:
    assert {path.stem for path in SAMPLES.glob("*.py")} == {*CALLS, "more_tasks"}
    assert len(CALLS) >= 40
