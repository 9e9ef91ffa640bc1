"""vbmake for doit: the loader of a `video.yaml`, the commands, the runner, and tasks of a film for a `dodo.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbmake.doit_plugin.loader import VideoLoader
    from vbmake.doit_plugin.tasks import load_video_tasks

__all__ = ["VideoLoader", "load_video_tasks"]


def __getattr__(name: str) -> Any:
    """Import on first use: doit imports this package in every project of every user."""
    if name == "VideoLoader":
        from vbmake.doit_plugin.loader import VideoLoader

        return VideoLoader
    if name == "load_video_tasks":
        from vbmake.doit_plugin.tasks import load_video_tasks

        return load_video_tasks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
