"""`vbmake init`: start a project with a film that builds at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.command import FreeOrder, Guarded
from vbmake.doit_plugin.where import DECLARATION, DODO
from vbmake.errors import WorkspaceError
from vbmake.project.surroundings import SCHEMA, write_surroundings

FILM = """\
# yaml-language-server: $schema={schema}
vbmake: 1
title: {title}
size: 1280x720
fps: 30
quality: draft
background: "#10202f"
voice: {{provider: local, voice: en-us}}
captions: {{style: phrase, burn: true, files: [srt]}}
transition: {{kind: fade, duration: 0.5s}}
styles:
  headline: {{size: 10%, color: white, outline: {{width: 0.3%, color: "#10202f"}}}}
scenes:
  - id: opening
    say: A film that is written down, and built like a program.
    layers:
      - gradient: {{kind: linear, angle: 60, colors: ["#10202f", "#2f6f8f"]}}
      - text: {title}
        style: headline
        at: center
        enter: {{fade: 0.4s}}
  - id: change
    say: Change a word, build again, and only the seconds that show it are rendered.
    layers:
      - gradient: {{kind: linear, angle: 120, colors: ["#2f6f8f", "#7a3b5e"]}}
      - text: Change a word.
        style: headline
        at: center
        enter: {{slide: 0.5s, from: left}}
  - id: end
    duration: 3s
    layers:
      - color: "#10202f"
      - text: Now it is yours.
        style: headline
        at: center
"""


class Init(FreeOrder, Guarded, Command):  # type: ignore[misc]  # doit has no types
    """Writes `video.yaml`, `.gitignore` and the schema for the editor."""

    name = "init"
    doc_purpose = "start a project: a video.yaml that builds, and a .gitignore"
    doc_usage = "[DIRECTORY]"
    doc_description = "Nothing is overwritten: a directory that has a video.yaml is left as it is."

    def perform(self, params: Any, args: list[str]) -> int:
        if len(args) > 1:
            raise InvalidCommand(f"one directory at most, not {len(args)}: {' '.join(args)}")
        root = Path(args[0] if args else ".")
        try:
            start(root)
        except OSError as error:
            raise WorkspaceError(f"cannot write in {root}: {error.strerror or error}") from error
        where = "" if root == Path(".") else f"cd {root} && "
        sys.stdout.write(f"{root / DECLARATION} is written. Build the film: {where}{self.bin_name}\n")
        if (root / DODO).exists():
            sys.stdout.write(f"There is a {DODO} here, so `doit` goes on to mean it; `vbmake` builds the film.\n")
        return 0


def start(root: Path) -> None:
    """Write a starting project. Raises WorkspaceError where one is already, OSError when nothing can be written."""
    declaration = root / DECLARATION
    if declaration.exists():
        raise WorkspaceError(f"{declaration} is there already and is left as it is")
    title = root.resolve().name.replace("-", " ").replace("_", " ").strip().capitalize() or "A film"
    root.mkdir(parents=True, exist_ok=True)
    with open(declaration, "x", encoding="utf-8") as stream:
        stream.write(FILM.format(title=json.dumps(title, ensure_ascii=False), schema=SCHEMA))
    write_surroundings(root)
