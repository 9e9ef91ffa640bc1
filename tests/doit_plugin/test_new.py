"""`vbmake new`: a project from a prompt, once paid for, and what is wrong with a wish told before anybody is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.providers.stand_in import StandIn
from vbmake.doit_plugin import prompted
from vbmake.doit_plugin.program import main
from vbmake.project.load import load_project
from vbmake.run import starting
from vbmake.run.scripts import undrawn
from vbmake.speech.languages import local_voice

ANSWER = {
    "title": "Bees",
    "language": "en",
    "scenes": [
        {"title": "The dance", "say": "A bee dances.", "picture": "A bee, macro", "heading": "The dance"},
        {"title": "The end", "say": "{{ 7*7 }}", "picture": "../../etc/passwd", "heading": ""},
    ],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VBMAKE_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "VBMAKE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def provider(server: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    server.says = lambda body: ANSWER
    yield server
    server.says = None
    server.behave()


@pytest.fixture
def charged(server: StandIn) -> Callable[[], int]:
    before = len(server.charges())
    return lambda: len(server.charges()) - before


def ask(*more: str, name: str = "bees", prompt: str = "How bees dance") -> int:
    return main(["new", name, "--prompt", prompt, "--provider", "openai", "--duration", "14", *more])


def test_a_project_is_written_that_a_person_can_read_and_commit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "civil-war", "--prompt", "The American Civil War in a minute", "--duration", "60"]) == 0
    told = capsys.readouterr().out
    assert "civil-war/video.yaml: The American Civil War, 9 scenes, script by local" in told
    assert "cd civil-war && vbmake plan" in told
    root = Path("civil-war")
    assert (root / ".gitignore").read_text() == ".vbmake/\nbuild/\n"
    assert (root / ".vbmake/schema.json").exists()
    (film,) = load_project(root).films
    assert (film.name, film.title, len(film.scenes)) == ("civil-war", "The American Civil War", 9)
    assert sorted(path.name for path in root.iterdir()) == [".gitignore", ".vbmake", "video.yaml"]


def test_options_may_stand_anywhere_and_say_who_makes_what() -> None:
    options = ["--images", "openai", "--voice", "elevenlabs", "--music", "none", "--size", "720x1280"]
    assert main(["new", *options, "--prompt", "Bees", "tall", "--duration", "1m", "--style", "news"]) == 0
    (film,) = load_project(Path("tall")).films
    assert (film.size, film.music, film.voice.provider) == ((720, 1280), [], "elevenlabs")
    assert '"provider": "openai"' in film.model_dump_json().replace('":"', '": "')


def test_a_provider_is_asked_once_and_what_it_wrote_is_text(
    provider: StandIn, charged: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask() == 0
    assert charged() == 1
    (film,) = load_project(Path("bees")).films
    assert [scene.say.text for scene in film.scenes if scene.say] == ["A bee dances.", "{{ 7*7 }}"]
    facts = json.loads(Path("bees/.vbmake/script.provenance.json").read_text())
    assert facts["service"] == "openai"
    key = provider.key("openai")
    assert not [
        path for path in Path("bees").rglob("*") if path.is_file() and key in path.read_text("utf-8", "replace")
    ]
    captured = capsys.readouterr()
    assert "asking openai gpt-5-mini" in captured.err
    assert key not in captured.out + captured.err
    assert ask() == 2, "the project is there"
    assert charged() == 1


def test_a_command_that_was_killed_goes_on_and_pays_nothing(
    provider: StandIn, charged: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_root: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(starting, "write_surroundings", killed)
        assert ask() == 130
    assert not Path("bees/video.yaml").exists()
    assert ask() == 0
    assert charged() == 1
    Path("bees/video.yaml").unlink()
    assert ask() == 0, "written again from what was paid for"
    assert charged() == 1


def test_an_answer_that_was_lost_is_a_question_until_somebody_decides(
    provider: StandIn, charged: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    provider.misbehave("openai", "reset", charged=True)
    for _ in range(2):
        assert ask() == 1
        told = capsys.readouterr().err
        assert "may have been written, and charged" in told
        assert "--resubmit" in told
    assert charged() == 1
    assert ask("--resubmit") == 0
    assert charged() == 2


def test_a_script_that_cannot_be_used_tells_how_to_have_another(
    provider: StandIn, charged: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    provider.says = lambda body: {"title": "Bees", "language": "en", "scenes": []}
    assert ask() == 1
    assert "scenes: there are none" in (told := capsys.readouterr().err)
    assert "--take 2" in told
    provider.says = lambda body: ANSWER
    assert ask() == 1, "what was paid for is what it is"
    assert charged() == 1
    assert ask("--take", "2") == 0
    assert charged() == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"do": "refusal"}, "other words"),
        ({"do": "length"}, "shorter film"),
        ({"status": 401, "times": None}, "openai answered 401"),
        ({"status": 429, "code": "insufficient_quota"}, "credit"),
        ({"status": 400, "message": "no such model"}, "no such model"),
    ],
    ids=["refusal", "length", "key", "quota", "invalid"],
)
def test_what_a_provider_refuses_is_told_in_a_line(
    provider: StandIn, capsys: pytest.CaptureFixture[str], fault: Mapping[str, Any], told: str
) -> None:
    provider.misbehave("openai", **fault)
    assert ask() == 1
    assert told in (err := capsys.readouterr().err)
    assert "Traceback" not in err
    provider.behave()
    assert ask() == 0, "a directory that holds the journal alone is empty"


def test_a_provider_without_room_is_waited_for(provider: StandIn, charged: Callable[[], int]) -> None:
    provider.misbehave("openai", status=429, retry_after=0.01, times=3)
    assert ask() == 0
    assert charged() == 1


def test_without_a_key_or_a_network_nothing_is_asked(
    provider: StandIn, charged: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("OPENAI_API_KEY")
        assert ask() == 1
        assert "OPENAI_API_KEY" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setenv("VBMAKE_OFFLINE", "1")
        assert ask() == 1
        assert "offline" in capsys.readouterr().err
    assert charged() == 0


BAD = [
    ([], "one name"),
    (["a", "b"], "not 2: a b"),
    (["a"], '--prompt "The American'),
    (["a", "--prompt", " \t"], "--prompt says nothing"),
    (["a", "--prompt", "x" * 9000], "allowed are 8,000"),
    (["a", "--prompt", "\udcff"], "not UTF-8"),
    (["\udcff", "--prompt", "x"], "not UTF-8"),
    (["a\nb", "--prompt", "x"], "cannot be the name"),
    (["a", "--prompt", "x", "--colour", "red"], "--colour"),
    (["a", "--proompt", "x"], "did you mean --prompt?"),
    (["a", "--prompt"], "--prompt wants a value"),
    (["a", "--prompt", ""], '--prompt says nothing: --prompt "The American'),
    (["", "--prompt", "x"], "cannot be the name"),
    (["a", "--prompt", "x", "--size", "3"], "1280x720"),
    (["a", "--prompt", "x", "--size", "31x16"], "32x16"),
    (["a", "--prompt", "x", "--duration", "soon"], "1m30s"),
    (["a", "--prompt", "x", "--duration", "2h"], "1s to 30m"),
    (["a", "--prompt", "x", "--duration", "0"], "1s to 30m"),
    (["a", "--prompt", "x", "--language", "englishish!"], "such as en"),
    (["a", "--prompt", "x", "--language", "xx"], "no local voice"),
    (["a", "--prompt", "x", "--take", "0"], "from 1 to 10000"),
    (["a", "--prompt", "x", "--take", "two"], "--take wants a whole number, not two"),
    (["a", "--prompt", "x", "--provider", "opnai"], "did you mean openai?"),
    (["a", "--prompt", "x", "--provider", "elevenlabs"], "writes no scripts; there are local, openai"),
    (["a", "--prompt", "x", "--images", "elevenlabs"], "makes no pictures"),
    (["a", "--prompt", "x", "--voice", "fal"], "no model of its own"),
    (["a", "--prompt", "x", "--music", "openai"], "makes no music"),
    (["a", "--prompt", "x", "--model", "m"], "local has no models"),
]


@pytest.mark.parametrize(("arguments", "told"), BAD)
def test_a_wrong_wish_is_told_in_a_line_and_writes_nothing(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", *arguments]) == 3
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
    assert not any(Path().iterdir())


def test_what_is_there_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    Path("file").write_text("mine")
    for place in ("full", "file", "file/below"):
        assert main(["new", place, "--prompt", "Bees"]) == 2
        assert place in capsys.readouterr().err
    assert [path.name for path in Path("full").iterdir()] == ["notes.txt"]
    assert Path("file").read_text() == "mine"


def test_a_fresh_repository_is_as_good_as_empty() -> None:
    Path("repo/.git").mkdir(parents=True)
    Path("repo/.gitignore").write_text("*.bak")
    assert main(["new", "repo", "--prompt", "Bees", "--duration", "7"]) == 0
    assert Path("repo/.gitignore").read_text() == "*.bak\n.vbmake/\nbuild/\n"


def test_the_voice_speaks_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    for language, voice in (("de", "de"), ("pt-BR", "pt-br"), ("zh", "cmn"), ("fr", "fr-fr"), ("en-GB", "en-gb")):
        assert local_voice(language) == voice
    assert main(["new", "a", "--prompt", "Bienen", "--language", "de", "--duration", "7"]) == 0
    assert "outline is English" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["zh", "ar", "he", "hi", "ja", "ko", "th", "zh-TW"])
def test_letters_that_the_fonts_lack_are_told_before_anybody_is_asked(
    language: str, capsys: pytest.CaptureFixture[str], provider: StandIn, charged: Callable[[], int]
) -> None:
    assert ask("--language", language, "--voice", "openai", name="far") == 0
    told = capsys.readouterr().err
    assert told.index("letters: before you build, name a font that has (`fonts: ") < told.index("asking openai")
    assert charged() == 1
    words = ["--prompt", "Bees", "--provider", "openai", "--voice", "openai", "--language", language]
    assert prompted.run(words, build()) == 3
    assert "could not be built" in capsys.readouterr().err
    assert charged() == 1


def test_letters_that_the_fonts_have_are_no_matter() -> None:
    for language in ("en", "de", "ru", "el", "vi", "zh-Latn", "tlh"):
        assert not undrawn(language)


# vbmake --prompt


def build(code: int = 0, films: int = 1) -> Callable[[Path, list[str]], int]:
    """A build that makes a film without any work."""

    def built(root: Path, options: list[str]) -> int:
        for _ in range(films):
            (root / "build").mkdir(exist_ok=True)
            (root / "build" / f"{root.name}.mp4").write_text(f"film {options}")
        return code

    return built


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["--prompt", "x"], True),
        (["--prompt=x"], True),
        (["-n", "4", "--prompt", "x"], True),
        (["new", "a", "--prompt", "x"], False),
        (["run", "--prompt", "x"], False),
        (["-n", "4"], False),
        ([], False),
    ],
)
def test_a_prompt_before_any_command_goes_straight_to_the_film(arguments: list[str], meant: bool) -> None:
    assert prompted.is_meant(arguments) is meant


def test_other_options_are_those_of_the_build(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["-n", "2", "--prompt=Honey Bees!", "--output=out", "--duration", "7", "--continue"]
    assert prompted.run(given, build()) == 0
    assert Path("out/honey-bees.mp4").read_text() == "film ['-n', '2', '--continue']"
    assert capsys.readouterr().out.splitlines() == [
        "out/honey-bees.mp4",
        "out/honey-bees  (the project: edit its video.yaml, then build it there)",
    ]


def test_offline_is_for_the_script_too(
    provider: StandIn, charged: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert prompted.run(["--prompt", "Bees", "--provider", "openai", "--offline"], build()) == 1
    assert "offline" in capsys.readouterr().err
    assert charged() == 0
    assert prompted.run(["--prompt", "Bees", "--provider", "openai"], build()) == 0
    assert charged() == 1


def test_the_same_words_build_the_same_project_with_what_was_edited_in_it() -> None:
    given = ["--prompt", "Bees", "--output", "out", "--duration", "7"]
    assert prompted.run(given, build()) == 0
    Path("out/bees/video.yaml").write_text("edited")
    assert prompted.run([*given, "-n", "4"], build()) == 0
    assert Path("out/bees.mp4").read_text() == "film ['-n', '4']"
    assert Path("out/bees/video.yaml").read_text() == "edited"


def test_other_words_leave_it_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--prompt", "Bees", "--output", "out"]
    assert prompted.run([*given, "--duration", "7"], build()) == 0
    assert prompted.run([*given, "--duration", "9", "--style", "news"], build()) == 2
    err = capsys.readouterr().err
    assert "out/bees was made with another duration, style" in err
    assert "vbmake -d out/bees" in err


def test_no_project_and_no_film_of_others_is_touched(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out/bees").mkdir(parents=True)
    Path("out/bees/video.yaml").write_text("mine")
    Path("out/wasps.mp4").write_text("mine")
    Path("out/ants").mkdir()
    Path("out/ants/notes").write_text("mine")
    for words in ("Bees", "Wasps", "Ants"):
        assert prompted.run(["--prompt", words, "--output", "out"], build()) == 2
        assert "another" in capsys.readouterr().err
    assert Path("out/wasps.mp4").read_text() == "mine"
    assert not Path("out/wasps").exists()


def test_the_exit_code_of_the_build_passes_through(capsys: pytest.CaptureFixture[str]) -> None:
    assert prompted.run(["--prompt", "Bees", "--duration", "7"], build(code=1)) == 1
    assert "mend it there" in capsys.readouterr().err
    assert not Path("build/bees.mp4").exists()
    assert prompted.run(["--prompt", "Bees", "--duration", "7"], build()) == 0, "the same command goes on"
    assert prompted.run(["--prompt", "Wasps", "--duration", "7"], build(films=0)) == 2
    assert "made no film" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--prompt"], "needs a value"),
        (["--prompt", "x", "plan"], "vbmake new NAME"),
        (["--prompt", "x", "--frobnicate"], "--frobnicate not recognized"),
        (["--prompt", "x", "-d", "."], "--output"),
        (["--prompt", "x", "--take", "two"], "--take is a number"),
        (["--prompt", "x", "--size", "1"], "1280x720"),
        (["--prompt", "x", "-n", "many"], "many"),
        (["--prompt", "x", "--output", "a\nb"], "cannot be the name"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 3
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
    assert not any(Path().iterdir())


def test_help_shows_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert "vbmake --prompt TEXT --output DIR" in capsys.readouterr().out
    assert main(["help", "new"]) == 0
    assert "--duration" in capsys.readouterr().out
