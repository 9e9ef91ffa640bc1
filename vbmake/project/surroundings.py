"""What stands beside a declaration: its schema, for editors, and a `.gitignore` that leaves out what builds make."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SCHEMA: Final = ".vbmake/schema.json"
IGNORED: Final = (".vbmake/", "build/")


def write_surroundings(root: Path) -> None:
    """Write both; lines of a `.gitignore` that is there stay. Raises OSError."""
    from vbmake.project.schema import schema_text

    schema = root / SCHEMA
    schema.parent.mkdir(exist_ok=True)
    schema.write_text(schema_text(), "utf-8")
    ignore = root / ".gitignore"
    text = ignore.read_text("utf-8") if ignore.exists() else ""
    missing = [line for line in IGNORED if line not in text.splitlines()]
    if missing:
        with open(ignore, "a", encoding="utf-8") as stream:
            stream.write("\n" * (bool(text) and not text.endswith("\n")) + "".join(f"{line}\n" for line in missing))
