"""`doit frame SCENE@TIME`: one frame of a scene as a picture, without building the film."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.cmd_run import Run
from vbmake.doit_plugin.command import FreeOrder, Rooted
from vbmake.doit_plugin.loader import OPTION_DIR, VideoLoader
from vbmake.doit_plugin.option import option
from vbmake.doit_plugin.project import open_project, warn
from vbmake.doit_plugin.tasks import tasks_of
from vbmake.errors import WorkspaceError

if TYPE_CHECKING:
    from vbmake.run.workspace import Workspace

TYPES = (".png", ".jpg", ".jpeg")

OUTPUT = option(
    "output",
    "the picture to write, .png or .jpg [default: build/SCENE@TIME.png in the project]",
    metavar="FILE",
    short="o",
)
FORMAT = option("format", "the format to show [default: the first]", short="F")
FILM = option("film", "the film, where a project makes several [default: the first]")


@dataclass(frozen=True)
class Still:
    """What is asked for: the frame at `seconds` of a scene, written to the project-relative `target`."""

    scene: str
    seconds: Fraction
    target: str
    form: str | None = None
    film: str | None = None


class StillLoader(VideoLoader):
    """Loads, instead of the whole film, the jobs that one still needs."""

    def __init__(self, root: Path, still: Still) -> None:
        super().__init__(root)
        self.still = still

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        assert self.root is not None
        self.project = open_project(self.root, opened=self._open)
        return tasks_of(self.project)

    def _open(self, root: Path) -> Workspace:
        from vbmake.cache.cache import Cache
        from vbmake.cache.settings import settings
        from vbmake.plan.inputs import BuildInputs
        from vbmake.plan.still import plan_still
        from vbmake.plan.types import BuildPlan
        from vbmake.run.declaration import read_declaration
        from vbmake.run.workspace import Workspace

        read = read_declaration(root)
        still = self.still

        def planner(measures: Mapping[str, Mapping[str, Any]]) -> BuildPlan:
            inputs = BuildInputs(read.project, read.rules, measures)
            return plan_still(inputs, still.scene, still.seconds, form=still.form, film=still.film, target=still.target)

        return Workspace(root, read.rules, Cache.of(settings(read.project.cache), warn), planner=planner)


class Frame(FreeOrder, Rooted, Command):  # type: ignore[misc]  # doit has no types
    """Renders a still."""

    name = "frame"
    doc_purpose = "render one frame of a scene as a picture"
    doc_usage = "SCENE@TIME"
    doc_description = (
        "TIME is written as in video.yaml (`2s`, `500ms`, `1:03.5`) and counts from the scene's beginning."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (OUTPUT, FORMAT, FILM, OPTION_DIR)

    def perform(self, params: Any, args: list[str]) -> Any:
        if len(args) != 1:
            raise InvalidCommand(f"one SCENE@TIME, such as `{self.bin_name} frame harbour@2s`")
        scene, seconds = parse_moment(args[0])
        root = self.root(params)
        output = Path(params["output"] or root / "build" / f"{args[0]}.png").absolute()
        if output.suffix.lower() not in TYPES:
            raise InvalidCommand(f"{output.name}: a still is written as {' or '.join(TYPES)}")
        inside = output.is_relative_to(root)
        target = output.relative_to(root).as_posix() if inside else f".vbmake/stills/{scene}{output.suffix}"
        still = Still(scene, seconds, target, params["format"], params["film"])
        loader = StillLoader(root, still)
        loader.config = self.config
        run = Run(task_loader=loader, config=self.config, bin_name=self.bin_name)
        code = run.parse_execute([target])
        if code == 0 and not inside:
            _copy(root / target, output)
            sys.stdout.write(f"{'copied':<8} {output}\n")
        return code


def parse_moment(text: str) -> tuple[str, Fraction]:
    """`harbour@2s` as (scene, seconds). Raises InvalidCommand."""
    from vbmake.project.units import parse_seconds

    scene, at, moment = text.rpartition("@")
    if not at or not scene:
        raise InvalidCommand(f"{text}: write SCENE@TIME, such as harbour@2s")
    try:
        return scene, parse_seconds(moment)
    except ValueError as error:
        raise InvalidCommand(f"{text}: {error}") from None


def _copy(made: Path, output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, output)
    except OSError as error:
        raise WorkspaceError(f"cannot write {output}: {error.strerror or error}") from error
