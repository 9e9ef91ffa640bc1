"""The commands on a film's project: what they say, what they do, how they end."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path, PurePosixPath

import pytest
from doit.task import Task

from tests.doit_plugin.conftest import Toy, chain, declare, events
from vbmake.doit_plugin import tasks as tasks_module
from vbmake.doit_plugin.words import COMMANDS


def test_nothing_but_the_projects_own_state_appears_beside_the_declaration(toy: Toy) -> None:
    chain(toy.root)
    for command in ([], ["list", "-s"], ["plan"], ["forget"], ["ignore", "copy:film"], ["clean"]):
        assert toy.vbmake(*command).code == 0
    assert sorted(path.name for path in toy.root.iterdir()) == [".vbmake", "a.txt", "video.yaml"]


def test_the_record_of_a_build_can_be_read_by_programs(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    toy.build()
    found = events(toy.root)
    assert all({"event", "time", "run"} <= event.keys() for event in found)
    assert len({event["run"] for event in found}) == 2
    jobs = [(event["job"], event["how"]) for event in found if event["event"] == "job"]
    assert jobs == [
        ("copy:middle", "ran"), ("copy:film", "ran"), ("copy:middle", "current"), ("copy:film", "current"),
    ]  # fmt: skip
    assert found[-1]["event"] == "end"
    assert (found[-1]["exit"], found[-1]["totals"]) == (0, {"current": 2})


def test_list_shows_final_targets_and_groups_and_all_jobs_when_asked(toy: Toy) -> None:
    chain(toy.root)
    assert toy.vbmake("list", "-q").out.split() == ["copy", "copy:film"]
    assert toy.vbmake("list", "-q", "--all").out.split() == ["copy", "copy:film", "copy:middle"]


def test_a_list_of_three_times_the_films_takes_three_times_as_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counted are the paths that are taken apart, and the tasks that are compared with one another."""
    looks: list[str] = []

    def path(text: str) -> PurePosixPath:
        looks.append(text)
        return PurePosixPath(text)

    def same(task: Task, other: object) -> bool:
        looks.append(task.name)
        return task is other

    monkeypatch.setattr(tasks_module, "PurePosixPath", path)
    monkeypatch.setattr(Task, "__eq__", same, raising=False)
    monkeypatch.setattr(Task, "__hash__", object.__hash__, raising=False)
    monkeypatch.setenv("VBMAKE_CACHE_DIR", "off")
    monkeypatch.chdir(tmp_path)
    scenes = [{"id": "one", "duration": "100ms", "layers": [{"color": "red"}]}]
    counts = []
    for number in (10, 30):
        films = {"for": {"i": f"{{{{ range({number}) | list }}}}"}, "name": "f{{ i }}"}
        declared = {
            "vbmake": 1,
            "size": "64x36",
            "fps": 10,
            "films": films,
            "scenes": scenes,
            "outputs": {"poster": {"at": "0s"}},
        }
        (tmp_path / "video.yaml").write_text(json.dumps(declared))
        looks.clear()
        listed = Toy(tmp_path, capsys).vbmake("list", "-q").out.split()
        assert {f"f{i}" for i in range(number)} | {f"film:f{i}/main" for i in range(number)} <= set(listed)
        counts.append(len(looks))
    assert counts[1] <= 3.5 * counts[0]


def test_list_tells_more_of_a_job_than_its_name(toy: Toy) -> None:
    chain(toy.root)
    told = toy.vbmake("list", "--all").out.splitlines()
    assert [line.split(maxsplit=1)[1] for line in told] == ["2 jobs", "build/film.txt", "jobs[0], line 1"]


def test_plan_tells_a_forgotten_job_from_one_that_was_never_built(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    toy.vbmake("forget", "copy:middle")
    rows = {row["id"]: row["reason"] for row in json.loads(toy.vbmake("plan", "--json").out)["jobs"]}
    assert rows["copy:middle"] == "it was forgotten"
    toy.build()
    assert "forgotten" not in toy.vbmake("plan", "--all").out
    declare(toy.root, {"id": "copy:new", "makes": {"o": "new.txt"}})
    assert "it was not built before" in toy.vbmake("plan").out


def test_list_tells_the_state_of_jobs_and_of_their_groups(toy: Toy) -> None:
    chain(toy.root)
    assert toy.vbmake("list", "-sq", "--all").out.split() == ["R", "copy", "R", "copy:film", "R", "copy:middle"]
    toy.build()
    assert toy.vbmake("list", "-sq", "--all").out.split() == ["U", "copy", "U", "copy:film", "U", "copy:middle"]
    (toy.root / "build/film.txt").write_text("edited by hand")
    assert toy.vbmake("list", "-sq", "--all").out.split() == ["R", "copy", "R", "copy:film", "U", "copy:middle"]


def test_info_tells_rule_inputs_outputs_state_and_reason(toy: Toy) -> None:
    chain(toy.root)
    told = toy.vbmake("info", "copy:film")
    assert told.code == 1
    for part in (
        "rule:     copy",
        "declared: video.yaml:2:1",
        " - middle: copy:middle#copy",
        " - film: build/film.txt",
    ):
        assert part in told.out
    assert "state:    maybe" in told.out
    toy.build()
    told = toy.vbmake("info", "copy:film")
    assert (told.code, "state:    current" in told.out) == (0, True)


def test_info_takes_a_target_as_why_does(toy: Toy) -> None:
    chain(toy.root)
    assert toy.vbmake("info", "build/film.txt") == toy.vbmake("info", "copy:film")


def test_info_of_a_group_tells_its_members_and_their_states(toy: Toy) -> None:
    chain(toy.root)
    toy.build("copy:middle")
    told = toy.vbmake("info", "copy")
    assert told.code == 1
    assert told.out == (
        "copy\n2 jobs\n\nmembers:\n - copy:middle  current\n - copy:film  run\nstate:    1 current, 1 run\n"
    )
    assert toy.vbmake("info", "--no-status", "copy").out.endswith("members:\n - copy:middle\n - copy:film\n")
    toy.build()
    told = toy.vbmake("info", "copy")
    assert (told.code, told.out.splitlines()[-1]) == (0, "state:    2 current")


def test_plan_tells_what_would_run_and_why_and_runs_nothing(toy: Toy) -> None:
    chain(toy.root)
    told = toy.vbmake("plan", "--json")
    plan = json.loads(told.out)
    assert [(job["id"], job["rule"], job["state"]) for job in plan["jobs"]] == [
        ("copy:middle", "copy", "run"), ("copy:film", "copy", "maybe"),
    ]  # fmt: skip
    names = {"id", "rule", "state", "reason", "seconds", "cost", "key", "place", "ignored"}
    assert all(set(job) == names for job in plan["jobs"])
    assert [job["key"] is None for job in plan["jobs"]] == [False, True], "what the second reads is not made yet"
    assert plan["jobs"][0]["place"].startswith("video.yaml:")
    assert plan["jobs"][0]["reason"] == "it was not built before"
    assert plan["totals"]["run"] == 1
    assert not (toy.root / "build").exists()


def test_plan_tells_what_it_waits_for(toy: Toy) -> None:
    in_rounds(toy.root)
    plan = json.loads(toy.vbmake("plan", "--json").out)
    assert {item["what"] for item in plan["pending"]} == {"copy:voice#voice"}
    assert "pending  copy:voice#voice: copy:film is planned from its length\n" in toy.vbmake("plan").out


def test_why_follows_a_change_upstream_to_a_file(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    (toy.root / "a.txt").write_text("two")
    told = toy.vbmake("why", "copy:film").out
    assert told.splitlines()[0] == "copy:film: may have to run"
    assert "  copy:middle: must run\n    input a.txt changed: 7692c3ad3540 -> 3fc4ccfe7458\n" in told


def test_why_follows_every_input_that_is_made_anew(toy: Toy) -> None:
    jobs = [{"id": f"copy:{n}", "reads": {"i": [f"{n}.txt"]}, "makes": {"o": f"o{n}"}} for n in range(3)]
    film = {"id": "copy:film", "reads": {"i": [f"copy:{n}#o" for n in range(3)]}, "makes": {"o": "film"}, "final": True}
    declare(toy.root, *jobs, film)
    for n in range(3):
        (toy.root / f"{n}.txt").write_text(f"old {n}")
    toy.build()
    for n in (0, 2):
        (toy.root / f"{n}.txt").write_text(f"new {n}")
    told = toy.vbmake("why", "copy:film").out
    assert "input 0.txt changed" in told
    assert "input 2.txt changed" in told
    assert "copy:1" not in told


def test_another_input_is_told_by_its_name_with_the_line_that_names_it(toy: Toy) -> None:
    job = {"id": "copy:film", "makes": {"o": "build/film.txt"}, "final": True}
    for name in ("one", "two", "three"):
        (toy.root / f"{name}.txt").write_text(name)
    declare(toy.root, {**job, "reads": {"i": ["one.txt", "two.txt"]}})
    toy.build()

    def told(*names: str) -> list[str]:
        declare(toy.root, {**job, "reads": {"i": [f"{name}.txt" for name in names]}})
        return toy.vbmake("why", "copy:film").out.splitlines()[1:]

    declared = "  declared at video.yaml:1:1 (jobs[0])"
    assert told("three", "two") == ["  input one.txt replaced by three.txt", declared]
    assert told("two") == ["  input one.txt is no longer read", declared]
    assert told("one", "three", "two") == ["  input three.txt added", declared]
    assert told("two", "one") == ["  the order of the inputs changed: two.txt comes before one.txt now", declared]
    (toy.root / "two.txt").write_text("edited")
    assert told("one", "two") == ["  input two.txt changed: 3fc4ccfe7458 -> 1fb9f4097256"]


def test_why_follows_a_change_to_a_line_of_the_declaration(toy: Toy) -> None:
    job = {"id": "copy:one", "makes": {"out": "build/one.txt"}, "final": True}
    declare(toy.root, {**job, "options": {"text": "old"}})
    toy.build()
    declare(toy.root, {**job, "options": {"text": "new"}})
    told = toy.vbmake("why", "build/one.txt").out
    assert "options.text: 'old' -> 'new'" in told
    assert "declared at video.yaml:1:1 (jobs[0])" in told
    assert toy.vbmake("why", "build/one.txt", "-d", str(toy.root)).out == told, "options may stand last"


def test_clean_removes_targets_and_intermediate_outputs_and_no_source(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    dry = toy.vbmake("clean", "-n")
    assert "build/film.txt" in dry.out
    assert (toy.root / "build/film.txt").exists()
    assert toy.vbmake("clean").code == 0
    assert not (toy.root / "build").exists()
    assert not (toy.root / ".vbmake/work").exists()
    assert (toy.root / "a.txt").read_text() == "one"


def test_clean_tells_what_it_cannot_remove(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(toy.root)
    toy.build()

    def refuse(path: str) -> None:
        raise OSError(errno.EROFS, "", path)

    monkeypatch.setattr(os, "remove", refuse)
    told = toy.vbmake("clean")
    assert (told.code, told.err.startswith("cannot remove build/film.txt: the file system is read-only")) == (2, True)


@pytest.mark.parametrize("command", ["plan", "verify", "sync", "trace", "gc", "costs", "doctor", "schema"])
def test_a_word_that_a_command_would_do_nothing_with_is_refused(toy: Toy, command: str) -> None:
    chain(toy.root)
    told = toy.vbmake(command, "copy:film")
    assert (told.code, f"{command} takes no words, found copy:film" in told.err) == (3, True)


def test_clean_of_a_named_job_leaves_the_others(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    toy.vbmake("clean", "copy:film")
    assert not (toy.root / "build/film.txt").exists()
    assert (toy.root / ".vbmake/work/middle.txt").exists()


def test_clean_of_a_chain_of_thousands_of_jobs_does_not_recurse(toy: Toy) -> None:
    jobs = [{"id": "copy:0", "makes": {"o": "build/0"}}]
    jobs += [
        {"id": f"copy:{n}", "reads": {"i": [f"copy:{n - 1}#o"]}, "makes": {"o": f"build/{n}"}} for n in range(1, 3000)
    ]
    declare(toy.root, *jobs)
    (toy.root / "build").mkdir()
    (toy.root / "build/2999").write_text("")
    (toy.root / "build/0").write_text("")
    assert toy.vbmake("clean").code == 0
    assert not (toy.root / "build").exists()


def test_a_forgotten_job_is_taken_from_the_cache(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    assert toy.vbmake("forget", "copy:film").out == "forgetting copy:film\n"
    assert toy.build().out.splitlines()[0].split()[:2] == ["fetched", "copy:film"]


def test_always_execute_runs_a_job_that_is_current_and_cached(toy: Toy) -> None:
    chain(toy.root)
    toy.build()
    assert toy.build("-a").out.splitlines()[-1].startswith("2 jobs: 2 ran in ")


def test_an_ignored_job_is_left_out_until_it_is_forgotten(toy: Toy) -> None:
    chain(toy.root)
    toy.vbmake("ignore", "copy:film")
    assert toy.build().out.splitlines()[-1].startswith("2 jobs: 1 ran, 1 ignored in ")
    toy.vbmake("forget", "copy:film")
    assert toy.build().out.splitlines()[-1].startswith("2 jobs: 1 ran, 1 current in ")


@pytest.mark.parametrize("words", [["ignore"], ["run", "-n", "-3"]])
def test_what_says_nothing_to_do_is_refused(toy: Toy, words: list[str]) -> None:
    chain(toy.root)
    told = toy.vbmake(*words)
    assert (told.code, told.out) == (3, ""), told
    assert "wants names of jobs" in told.err or "-n -3: a number of jobs" in told.err
    assert toy.build().out.splitlines()[-1].startswith("2 jobs: 2 ran in ")


@pytest.mark.parametrize("current", [False, True])
@pytest.mark.parametrize(
    ("words", "told"), [(["-n", "-3"], "-n -3: a number of jobs"), (["-P", "foo"], "-P foo: process or thread")]
)
def test_a_wrong_way_to_run_jobs_is_refused_also_where_there_is_nothing_to_do(
    toy: Toy, words: list[str], told: str, current: bool
) -> None:
    chain(toy.root)
    if current:
        toy.build()
    ended = toy.vbmake("run", *words)
    assert (ended.code, told in ended.err) == (3, True)


def test_a_file_of_what_is_told_is_named_from_where_one_stands(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(toy.root)
    (toy.root / "below").mkdir()
    monkeypatch.chdir(toy.root / "below")
    assert toy.vbmake("run", "-o", "told.txt").code == 0
    assert (toy.root / "below" / "told.txt").read_text().endswith(" s\n")
    assert not (toy.root / "told.txt").exists()


@pytest.mark.parametrize("reporter", ["console", "error-only"])
def test_a_terminal_obeys_nothing_of_what_a_tool_said(toy: Toy, reporter: str) -> None:
    declare(toy.root, {"id": "fail:a", "makes": {"o": "a.txt"}, "options": {"said": "\x1b]0;title\x07"}, "final": True})
    told = toy.build("-r", reporter)
    assert (told.code, "it went wrong?]0;title?" in told.out, "\x1b" in told.out) == (1, True, False)


def test_plan_tells_what_a_build_leaves_out(toy: Toy) -> None:
    chain(toy.root)
    toy.vbmake("ignore", "copy:film")
    told = toy.vbmake("plan").out.splitlines()
    assert ["ignored", "copy:film", "until", "`forget", "copy:film`"] in [line.split() for line in told]
    assert told[-1] == "2 jobs: 1 run, 1 ignored"
    assert toy.vbmake("why", "copy:film").out.startswith("copy:film: ignored, until `forget copy:film`\n")
    info = toy.vbmake("info", "copy:film")
    assert (info.code, info.out.splitlines()[-1]) == (0, "state:    ignored, until `forget copy:film`")
    assert toy.vbmake("info", "copy").out.endswith("state:    1 run, 1 ignored\n")
    toy.vbmake("ignore", "copy:middle")
    toy.vbmake("forget", "copy:film")
    plan = json.loads(toy.vbmake("plan", "--json").out)
    assert [(job["state"], job["ignored"], job["reason"]) for job in plan["jobs"]] == [
        ("current", True, "until `forget copy:middle`"),
        ("current", True, "as is copy:middle, which it needs, until `forget copy:middle`"),
    ]
    assert (plan["totals"]["current"], plan["totals"]["ignored"]) == (0, 2)
    assert toy.build().out.splitlines()[-1].startswith("2 jobs: 2 ignored in ")
    toy.vbmake("forget", "copy:middle")
    assert toy.vbmake("plan").out.endswith("2 jobs: 1 run, 1 maybe\n")


def test_a_job_can_be_named_by_id_target_group_or_wildcard(toy: Toy) -> None:
    chain(toy.root)
    for name in ("copy:middle", ".vbmake/work/middle.txt"):
        assert toy.build(name).out.splitlines()[-1].startswith("1 job: 1 ")
    assert toy.build("copy:f*").out.splitlines()[-1].startswith("2 jobs: 1 ran, 1 current")
    assert toy.build("copy").out.splitlines()[-1].startswith("2 jobs: 2 current")


def test_an_unknown_name_is_refused_before_anything_runs(toy: Toy) -> None:
    chain(toy.root)
    ended = toy.build("film:nowhere")
    assert ended.code == 3
    assert "film:nowhere" in ended.err
    assert not (toy.root / "build").exists()


def test_a_wrong_declaration_ends_every_command_with_3_and_its_mistakes(toy: Toy) -> None:
    declare(toy.root, {"id": "copy:a", "reads": {"i": ["gone.txt"]}, "makes": {"o": "build/o"}, "final": True})
    for command in ([], ["list"], ["plan"], ["why", "copy:a"], ["clean"], ["info", "copy:a"]):
        ended = toy.vbmake(*command)
        assert (ended.code, ended.err) == (3, "video.yaml:1:1: jobs[0]: gone.txt is not there\n"), command


def test_without_a_project_the_next_step_is_told(toy: Toy) -> None:
    ended = toy.vbmake("plan")
    assert ended.code == 2
    assert "no video.yaml" in ended.err
    assert "vbmake init" in ended.err


@pytest.mark.parametrize("configuration", ["[GLOBAL]\nnum_process = 1\n", "[run]\nnum_process = 1\n"])
def test_settings_of_doit_cfg_go_before_the_loaders(toy: Toy, configuration: str) -> None:
    from vbmake.doit_plugin.loader import VideoLoader

    (toy.root / "doit.cfg").write_text(configuration)
    from vbmake.doit_plugin.program import Program

    program = Program(task_loader=VideoLoader())
    program.task_loader.config = program.config
    assert "num_process" not in program.task_loader.load_doit_config()


def test_the_projects_own_settings_hold_below_it(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(toy.root)
    (toy.root / "doit.cfg").write_text("[GLOBAL]\nreporter = zero\n")
    below = toy.root / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert toy.build().out == ""
    assert (toy.root / "build/film.txt").exists()


def test_doits_other_reporters_may_be_used(toy: Toy) -> None:
    chain(toy.root)
    told = json.loads(toy.build("-r", "json").out)
    assert [(task["name"], task["result"]) for task in told["tasks"]] == [
        ("copy:middle", "success"), ("copy:film", "success"),
    ]  # fmt: skip


def test_processes_are_declined_in_one_line(toy: Toy) -> None:
    chain(toy.root)
    ended = toy.build("-P", "process", "-n", "2")
    assert ended.code == 0
    assert ended.err.count("\n") == 1
    assert "-P process is ignored" in ended.err


def test_the_films_words_are_commands_under_the_name_doit_too(toy: Toy) -> None:
    chain(toy.root)
    assert toy.doit("plan").out.endswith("2 jobs: 1 run, 1 maybe\n")
    assert toy.doit("why", "copy:middle").out.startswith("copy:middle: must run")
    assert "doit plan" in toy.doit("help").out
    assert "SCENE@TIME" in toy.doit("help", "frame").out
    assert "a video.yaml that builds" in toy.doit("help", "init").out


def test_a_word_that_is_nothing_is_told_with_the_nearest(toy: Toy) -> None:
    chain(toy.root)
    for word, near in (("plna", "plan"), ("copy:midle", "copy:middle"), ("xyzzy", "help")):
        ended = toy.doit(word)
        assert (ended.code, f"{word} is no command, job or target" in ended.err) == (3, True)
        assert near in ended.err


def test_help_of_what_is_nothing_is_told_with_the_nearest(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    chain(toy.root)
    for word, near in (("plna", "did you mean plan"), ("copy:midle", "did you mean copy:middle"), ("xyzzy", "list")):
        for ended in (toy.doit("help", word), toy.vbmake("help", word)):
            assert (ended.code, f"{word} is no command, job or target" in ended.err) == (3, True), word
            assert near in ended.err, word
    assert "help takes one word, found plan more" in toy.vbmake("help", "plan", "more").err
    ended = toy.vbmake("help", "copy:film")
    assert (ended.code, ended.out.startswith("copy:film")) == (0, True)
    monkeypatch.chdir(toy.root.parent)
    ended = toy.vbmake("help", "plna")
    assert (ended.code, "plna is no command; did you mean plan?" in ended.err) == (3, True)
    assert toy.vbmake("help").code == 0


def test_a_word_that_can_be_nothing_is_told_before_anything_runs(toy: Toy) -> None:
    first = {"id": "copy:first", "makes": {"o": "first.txt"}, "options": {"text": "1"}}
    later = {"id": "copy:later", "makes": {"o": "later.txt"}, "final": True, "after": ["copy:first#o"]}
    declare(toy.root, first, later)
    for word in ("xyzzy", "cpoy:later", "first"):
        ended = toy.doit(word)
        assert (ended.code, f"{word} is no command, job or target" in ended.err) == (3, True), word
        assert not (toy.root / "first.txt").exists(), word
    assert toy.doit("copy:later").code == 0, "it is known when the first has been measured"
    toy.doit("clean", "--all")
    toy.doit("forget")
    ended = toy.doit("copy:latter")
    assert (ended.code, "did you mean copy:later" in ended.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", "--offline"], "plan has no option --offline; run, watch have it, as in `vbmake run --offline`"),
        (["why", "--json"], "plan, costs have it, as in `vbmake plan --json`"),
        (["plan", "--jsn"], "did you mean --json?"),
        (["list", "--nosuch"], "list has no option --nosuch; `vbmake help list` lists the options"),
        (["plan", "-x"], "plan has no option -x"),
        (["-n", "many"], "-n/--process wants a whole number, not many"),
        (["frame", "a@1s", "--output"], "--output wants a value; `vbmake help frame` lists the options"),
    ],
)
def test_an_option_that_is_none_is_told_in_a_line_with_who_has_it(toy: Toy, arguments: list[str], told: str) -> None:
    chain(toy.root)
    ended = toy.vbmake(*arguments)
    assert ended.code == 3
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_name_that_is_no_job_is_told_with_those_like_it(toy: Toy) -> None:
    chain(toy.root)
    for command in ("why", "info"):
        for word, near in (("midle", "copy:middle"), ("MIDDLE", "copy:middle"), ("film.txt", "build/film.txt")):
            ended = toy.vbmake(command, word)
            assert (ended.code, f"{word} is no job and no target; did you mean {near}" in ended.err) == (3, True)


@pytest.mark.parametrize("command", ["list", "clean", "forget", "ignore"])
@pytest.mark.parametrize(("word", "near"), [("midle", "copy:middle"), ("build/film.txt", "copy:film")])
def test_a_name_that_is_no_job_is_told_with_those_like_it_by_every_command(
    toy: Toy, command: str, word: str, near: str
) -> None:
    chain(toy.root)
    ended = toy.vbmake(command, word)
    assert (ended.code, f"{word} is no job and no group; did you mean {near}?" in ended.err) == (3, True)


def test_completion_knows_the_films_commands(toy: Toy) -> None:
    chain(toy.root)
    script = toy.doit("tabcompletion").out
    assert set(COMMANDS) | {"run", "list"} <= set(script.split('sub_cmds="')[1].split('"')[0].split())
    assert "watch" not in toy.doit("tabcompletion", tasks={}).out


def test_a_name_that_is_not_planned_yet_is_told_as_such(toy: Toy) -> None:
    in_rounds(toy.root)
    assert "not all is planned yet" in toy.vbmake("why", "build/nothing.txt").err


def test_reset_dep_strace_and_dumpdb_say_why_they_are_not_for_films(toy: Toy) -> None:
    chain(toy.root)
    assert "records are in .vbmake/dag/" in toy.doit("dumpdb").err
    assert "not for jobs" in toy.doit("reset-dep").err
    assert "shell actions" in toy.doit("strace", "copy:film").err


def test_notes_of_the_plan_are_told_once(toy: Toy) -> None:
    declare(toy.root, {"id": "copy:a", "makes": {"o": "o.txt"}, "final": True}, notes=["the cut was shortened"])
    assert toy.build().out.count("note: video.yaml: the cut was shortened\n") == 1


def in_rounds(root: Path) -> None:
    """A film that is planned when its voice is measured, and credits that are planned when the film is."""
    declare(
        root,
        {"id": "copy:voice", "makes": {"voice": ".vbmake/work/voice.txt"}, "options": {"text": "hello"}},
        {"id": "copy:film", "reads": {"v": ["copy:voice#voice"]}, "makes": {"film": "build/film.txt"}, "final": True,
         "after": ["copy:voice#voice"]},
        {"id": "copy:credits", "makes": {"out": "build/credits.txt"}, "final": True,
         "after": ["copy:voice#voice", "copy:film#film"]},
    )  # fmt: skip


def test_a_build_goes_on_in_rounds_until_nothing_is_pending(toy: Toy) -> None:
    in_rounds(toy.root)
    ended = toy.build()
    assert ended.code == 0
    assert ended.out.splitlines()[-1].startswith("3 jobs: 3 ran in ")
    assert (toy.root / "build/credits.txt").exists()
    assert toy.build().out.startswith("3 jobs: 3 current in ")


def test_a_target_that_is_not_planned_yet_may_be_named(toy: Toy) -> None:
    in_rounds(toy.root)
    assert toy.build("build/film.txt").out.splitlines()[-1].startswith("2 jobs: 2 ran in ")
    assert toy.build("copy:voice").out.splitlines()[-1].startswith("1 job: 1 current in ")


def test_a_named_job_that_is_planned_does_not_wait_for_the_rest(toy: Toy) -> None:
    in_rounds(toy.root)
    assert toy.build("copy:voice").out.splitlines()[-1].startswith("1 job: 1 ran in ")
    assert not (toy.root / "build").exists()


def test_a_failure_in_an_early_round_ends_the_build(toy: Toy) -> None:
    declare(
        toy.root,
        {"id": "fail:voice", "makes": {"voice": "voice.txt"}},
        {"id": "copy:film", "makes": {"film": "film.txt"}, "final": True, "after": ["fail:voice#voice"]},
    )
    ended = toy.build("-c")
    assert ended.code == 1
    assert ended.out.splitlines()[-1].startswith("1 job: 1 failed in ")


def test_long_texts_are_shown_from_where_they_differ(toy: Toy) -> None:
    opening = "Long before anything differs, and still a good way further on than that, "
    (toy.root / "a.txt").write_text("one")
    for word in ("ships", "sailors"):
        made = {"reads": {"source": ["a.txt"]}, "makes": {"copy": "b.txt"}, "final": True}
        declare(toy.root, {"id": "copy:a", "options": {"text": opening + word}, **made})
        reason = json.loads(toy.doit("plan", "--json").out)["jobs"][0]["reason"]
        assert toy.build().code == 0
    assert reason == "options.text: '...on than that, ships' -> '...on than that, sailors'"
