"""Which scenes were edited since all was last built: `.vbmake/dag/scenes.json`. Their jobs begin first.

What must be done, keys decide. This decides the order alone: whoever changes one scene of ten thousand sees that one
being made at once, and not when all the others have been looked at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

from vbmake.plan.build import film_name
from vbmake.plan.canonical import compact_json, quickly
from vbmake.plan.names import scenes_of
from vbmake.plan.types import BuildPlan
from vbmake.project.models import Project
from vbmake.run.publish import replacing


class EditedScenes:
    """The marks of all scenes, as the last complete build had them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, project: Project) -> None:
        """Remember the scenes of a project that is wholly built."""
        marks = sorted({scene.mark for film in project.films for scene in film.scenes if scene.mark is not None})
        # Where it cannot be written, jobs begin in the film's order.
        with contextlib.suppress(OSError), replacing(self._path) as stream:
            stream.write(compact_json({"marks": marks}) + b"\n")

    def jobs(self, project: Project, plan: BuildPlan) -> list[str]:
        """Ids of the jobs of edited scenes and of what they need, in the plan's order.

        None where nothing, or all, was edited.
        """
        known = self._marks()
        several = len(project.films) > 1
        scenes = [(film_name(film) if several else "", scene) for film in project.films for scene in film.scenes]
        edited = {(film, scene.id) for film, scene in scenes if scene.mark not in known} if known else set()
        if not edited or len(edited) == len(scenes):
            return []
        found: set[str] = set()
        for job in reversed(plan.jobs):  # what is needed stands before what needs it
            film, names = scenes_of(job.id, several)
            if job.id in found or any((film, name) in edited for name in names):
                found.update((job.id, *job.needs()))
        return [job.id for job in plan.jobs if job.id in found]

    def _marks(self) -> Collection[int]:
        """The remembered marks; none where nothing was wholly built."""
        try:
            marks = quickly(self._path.read_bytes())["marks"]
            return frozenset(marks)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ()
