"""The installed vbmake is this one: `doit` finds its commands in the installed package, pytest in the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ASK = """
import json, vbmake
from pathlib import Path
from typing import Any
from vbmake.rules.load import load_rules
rules = {rule.name: str(rule.file) for rule in load_rules()}
print(json.dumps({"package": str(Path(vbmake.__file__).parent), "rules": rules}))
"""


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Where a program that stands anywhere finds vbmake, and the rules it finds there by name."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    answer = subprocess.run(
        [sys.executable, "-P", "-c", ASK], cwd=elsewhere, env={}, capture_output=True, text=True, check=True
    )
    told = json.loads(answer.stdout)
    rules = {name: Path(path).read_bytes() for name, path in told["rules"].items()}
    return {"package": Path(told["package"]), "rules": rules}


def test_what_is_installed_is_what_is_tested(installed: dict[str, Any]) -> None:
    package = installed["package"]
    there = {name: content for name, content in files(package).items() if not name.startswith("rules/library/")}
    here = files(ROOT / "vbmake")
    differing = sorted(name for name in here if there.get(name) != here[name])
    assert not differing, "install again: python3 -m pip install '.[test]'"


def test_the_installed_rules_are_those_of_the_checkout(installed: dict[str, Any]) -> None:
    assert installed["rules"] == {path.stem: path.read_bytes() for path in (ROOT / "rules").glob("*.yaml")}
