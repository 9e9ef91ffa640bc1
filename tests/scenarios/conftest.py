"""Scenarios: whole projects, built by the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.world import World


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the machine's user has set reaches a scenario."""
    for name in list(os.environ):
        if name.startswith("VBMAKE_") and name != "VBMAKE_FFMPEG":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # nobody is asked for credentials over a network


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty project with an empty cache."""
    root = tmp_path / "project"
    root.mkdir()
    return World(root, tmp_path / "cache")
