"""What a rule's function is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbmake.rules.work import InputFiles


def test_the_files_of_a_job_are_paths_by_role_in_their_order() -> None:
    files = InputFiles({"assets": ["/film/b.png", "/film/a.png"], "fonts": ["/film/sans.ttf"]})
    assert files["assets"] == (Path("/film/b.png"), Path("/film/a.png"))
    assert files["assets"] is files["assets"]
    assert list(files) == ["assets", "fonts"]
    assert len(files) == 2
    assert files == {"assets": (Path("/film/b.png"), Path("/film/a.png")), "fonts": (Path("/film/sans.ttf"),)}
    assert files.get("sound", ()) == ()
    with pytest.raises(KeyError):
        files["sound"]
