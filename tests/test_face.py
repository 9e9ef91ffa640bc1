"""The public face: what `vbmake` offers is what it says it offers, and importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import vbmake


def test_every_public_name_is_there_and_the_list_is_sorted() -> None:
    assert vbmake.__all__ == sorted(vbmake.__all__)
    assert set(vbmake.__all__) == set(vbmake._HOME)
    for name in vbmake.__all__:
        assert getattr(vbmake, name).__name__ == name


def test_importing_vbmake_imports_nothing_heavy() -> None:
    code = "import sys, vbmake; print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pydantic", "numpy", "cv2", "av", "boto3", "jinja2", "yaml", "rich", "doit"} & set(out.stdout.split())


def test_the_errors_a_user_meets_are_one_family_with_their_exit_codes() -> None:
    codes = {
        vbmake.ProjectError: 3,
        vbmake.MissingTool: 2,
        vbmake.WorkspaceError: 2,
        vbmake.JobError: 1,
        vbmake.RetryableError: 1,
        vbmake.FatalError: 1,
    }
    for error, code in codes.items():
        assert issubclass(error, vbmake.VbmakeError)
        assert error.exit_code == code
