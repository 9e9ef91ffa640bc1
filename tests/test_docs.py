"""What the pages show is true: every declaration loads, every rule is one, every command line is understood."""

from __future__ import annotations

import getopt
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from vbmake.doit_plugin import words
from vbmake.doit_plugin.command import FreeOrder
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.doit_plugin.program import Program
from vbmake.errors import ProjectError
from vbmake.project import accounts
from vbmake.project.load import load_project
from vbmake.project.models import Film, Scene
from vbmake.project.schema import schema_text
from vbmake.rules.load import read_rule

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
# Tables that a page speaks of without showing them.
TABLES = {
    "keepers.csv": "name,years,photo,line\nPhilo,3,philo.jpg,I kept the fire.\n",
    "cities.csv": "slug,name\noslo,Oslo\n",
}
FILE_ABOVE = re.compile(r"`([\w./-]+)`:")
MEDIA = (".jpg", ".png", ".svg", ".mp4", ".wav", ".flac", ".mid", ".pdf", ".tsv", ".otf")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `name` is the file that it is said to be, if the line above says so."""

    page: str
    line: int
    language: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> Iterator[Block]:
    lines = (ROOT / page).read_text("utf-8").splitlines()
    start: int | None = None
    for index, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = index
            continue
        above = next((before for before in reversed(lines[:start]) if before.strip()), "")
        named = FILE_ABOVE.fullmatch(above.strip())
        text = "\n".join(lines[start + 1 : index]) + "\n"
        yield Block(page, start + 1, lines[start].strip("` "), named[1] if named else "", text)
        start = None


ALL = [block for page in PAGES for block in blocks(page)]


def shown(language: str) -> list[Any]:
    found = [block for block in ALL if block.language == language]
    return [pytest.param(block, id=str(block)) for block in found]


def lay_out(block: Block, root: Path) -> Path:
    """The project that a reader has after following the page down to this block; returns its declaration."""
    for one in ALL:
        if one.page == block.page and one.line <= block.line and one.name:
            put(root / one.name, one.text)
    for name, text in TABLES.items():
        if not (root / name).exists():
            put(root / name, text)
    if block.name:
        return root / block.name
    return put(root / "video.yaml", whole(block.text))


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def whole(text: str) -> str:
    """A declaration of a part of one: of a scene, or of a film without scenes."""
    said = yaml.safe_load(text)
    if said.keys() <= Scene.model_fields.keys() and not said.keys() <= Film.model_fields.keys() - {"title"}:
        text = "scenes:\n  - " + text.rstrip().replace("\n", "\n    ") + "\n"
    if "data.keepers" in text and "data" not in said:
        text = f"data: {{keepers: keepers.csv}}\n{text}"
    if "vbmake:" not in text:
        text = f"vbmake: 1\n{text}"
    return text if "scenes:" in text else f"{text}scenes: [{{duration: 1s}}]\n"


def load_with_media(declaration: Path) -> Any:
    """Load a declaration; media that it names are there, other files must have been shown."""
    for _ in range(20):
        try:
            return load_project(declaration)
        except ProjectError as error:
            missing = [str(one.found).strip('"') for one in error.problems if "no such file" in one.message]
            if len(missing) < len(error.problems):
                raise
            assert all(name.endswith(MEDIA) for name in missing), f"{missing} should be shown on the page"
            for name in missing:
                put(declaration.parent / name, "a medium")
    raise AssertionError(f"{declaration} names more and more files")


@pytest.mark.parametrize("block", shown("yaml"))
def test_every_yaml_on_the_pages_is_understood(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "plugins", lambda: ["webui"])  # the provider that a page shows how to write
    file = lay_out(block, tmp_path)
    if block.name.startswith(".github/"):
        assert yaml.safe_load(block.text)["jobs"]
    elif block.text.startswith("rule:"):
        name = yaml.safe_load(block.text)["rule"]
        put(tmp_path / "rules" / "curve.gp", "plot")
        assert read_rule(put(tmp_path / "rules" / f"{name}.yaml", block.text)).name == name
    elif block.name and not block.name.endswith("video.yaml"):
        film = put(tmp_path / "video.yaml", f"vbmake: 1\ninclude: [{block.name}]\nscenes: [{{duration: 1s}}]\n")
        assert load_with_media(film).films
    else:
        (tmp_path / "scenes").mkdir()
        put(tmp_path / "scenes" / "intro.yaml", "{duration: 1s}\n")
        if not (tmp_path / "brand.yaml").exists():
            put(tmp_path / "brand.yaml", "fps: 25\n")
        assert load_with_media(file).films


def command(words_given: list[str]) -> Any:
    """The command that these words of a command line call; its name is taken off them."""
    core = {one.get_name(): one for one in Program.DOIT_CMDS}
    if words_given and words_given[0] in words.COMMANDS:
        return words.load(words_given.pop(0))
    return core[words_given.pop(0)] if words_given and words_given[0] in core else core["run"]


@pytest.mark.parametrize("block", [*shown("console"), *shown("sh")])
def test_every_command_line_on_the_pages_is_one(block: Block) -> None:
    told = 0
    for line in block.text.splitlines():
        if block.language == "console" and not line.startswith("$ "):
            continue
        for part in re.split(r"&&|;", line.removeprefix("$ ")):
            program, *arguments = shlex.split(part, comments=True) or [""]
            told += 1
            if program in ("doit", "vbmake"):
                kind = command(arguments)
                parser = kind(task_loader=VideoLoader()).cmdparser
                read = getopt.gnu_getopt if issubclass(kind, FreeOrder) else getopt.getopt
                _, rest = read(arguments, parser.get_short(), parser.get_long())
                assert not any(word.startswith("-") for word in rest)
            else:
                assert program in ("pip", "python3", "sed", "cat")
    assert told


def test_the_provider_on_the_page_is_the_one_that_is_tried() -> None:
    shown_files = {one.name: one.text for one in ALL if one.page == "docs/providers.md" and one.name}
    tried = {path.name: path.read_text("utf-8") for path in (ROOT / "tests" / "providers" / "own").glob("*.*")}
    assert shown_files == tried


@pytest.mark.parametrize("block", [one for one in shown("python") if not one.values[0].name])
def test_every_python_on_the_pages_runs(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VBMAKE_CACHE_DIR", "off")
    put(tmp_path / "video.yaml", "vbmake: 1\ntitle: Red\nsize: 64x48\nscenes: [{duration: 0.2s, background: red}]\n")
    for one in ALL:
        if one.page == block.page and one.name.startswith("film/"):
            load_with_media(put(tmp_path / one.name, one.text))
    program = put(tmp_path / "dodo.py", block.text)
    if "load_video_tasks" in block.text:
        listed = subprocess.run([sys.executable, "-m", "doit", "list", "--all"], capture_output=True, text=True)
        assert listed.returncode == 0, listed.stderr
        assert {"chart", "film", "publish"} <= {line.split()[0] for line in listed.stdout.splitlines()}
    else:
        runpy.run_path(str(program))
        assert "build/red.mp4" in capsys.readouterr().out


def test_every_link_on_the_pages_leads_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```[\s\S]*?```", "", (ROOT / page).read_text("utf-8"))
        headings = {
            re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in text.splitlines()
            if line.startswith("#")
        }
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if path and "://" not in path:
                assert ((ROOT / page).parent / path).exists(), f"{page}: {target}"
            elif not path:
                assert anchor in headings, f"{page}: {target}"


def test_the_schema_that_editors_read_is_that_of_the_models() -> None:
    kept = ROOT / "docs" / "video.schema.json"
    assert kept.read_text("utf-8") == schema_text(), "run: vbmake schema -o docs/video.schema.json"
