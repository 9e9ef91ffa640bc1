"""`vbmake new`: write a project from a prompt, to be read, edited and committed."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, Guarded
from vbmake.doit_plugin.where import DECLARATION, DODO
from vbmake.doit_plugin.wish import OPTIONS, speaker_of, wish_of

if TYPE_CHECKING:
    from vbmake.project.script import Script
    from vbmake.project.starter import Wish


class New(FreeOrder, Guarded, Command):  # type: ignore[misc]  # doit has no types
    """Writes `video.yaml` with a script that a provider, or `local`, made of a prompt."""

    name = "new"
    doc_purpose = "write a project from a prompt: the script, and who makes pictures, voice and music"
    doc_usage = "NAME --prompt TEXT"
    doc_description = (
        "Asks one provider for one script and writes it as a `video.yaml` to be read, edited and committed; pictures, "
        "voice and music are made by builds. Works offline with `local`, which asks nobody. Keys come from the "
        "environment. A directory that holds anything is left as it is. Called again after it was interrupted, it goes "
        "on, and does not pay twice. `vbmake --prompt TEXT --output DIR`, with the same options, goes straight to the "
        "film: the project is DIR/NAME/ and the film DIR/NAME.mp4."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = OPTIONS

    def perform(self, params: Any, args: list[str]) -> int:
        if len(args) != 1:
            found = f"not {len(args)}: {' '.join(args)}" if args else "such as civil-war"
            raise InvalidCommand(f"a new project has one name, {found}")
        wish = wish_of(params)
        root = place_of(args[0])
        from vbmake.run.starting import start_project

        script = start_project(root, wish, speaker=speaker_of(wish), resubmit=params["resubmit"], tell=tell)
        self._report(root, script, wish)
        return 0

    def _report(self, root: Path, script: Script, wish: Wish) -> None:
        here = "" if root.resolve() == Path.cwd() else f"cd {shlex.quote(os.fspath(root))} && "
        count = len(script.scenes)
        scenes = "1 scene" if count == 1 else f"{count} scenes"
        sys.stdout.write(
            f"{root / DECLARATION}: {script.title}, {scenes}, script by {wish.provider}\n"
            f"see what a build would do, and cost:  {here}{self.bin_name} plan\n"
            f"build the film:  {here}{self.bin_name}\n"
        )
        if (root / DODO).exists():
            sys.stdout.write(f"There is a {DODO} here, so `doit` goes on to mean it; `vbmake` builds the film.\n")


def place_of(name: str) -> Path:
    """The directory of a new project. Raises InvalidCommand for what cannot be one's name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidCommand("the name of the project is not UTF-8 text") from None
    if not name.strip() or any(ord(letter) < 32 for letter in name):
        raise InvalidCommand(f"{name!r} cannot be the name of a project; one such as civil-war can")
    return Path(name)


def tell(text: str) -> None:
    """What goes on, for whoever waits."""
    sys.stderr.write(f"{text}\n")
