"""A project as it was read: the declaration, its rules, and how the files stood from which they came."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from vbmake.project.load import load_project
from vbmake.project.models import Project
from vbmake.rules.load import RuleBook, library, load_rules
from vbmake.run import stamp
from vbmake.run.digest import is_racy

RULES = "rules"  # the folder of a project's own rules


@dataclass(frozen=True)
class Declaration:
    """`files` are the facts of every file and folder that was read; `sure` that none can have changed meanwhile."""

    project: Project
    rules: RuleBook
    files: dict[str, stamp.Facts]
    absent: tuple[str, ...]
    sure: bool


def read_declaration(root: Path) -> Declaration:
    """Read a project directory's `video.yaml` and rules. Raises ProjectError with every mistake."""
    began = time.time()
    project = load_project(root / "video.yaml")
    rules = load_rules(root / RULES)
    paths = [project.file, *project.documents]
    absent = []
    for folder in (root / RULES, library()):
        name = RULES if folder.parent == root else str(folder)
        if folder.is_dir():
            paths += [name, *(os.path.join(name, file) for file in sorted(os.listdir(folder)))]
        else:
            absent.append(name)
    files: dict[str, stamp.Facts] = {}
    sure = True
    for path in paths:
        stat = os.stat(root / path)
        files[path] = stamp.facts(stat)
        sure = sure and not is_racy(stat, began)
    return Declaration(project, rules, files, tuple(absent), sure)
