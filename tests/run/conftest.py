"""A fresh small world for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run import world as world_module
from tests.run.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world_module.ran.clear()
    world_module.during.clear()
    return World(tmp_path / "project", tmp_path / "cache")
