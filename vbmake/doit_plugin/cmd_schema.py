"""`vbmake schema`: the JSON Schema of `video.yaml`, for editors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from doit.cmd_base import Command

from vbmake.doit_plugin.command import FreeOrder, Guarded
from vbmake.doit_plugin.encoding import json_for
from vbmake.doit_plugin.option import option
from vbmake.errors import WorkspaceError

OUTPUT = option("output", "write it to FILE instead of standard output", metavar="FILE", short="o")


class Schema(FreeOrder, Guarded, Command):  # type: ignore[misc]  # doit has no types
    """Prints the schema, or writes it to a file."""

    name = "schema"
    doc_purpose = "print the JSON Schema of video.yaml, for completion and checks in editors"
    doc_usage = ""
    doc_description = (
        "An editor with a YAML language server uses it where video.yaml begins with "
        "`# yaml-language-server: $schema=.vbmake/schema.json`, after `vbmake schema -o .vbmake/schema.json`."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (OUTPUT,)

    def perform(self, params: Any, args: list[str]) -> int:
        from vbmake.project.schema import schema_text

        text = schema_text()
        if params["output"] is None:
            sys.stdout.write(json_for(sys.stdout, json.loads(text), indent=2))
            return 0
        path = Path(params["output"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise WorkspaceError(f"cannot write {path}: {error.strerror or error}") from error
        return 0
