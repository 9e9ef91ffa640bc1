"""What doit itself remembers of a video project (the ignore marks): a small JSON file under `.vbmake/`.

The state of jobs is not here, it is in the workspace's tags. So this file may vanish or be damaged at no cost.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from vbmake.disk import explained
from vbmake.run.publish import replacing


class MarksDB:
    """A doit backend that writes only when something changed, whole or not at all, and reads damage as nothing."""

    desc = "vbmake's own marks"

    def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
        self.name = name
        self._path = Path(name)
        self._marks: dict[str, dict[str, Any]] = {}
        self._changed = False
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._path.read_text("utf-8"))
            if isinstance(found, dict):
                self._marks = {task: marks for task, marks in found.items() if isinstance(marks, dict)}

    def dump(self) -> None:
        """Write the marks, if they changed."""
        if not self._changed:
            return
        with explained("write", self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as stream:
                stream.write(json.dumps(self._marks, sort_keys=True).encode())
        self._changed = False

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Remember a value."""
        self._marks.setdefault(task_id, {})[dependency] = value
        self._changed = True

    def get(self, task_id: str, dependency: str) -> Any:
        """A value, or None."""
        return self._marks.get(task_id, {}).get(dependency)

    def in_(self, task_id: str) -> bool:
        """Whether anything is remembered of a task."""
        return task_id in self._marks

    def remove(self, task_id: str) -> None:
        """Forget a task."""
        self._changed = self._marks.pop(task_id, None) is not None or self._changed

    def remove_all(self) -> None:
        """Forget everything."""
        self._changed = bool(self._marks) or self._changed
        self._marks = {}
