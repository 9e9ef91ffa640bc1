"""`doit gc`: trim the local cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.amounts import parse_bytes, parse_days, told_bytes
from vbmake.doit_plugin.command import FreeOrder, Guarded
from vbmake.doit_plugin.option import flag, option
from vbmake.errors import WorkspaceError

Value = TypeVar("Value")

DRY_RUN = flag("dry-run", "tell what would be removed; remove nothing")
SIZE = option("size", "remove what was not used for longest until the cache is no larger than this", "10GB")
AGE = option("age", "remove what was not used for this long", "90d")


PAID = flag("paid", "also remove what providers were paid for")


class Collect(FreeOrder, Guarded, Command):  # type: ignore[misc]  # doit has no types
    """Removes what was not used for long."""

    name = "gc"
    doc_purpose = "trim the local cache by size and by age"
    doc_usage = ""
    doc_description = (
        "The local cache (~/.cache/vbmake, or VBMAKE_CACHE_DIR) is shared by all projects of a user and grows until it "
        "is trimmed. What was made on this machine is made again when it is needed; what providers were paid for is "
        "spared, unless --paid is said. Builds may run meanwhile. Sizes are written 500MB, 10GB or 2GiB, ages 12h, "
        "30d, 2w, 6m or 1y. A remote cache is trimmed by a lifecycle rule of its bucket, which should keep v1/cas/ at "
        "least as long as v1/ac/."
    )
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (DRY_RUN, SIZE, AGE, PAID)

    def perform(self, params: Any, args: list[str]) -> int:
        from vbmake.cache.gc import collect
        from vbmake.cache.settings import settings

        size = _read("--size", params["size"], parse_bytes)
        age = _read("--age", params["age"], parse_days)
        directory = settings().directory
        if directory is None:
            sys.stdout.write("there is no local cache: VBMAKE_CACHE_DIR is off\n")
            return 0
        if directory.exists() and not directory.is_dir():
            raise WorkspaceError(f"{directory} is no directory: name one in VBMAKE_CACHE_DIR")
        trimmed = collect(directory, max_bytes=size, max_age_days=age, dry_run=params["dry_run"], paid=params["paid"])
        verb = "would remove" if params["dry_run"] else "removed"
        sys.stdout.write(
            f"{verb} {trimmed.removed} of {trimmed.removed + trimmed.kept} objects "
            f"({told_bytes(trimmed.removed_bytes)}) from {directory}; {told_bytes(trimmed.kept_bytes)} left\n"
        )
        return 0


def _read(option: str, text: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidCommand(f"{option} {text}: {error}") from None
