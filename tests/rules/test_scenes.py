"""The rules that let other programs film: Manim and Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from tests.rules.workshop import made, needing
from vbmake import process
from vbmake.rules.tools import find_tool

SCRIPT = """
from manim import *

class Box(Scene):
    def construct(self):
        self.add(Square(side_length=4, color=RED).set_fill(RED, 1))
        self.wait(0.4)
"""


def frames(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]


def test_a_scene_of_a_manim_script_is_a_clip(tmp_path: Path) -> None:
    rule = needing("manim-scene")
    script = tmp_path / "scenes.py"
    script.write_text(SCRIPT)
    clip = made(rule, tmp_path, inputs={"script": script}, scene="Box", size="160x90", rate=10, transparent=True)
    pictures = frames(clip)
    assert len(pictures) == 4
    assert pictures[0].shape == (90, 160, 4)
    assert pictures[0][45, 80, 3] == 255
    assert pictures[0][2, 2, 3] == 0


def test_frames_of_a_blender_file_are_a_clip(tmp_path: Path) -> None:
    rule = needing("blender-shot")
    blend = tmp_path / "cube.blend"
    make = (
        f"import bpy; bpy.context.scene.render.engine = 'CYCLES'; bpy.ops.wm.save_as_mainfile(filepath={str(blend)!r})"
    )
    process.run([find_tool("blender"), "--background", "--factory-startup", "--python-expr", make])
    options = {"first": 3, "last": 4, "size": "64x36", "rate": 10, "samples": 1, "denoise": False}
    pictures = frames(made(rule, tmp_path, inputs={"blend": blend}, **options))
    assert len(pictures) == 2
    assert pictures[0].shape == (36, 64, 4)
