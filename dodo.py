"""Build every example with plain `doit`: `doit hello`, `doit lighthouse`, `doit -n 2` for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vbmake.doit_plugin import load_video_tasks

HERE = Path(__file__).parent
# `slides` turns pages of a PDF into pictures, with a program that pip cannot install.
EXAMPLES = [path.parent.name for path in sorted((HERE / "examples").glob("*/video.yaml"))]
BUILT = [name for name in EXAMPLES if name != "slides" or shutil.which("pdftoppm")]

DOIT_CONFIG = {"default_tasks": BUILT}


def task_examples() -> Iterator[dict[str, Any]]:
    """The films of examples/."""
    for name in BUILT:
        yield from load_video_tasks(HERE / "examples" / name / "video.yaml", prefix=name)
