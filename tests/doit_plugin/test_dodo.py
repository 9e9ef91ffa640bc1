"""A film beside a user's own tasks in one dodo file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doit import create_after
from doit.tools import result_dep

from tests.doit_plugin.conftest import Ended, Shell, Toy, chain, declare
from vbmake.doit_plugin import load_video_tasks
from vbmake.doit_plugin.workers import Batch, Workers

# doit leaves the pipes of its commands to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def films(*names: str) -> dict[str, Any]:
    """The namespace of a dodo file that loads projects by these names."""

    def task_films() -> Iterator[Any]:
        for name in names:
            yield from load_video_tasks(f"{name}/video.yaml", prefix=name)

    return {"task_films": task_films}


def test_films_are_built_beside_the_users_tasks(toy: Toy) -> None:
    chain(toy.root / "one", "first")
    chain(toy.root / "two", "second")
    seen: list[str] = []

    def own() -> None:
        seen.append("own")

    namespace = films("one", "two")
    namespace["task_own"] = lambda: {"actions": [own]}

    ended = toy.doit(tasks=namespace)
    assert ended.code == 0
    assert (toy.root / "one/build/film.txt").read_text() == "first"
    assert (toy.root / "two/build/film.txt").read_text() == "second"
    assert seen == ["own"]
    assert ended.out.splitlines()[-1].startswith("4 jobs: 4 ran in ")

    again = toy.doit(tasks=namespace)
    assert "--" not in again.out.splitlines()[-1]
    assert again.out.splitlines()[-1].startswith("4 jobs: 4 current in ")


@pytest.mark.parametrize("broken", [None, 30])
def test_quick_tasks_of_ones_own_go_to_the_worker_many_at_once_each_in_its_turn(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, broken: int | None
) -> None:
    chain(toy.root / "one", "first")
    done: list[int] = []
    handed: list[int] = []
    submit = Workers.submit

    def counted(workers: Workers, batch: Batch) -> None:
        handed.append(len(batch.waiting))
        submit(workers, batch)

    def act(number: int) -> bool:
        done.append(number)
        return number != broken

    namespace = films("one")
    namespace["task_own"] = lambda: (
        {"name": str(number), "actions": [(act, [number])], "uptodate": [lambda: False]} for number in range(100)
    )
    monkeypatch.setattr(Workers, "submit", counted)
    ended = toy.doit("-c", "one", "own", tasks=namespace)
    assert ended.code == (0 if broken is None else 2)  # as of doit: the group needs what failed
    assert done == list(range(100))
    assert len(handed) < 100
    assert [line for line in ended.out.splitlines() if line.startswith(".  own:")] == [f".  own:{n}" for n in done]


def test_one_film_can_be_named_by_its_prefix(toy: Toy) -> None:
    chain(toy.root / "one")
    chain(toy.root / "two")
    toy.doit("two", tasks=films("one", "two"))
    assert (toy.root / "two/build/film.txt").exists()
    assert not (toy.root / "one/build").exists()
    assert toy.doit("list", tasks=films("one", "two")).out.split()[:1] == ["one"]


def test_a_users_task_may_need_a_film(toy: Toy) -> None:
    chain(toy.root / "one", "abc")
    namespace = films("one")
    namespace["task_shout"] = lambda: {
        "actions": ["tr a-z A-Z < %(dependencies)s > loud.txt"],
        "file_dep": ["one/build/film.txt"],
        "targets": ["loud.txt"],
    }
    assert toy.doit("shout", tasks=namespace).code == 0
    assert (toy.root / "loud.txt").read_text() == "ABC"


def test_a_users_task_may_make_a_source_of_a_film(toy: Toy) -> None:
    chain(toy.root / "one")
    (toy.root / "one/a.txt").unlink()
    (toy.root / "seed.txt").write_text("seed")
    namespace = films("one")
    namespace["task_source"] = lambda: {
        "actions": ["cp seed.txt one/a.txt"],
        "file_dep": ["seed.txt"],
        "targets": ["one/a.txt"],
    }
    ended = toy.doit(tasks=namespace)
    assert (ended.code, ended.err) == (0, "")
    assert (toy.root / "one/build/film.txt").read_text() == "seed"

    (toy.root / "seed.txt").write_text("grown")
    assert toy.doit("one", tasks=namespace).code == 0
    assert (toy.root / "one/build/film.txt").read_text() == "grown"


def test_a_task_that_makes_a_source_is_foretold_with_what_follows(toy: Toy) -> None:
    """Also what must run before it; where the film cannot be planned without, that is told and is no mistake."""
    chain(toy.root / "one")
    (toy.root / "one/a.txt").unlink()
    (toy.root / "seed.txt").write_text("seed")
    namespace = films("one")
    namespace["task_seed"] = lambda: {"actions": ["cp seed.txt b"], "file_dep": ["seed.txt"], "targets": ["b"]}
    namespace["task_source"] = lambda: {"actions": ["cp b one/a.txt"], "file_dep": ["b"], "targets": ["one/a.txt"]}
    namespace["task_after"] = lambda: {"actions": ["true"], "task_dep": ["one:copy:film"]}

    told = toy.doit("plan", tasks=namespace)
    assert (told.code, told.err) == (0, "")
    assert "run      source: a task of your own, of which films are made" in told.out
    assert "it cannot be planned before source has run: a.txt is not there" in told.out
    assert "one: cannot be planned before source has run" in toy.doit("why", "one", tasks=namespace).out
    found = json.loads(toy.doit("plan", "--json", tasks=namespace).out)
    assert (found["tasks"], found["jobs"], len(found["pending"])) == (["source"], [], 1)

    assert toy.doit(tasks=namespace).code == 0
    assert toy.doit("plan", tasks=namespace).out == "2 jobs: 2 current\n"
    (toy.root / "seed.txt").write_text("grown")
    found = json.loads(toy.doit("plan", "--json", tasks=namespace).out)
    assert found["tasks"] == ["source"], "what it needs must run, so it does"
    assert [job["state"] for job in found["jobs"]] == ["maybe", "maybe"]
    assert toy.doit("why", "one:copy:film", tasks=namespace).out.splitlines() == [
        "one:copy:film: may have to run",
        "  input copy:middle#copy: is made first",
        "  one:copy:middle: may have to run",
        "    one/a.txt is made first by the task source",
    ]
    assert "2 jobs: 2 ran" in toy.doit(tasks=namespace).out


def test_a_film_that_lacks_a_source_nobody_makes_is_a_mistake(toy: Toy) -> None:
    chain(toy.root / "one")
    (toy.root / "one/a.txt").unlink()
    for command in ([], ["list"], ["one"]):
        ended = toy.doit(*command, tasks=films("one"))
        assert ended.code == 3
        assert "a.txt is not there" in ended.err


def test_the_mistakes_of_every_film_are_told_with_its_folder(toy: Toy) -> None:
    for name in ("one", "two"):
        chain(toy.root / name)
        (toy.root / name / "a.txt").unlink()
    for command in ([], ["list"], ["plan"], ["why", "one"]):
        ended = toy.doit(*command, tasks=films("one", "two"))
        assert ended.code == 3
        places = [line.partition(":")[0] for line in ended.err.splitlines() if line[:1] != " "]
        assert places == ["one/video.yaml", "two/video.yaml"], ended.err


def test_a_broken_film_does_not_stop_a_task_that_has_nothing_to_do_with_it(toy: Toy) -> None:
    declare(toy.root / "one", {"id": "copy:a", "reads": {"i": ["gone"]}, "makes": {"o": "o"}, "final": True})
    namespace = films("one")
    namespace["task_lint"] = lambda: {"actions": ["touch linted"]}
    assert toy.doit("lint", tasks=namespace).code == 0
    assert (toy.root / "linted").exists()


def test_rounds_go_on_within_one_command(toy: Toy) -> None:
    declare(
        toy.root / "one",
        {"id": "copy:voice", "makes": {"voice": "voice.txt"}, "options": {"text": "hello"}},
        {"id": "copy:film", "reads": {"v": ["copy:voice#voice"]}, "makes": {"film": "film.txt"}, "final": True,
         "after": ["copy:voice#voice"]},
    )  # fmt: skip
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["cp one/film.txt used.txt"], "file_dep": ["one/film.txt"]}
    ended = toy.doit("use", tasks=namespace)
    assert (ended.code, ended.err) == (0, "")
    assert (toy.root / "used.txt").read_text() == "hello"


def spoken(root: Path) -> None:
    """A film that can only be planned when a voice is measured."""
    declare(
        root,
        {"id": "copy:voice", "makes": {"voice": ".vbmake/voice.txt"}, "options": {"text": "hello"}},
        {"id": "copy:film", "reads": {"v": ["copy:voice#voice"]}, "makes": {"film": "build/film.txt"}, "final": True,
         "after": ["copy:voice#voice"]},
    )  # fmt: skip


@pytest.mark.parametrize(
    "need",
    [
        {"task_dep": ["one:copy:film"]},
        {"task_dep": ["one:copy:f*"]},
        {"task_dep": ["one:*"]},
        {"setup": ["one:copy:film"]},
        {"calc_dep": ["one:copy:film"]},
        {"uptodate": [result_dep("one:copy:film")]},
        {"getargs": {"length": ("one:copy:film", None)}},
    ],
    ids=lambda need: f"{next(iter(need))} {next(iter(need.values()))}"[:24],
)
@pytest.mark.parametrize("named", [["use"], []], ids=["named", "all"])
def test_a_task_may_need_a_job_that_is_not_planned_yet(toy: Toy, named: list[str], need: dict[str, Any]) -> None:
    spoken(toy.root / "one")
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["cp one/build/film.txt used.txt"], **need}
    ended = toy.doit(*named, tasks=namespace)
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert (toy.root / "used.txt").read_text() == "hello"


def test_tasks_may_be_created_after_a_job_that_is_not_planned_yet(toy: Toy) -> None:
    spoken(toy.root / "one")

    @create_after(executed="one:copy:film")
    def task_late() -> Iterator[Any]:
        yield {"name": "use", "actions": ["cp one/build/film.txt used.txt"]}

    assert toy.doit("late", tasks={**films("one"), "task_late": task_late}).code == 0
    assert (toy.root / "used.txt").read_text() == "hello"


def test_a_task_may_need_a_job_of_a_film_of_which_a_task_has_yet_to_make_a_source(toy: Toy) -> None:
    chain(toy.root / "one")
    (toy.root / "one/a.txt").unlink()
    namespace = films("one")
    namespace["task_source"] = lambda: {"actions": ["echo made > one/a.txt"], "targets": ["one/a.txt"]}
    namespace["task_use"] = lambda: {"actions": ["cp one/build/film.txt used"], "task_dep": ["one:copy:film"]}
    ended = toy.doit("use", tasks=namespace)
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert (toy.root / "used").read_text() == "made\n"


@pytest.mark.parametrize("need", ["task_dep", "calc_dep"])
def test_a_name_that_no_film_turns_out_to_have_is_told_in_the_end(toy: Toy, need: str) -> None:
    spoken(toy.root / "one")
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["touch used"], need: ["one:copy:flim"]}
    ended = toy.doit("use", tasks=namespace)
    assert ended.code == 2
    assert "use. Task dependency 'one:copy:flim' does not exist." in ended.out
    assert not (toy.root / "used").exists()


def test_a_name_that_no_film_can_come_to_have_is_told_at_once(toy: Toy) -> None:
    spoken(toy.root / "one")
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["touch used"], "task_dep": ["ones:copy:film"]}
    ended = toy.doit("use", tasks=namespace)
    assert ended.code == 2
    assert "Task dependency 'ones:copy:film' does not exist." in ended.out
    assert not (toy.root / "one/.vbmake/voice.txt").exists()


def test_what_a_task_needs_of_a_film_that_is_not_wholly_planned_stops_no_other_task(toy: Toy) -> None:
    spoken(toy.root / "one")
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["touch used"], "uptodate": [result_dep("one:copy:film")]}
    namespace["task_lint"] = lambda: {"actions": ["touch linted"]}
    assert toy.doit("lint", tasks=namespace).code == 0
    for command, code in {"list": 0, "info use": 1, "clean -n": 0, "forget use": 0}.items():
        ended = toy.doit(*command.split(), tasks=namespace)
        assert (ended.code, ended.err) == (code, "")
        assert "not planned yet" not in ended.out
    assert "one:copy:film    not planned yet" in toy.doit("list", "--all", tasks=namespace).out
    assert not (toy.root / "one/.vbmake/voice.txt").exists()


def test_a_task_of_the_users_runs_once_though_the_film_is_planned_in_rounds(toy: Toy) -> None:
    declare(
        toy.root / "one",
        {"id": "copy:voice", "reads": {"t": ["text.txt"]}, "makes": {"voice": "voice.txt"}},
        {"id": "copy:film", "makes": {"film": "film.txt"}, "final": True, "after": ["copy:voice#voice"]},
    )
    (toy.root / "one/text.txt").write_text("hello")
    namespace = films("one")
    actions = ["echo again >> one/text.txt; echo x >> count"]
    namespace["task_text"] = lambda: {"actions": actions, "targets": ["one/text.txt"]}
    assert toy.doit("-a", tasks=namespace).code == 0
    assert (toy.root / "count").read_text() == "x\n"


def test_python_actions_run_one_at_a_time_and_commands_as_many_as_asked(toy: Toy) -> None:
    chain(toy.root / "one")
    at_once: list[int] = []
    running: list[int] = []

    def action(number: int) -> None:
        running.append(number)
        at_once.append(len(running))
        print("captured")
        running.remove(number)

    namespace = films("one")
    namespace["task_many"] = lambda: ({"name": str(n), "actions": [(action, [n])]} for n in range(6))
    assert toy.doit("-n", "4", tasks=namespace).code == 0
    assert at_once == [1] * 6


@pytest.mark.parametrize(("options", "most"), [([], 1), (["-n", "1"], 1), (["-n", "3"], 3)])
def test_tasks_of_ones_own_run_one_after_the_other_unless_more_are_asked_for_whatever_their_actions_are(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, options: list[str], most: int
) -> None:
    chain(toy.root / "one")
    begun: list[str] = []
    at_once: list[int] = []
    submit = Workers.submit

    def counted(workers: Workers, batch: Batch) -> None:
        begun.extend(node.task.name for node, _ in batch.waiting)
        submit(workers, batch)
        at_once.append(workers.running)

    def act() -> None:
        """Nothing."""

    namespace = films("one")
    namespace["task_own"] = lambda: (
        {"name": str(number), "actions": ["true" if number % 3 else act]} for number in range(40)
    )
    monkeypatch.setattr(Workers, "submit", counted)
    assert toy.doit(*options, "own", tasks=namespace).code == 0
    assert max(at_once) == most
    own = [*(f"own:{number}" for number in range(40)), "own"]
    assert begun == own if most == 1 else sorted(begun) == sorted(own)


def test_a_failing_task_of_the_users_is_told_as_doit_tells_it(toy: Toy) -> None:
    chain(toy.root / "one")
    namespace = films("one")
    namespace["task_bad"] = lambda: {"actions": ["exit 3"]}
    ended = toy.doit("-c", tasks=namespace)
    assert ended.code == 1
    assert "TaskFailed - taskid:bad" in ended.out
    assert ended.out.splitlines()[-1].startswith("2 jobs: 2 ran in ")


def beside(namespace: dict[str, Any]) -> dict[str, Any]:
    """With tasks beside the film `one`: two that need nothing of it, two that do, and one that needs one of these."""
    namespace["task_own"] = lambda: (
        {"basename": name, "actions": [f"touch {name}"], **needs}
        for name, needs in {
            "aa": {},
            "file": {"file_dep": ["notes"]},
            "uses": {"file_dep": ["one/build/film.txt"]},
            "names": {"task_dep": ["one:copy:film"]},
            "follows": {"task_dep": ["uses"]},
        }.items()
    )
    Path("notes").write_text("notes")
    return namespace


def unmet(ended: Ended) -> dict[str, str]:
    """What was not tried, and what it needed that failed, as doit tells it."""
    lines = ended.out.splitlines()
    head = "UnmetDependency - taskid:"
    return {line.removeprefix(head): lines[number + 1] for number, line in enumerate(lines) if line.startswith(head)}


@pytest.mark.parametrize("named", [[], ["aa", "file", "one/build/film.txt", "follows", "names", "one"]])
def test_keep_going_runs_the_tasks_that_need_nothing_of_a_film_that_cannot_be_planned_to_its_end(
    toy: Toy, named: list[str]
) -> None:
    declare(
        toy.root / "one",
        {"id": "fail:voice", "makes": {"voice": "voice.txt"}},
        {"id": "copy:other", "makes": {"o": "other.txt"}, "options": {"text": "other"}},
        {"id": "copy:film", "makes": {"film": "build/film.txt"}, "final": True, "after": ["fail:voice#voice"]},
    )
    chain(toy.root / "two")
    ended = toy.doit("-c", *named, tasks=beside(films("one", "two")))
    assert (ended.code, ended.err) == (2, "")
    assert sorted(path.name for path in toy.root.iterdir() if path.suffix == "") == [
        "aa",
        "file",
        "notes",
        "one",
        "two",
    ]
    assert unmet(ended) == {
        "uses": "one:fail:voice",
        "one:copy:film": "one:fail:voice",
        "names": "one:copy:film",
        "follows": "uses",
    }
    assert (toy.root / "one/other.txt").exists()
    assert named or (toy.root / "two/build/film.txt").exists()
    assert ended.out.count("failed   one:fail:voice") == 1


@pytest.mark.parametrize("there", [True, False])
def test_keep_going_runs_the_tasks_that_need_nothing_of_a_film_of_which_a_source_cannot_be_made(
    toy: Toy, there: bool
) -> None:
    chain(toy.root / "one")
    chain(toy.root / "two")
    if not there:
        (toy.root / "one/a.txt").unlink()
    namespace = beside(films("one", "two"))
    namespace["task_source"] = lambda: {"actions": ["exit 1"], "targets": ["one/a.txt"]}
    ended = toy.doit("-c", tasks=namespace)
    assert (ended.code, ended.err) == (2, "")
    assert ended.out.count("TaskFailed - taskid:source") == 1
    assert (toy.root / "aa").exists()
    assert (toy.root / "file").exists()
    assert (toy.root / "two/build/film.txt").exists()
    assert not (toy.root / "uses").exists()
    assert not (toy.root / "one/build").exists()
    jobs = {"uses": "one:copy:film", "names": "one:copy:film", "follows": "uses"}
    planned = {
        "uses": "source",
        "names": "one:copy:film",
        "follows": "uses",
        "one:copy:film": "source",
        "one": "source",
    }
    assert unmet(ended) == (jobs if there else planned)
    assert ended.out.splitlines()[-1].startswith("4 jobs: 2 ran, 2 not built" if there else "2 jobs: 2 ran")


def test_without_keep_going_nothing_begins_after_the_failure_of_what_makes_a_source(toy: Toy) -> None:
    chain(toy.root / "one")
    namespace = beside(films("one"))
    namespace["task_source"] = lambda: {"actions": ["exit 1"], "targets": ["one/a.txt"]}
    assert toy.doit(tasks=namespace).code == 1
    assert not (toy.root / "aa").exists()


def test_single_tasks_are_all_run_without_what_they_need(toy: Toy) -> None:
    chain(toy.root / "one")
    toy.doit("one", tasks=films("one"))
    (toy.root / "one/a.txt").write_text("two")
    assert toy.doit("-s", "aa", "uses", "file", tasks=beside(films("one"))).code == 0
    assert [name for name in ("aa", "uses", "file") if not (toy.root / name).exists()] == []
    assert (toy.root / "one/build/film.txt").read_text() == "one"


def test_teardown_runs_after_everything(toy: Toy) -> None:
    chain(toy.root / "one")
    order: list[str] = []

    def note(word: str) -> None:
        order.append(word)

    namespace = films("one")
    namespace["task_server"] = lambda: {"actions": [(note, ["up"])], "teardown": [(note, ["down"])]}
    namespace["task_client"] = lambda: {"actions": [(note, ["asks"])], "setup": ["server"]}
    assert toy.doit("client", "one", tasks=namespace).code == 0
    assert order == ["up", "asks", "down"]


def test_tasks_of_a_film_explain_themselves_under_their_names(toy: Toy) -> None:
    chain(toy.root / "one")
    assert "one:copy:middle: must run" in toy.doit("why", "one:copy:film", tasks=films("one")).out
    assert "one/build/film.txt" in toy.doit("info", "one:copy:film", tasks=films("one")).out
    assert toy.doit("plan", tasks=films("one")).out.endswith("2 jobs: 1 run, 1 maybe\n")


def test_a_wrong_path_is_told_with_what_it_is_relative_to(toy: Toy) -> None:
    ended = toy.doit("list", tasks=films("nowhere"))
    assert ended.code == 3
    assert "nowhere/video.yaml" in ended.err
    assert str(Path.cwd()) in ended.err


def test_clean_of_a_film_in_a_dodo_file_leaves_sources(toy: Toy) -> None:
    chain(toy.root / "one")
    toy.doit(tasks=films("one"))
    assert toy.doit("clean", tasks=films("one")).code == 0
    assert sorted(path.name for path in (toy.root / "one").iterdir()) == [".vbmake", "a.txt", "video.yaml"]


def copying(toy: Toy) -> dict[str, Any]:
    """A dodo file beside its film: a source of it is made, and of the finished film a copy, and a copy of that."""
    (toy.root / "seed.txt").write_text("seed")

    def copies(source: str, target: str) -> Any:
        return lambda: {"actions": [f"cp {source} {target}"], "file_dep": [source], "targets": [target]}

    return {
        "task_film": lambda: load_video_tasks("video.yaml", prefix="film"),
        "task_copy": copies("build/film.txt", "copy.txt"),
        "task_again": copies("copy.txt", "again.txt"),
        "task_after": lambda: {"actions": ["cp seed.txt after.txt"], "task_dep": ["again"], "targets": ["after.txt"]},
        "task_source": copies("seed.txt", "a.txt"),
    }


def test_a_dodo_file_beside_its_film_builds_a_clean_checkout(toy: Toy) -> None:
    namespace = copying(toy)
    chain(toy.root)
    (toy.root / "a.txt").unlink()
    ended = toy.doit(tasks=namespace)
    assert (ended.code, ended.err) == (0, "")
    made = ["build/film.txt", "copy.txt", "again.txt", "after.txt"]
    assert [(toy.root / path).read_text() for path in made] == ["seed"] * 4
    assert toy.doit(tasks=namespace).out.splitlines()[-1].startswith("2 jobs: 2 current in ")


def test_what_needs_the_film_waits_while_the_film_is_planned_in_rounds(toy: Toy) -> None:
    namespace = copying(toy)
    declare(
        toy.root,
        {"id": "copy:voice", "reads": {"t": ["a.txt"]}, "makes": {"voice": "voice.txt"}},
        {"id": "copy:film", "reads": {"t": ["copy:voice#voice"]}, "makes": {"film": "build/film.txt"}, "final": True,
         "after": ["copy:voice#voice"]},
        {"id": "copy:end", "reads": {"t": ["copy.txt"]}, "makes": {"end": "build/end.txt"}, "final": True},
    )  # fmt: skip
    (toy.root / "copy.txt").write_text("of an earlier build")
    ended = toy.doit(tasks=namespace)
    assert (ended.code, ended.err) == (0, "")
    assert (toy.root / "build/end.txt").read_text() == "seed"


def test_a_film_that_lacks_what_only_the_film_would_bring_is_told_of_that(toy: Toy) -> None:
    namespace = copying(toy)
    del namespace["task_source"]
    chain(toy.root)
    (toy.root / "a.txt").unlink()
    ended = toy.doit(tasks=namespace)
    assert ended.code == 3
    assert "a.txt is not there" in ended.err


@pytest.mark.parametrize("default", [["one", "needed"], ["one/build/film.txt", "needed"], ["one:copy:f*", "needed"]])
def test_clean_cleans_the_default_tasks_with_what_they_need_and_no_other(toy: Toy, default: list[str]) -> None:
    """As plain doit does."""
    chain(toy.root / "one")
    namespace = films("one")
    needs: dict[str, list[str]] = {"first": [], "needed": ["first"], "other": []}
    namespace["task_own"] = lambda: (
        {"basename": name, "actions": [f"touch {name}"], "targets": [name], "file_dep": need, "clean": True}
        for name, need in needs.items()
    )
    namespace["DOIT_CONFIG"] = {"default_tasks": default}
    assert toy.doit("*", tasks=namespace).code == 0
    assert toy.doit("clean", tasks=namespace).code == 0
    assert [name for name in needs if (toy.root / name).exists()] == ["other"]
    assert not (toy.root / "one/build").exists()
    assert toy.doit("clean", "-a", tasks=namespace).code == 0
    assert not (toy.root / "other").exists()


FILM = {
    "vbmake": 1,
    "title": "Small",
    "size": "64x36",
    "fps": 10,
    "scenes": [{"id": "one", "say": "Hello."}, {"id": "two", "duration": "1s", "layers": [{"color": "red"}]}],
}
DODO = """
from vbmake.doit_plugin import load_video_tasks

def task_film():
    yield from load_video_tasks("video.yaml", prefix=PREFIX)

def task_publish():
    return {
        "actions": ["echo published %(how)s"], "params": [{"name": "how", "long": "how", "default": "so"}],
        "file_dep": ["video.yaml"], "pos_arg": "more", "verbosity": 2,
    }
"""


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("film:mian", "film:main"),
        ("build/smal.mp4", "build/small.mp4"),
        ("shot:main/onne/0", "shot:main/one/0"),
        ("speech:xx", ""),
        ("smal", "small"),
        ("film:main --single", ""),
        ("speech:one film:mian", "film:main"),
    ],
)
@pytest.mark.parametrize("prefix", [None, "", "small"])
def test_a_word_that_names_nothing_is_told_before_anything_runs(
    shell: Shell, words: str, meant: str, prefix: str | None
) -> None:
    """Also while it is not known how long a voice is, and so not all of the film is planned."""
    (shell.here / "video.yaml").write_text(json.dumps(FILM))
    given = words.split()
    if prefix is not None:
        (shell.here / "dodo.py").write_text(DODO.replace("PREFIX", repr(prefix)))
        given = [f"{prefix}:{word}" if prefix and ":" in word else word for word in given]
    ended = shell.run(["-m", "doit"], *given)
    assert (ended.code, ended.out) == (3, "")
    assert given[-1] in ended.err
    assert prefix is not None or meant in ended.err
    assert not (shell.here / ".vbmake/work").exists()


def test_options_and_arguments_of_a_task_are_no_names(shell: Shell) -> None:
    """And what they are wrong in is told at once; the film has nothing to do with either."""
    (shell.here / "video.yaml").write_text(json.dumps(FILM))
    (shell.here / "dodo.py").write_text(DODO.replace("PREFIX", "'film'"))
    ended = shell.run(["-m", "doit"], "publish", "--how", "now", "film:shot:main/one/0", "a.b")
    assert (ended.code, ended.out) == (0, ".  publish\npublished now\n")
    ended = shell.run(["-m", "doit"], "film:film:main", "publish", "--single")
    assert ended.code == 3
    assert "--single" in ended.err
    assert not (shell.here / ".vbmake/work").exists()


@pytest.mark.parametrize("spelling", ["./one/build/film.txt", "one//build/../build/film.txt", "absolute", "linked"])
@pytest.mark.parametrize("film", [chain, spoken])
def test_a_target_of_a_film_is_one_file_however_a_task_spells_it(
    toy: Toy, film: Callable[[Path], None], spelling: str
) -> None:
    film(toy.root / "one")
    (toy.root.parent / "link").symlink_to(toy.root)
    places = {"absolute": toy.root / "one/build/film.txt", "linked": toy.root.parent / "link/one/build/film.txt"}
    path = str(places.get(spelling, spelling))
    namespace = films("one")
    namespace["task_use"] = lambda: {"actions": ["echo %(dependencies)s > used"], "file_dep": [path]}
    assert toy.doit("use", tasks=namespace).code == 0
    assert (toy.root / "used").read_text() == f"{path}\n", "the task is given what it has said"
    (toy.root / "used").unlink()
    assert toy.doit("use", tasks=namespace).code == 0
    assert not (toy.root / "used").exists(), "and so is recorded"


@pytest.mark.parametrize("spelling", ["./one/a.txt", "absolute"])
def test_a_source_of_a_film_is_one_file_however_the_task_spells_it_that_makes_it(toy: Toy, spelling: str) -> None:
    chain(toy.root / "one")
    path = str(toy.root / "one/a.txt") if spelling == "absolute" else spelling
    namespace = films("one")
    namespace["task_source"] = lambda: {"actions": ["echo made > %(targets)s"], "targets": [path]}
    assert toy.doit("one", tasks=namespace).code == 0
    assert (toy.root / "one/build/film.txt").read_text() == "made\n"


def test_a_target_may_be_spelt_in_any_way_on_the_command_line(toy: Toy) -> None:
    chain(toy.root / "one")
    for path in ("./one/build/film.txt", str(toy.root / "one/build/film.txt")):
        assert toy.doit(path, tasks=films("one")).out.splitlines()[-1].startswith("2 jobs: 2 ")


@pytest.mark.parametrize(("film", "below"), [(chain, ""), (chain, "build"), (spoken, "")])
def test_a_target_of_the_project_may_be_named_from_anywhere_in_it(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, film: Callable[[Path], None], below: str
) -> None:
    film(toy.root)
    (toy.root / "build").mkdir()
    monkeypatch.chdir(toy.root / below)
    for path in ("./film.txt" if below else "./build/film.txt", str(toy.root / "build/film.txt"), "build/film.txt"):
        ended = toy.build(path)
        assert (ended.code, ended.err) == (0, ""), ended
        assert (toy.root / "build/film.txt").exists()
        monkeypatch.chdir(toy.root / below)
