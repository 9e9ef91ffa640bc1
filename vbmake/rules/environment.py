"""The surroundings of a program that a rule runs: no secrets, no home of the user's, the same fonts everywhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from typing import Final

# What a program needs to start at all. Everything else, keys and tokens above all, stays outside.
ALLOWED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT")
HOME, TEMPORARY, SCRATCH = ".home", ".tmp", ".scratch"  # folders of a job's private directory; the last is its rule's
FONTS: Final = "fonts.conf"
GIVEN: Final[Mapping[str, Collection[str]]] = {HOME: (FONTS,), TEMPORARY: (), SCRATCH: ()}  # what is there at first
BUNDLED_FONTS: Final = Path(__file__).resolve().parent.parent / "resources" / "fonts"


def private_environment(
    directory: Path, *, machine_fonts: bool = False, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for programs that work in `directory`; makes a home and a temporary folder there.

    Programs that find fonts by fontconfig see those that come with vbmake and no others, unless `machine_fonts`: then a
    picture depends on the machine, and its rule says so by needing `fonts`. `inherited` is os.environ by default.
    """
    outer = os.environ if inherited is None else inherited
    home, temporary = directory / HOME, directory / TEMPORARY
    for made in (home, temporary):
        made.mkdir(parents=True, exist_ok=True)
    environment = {name: outer[name] for name in ALLOWED if name in outer}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    environment |= {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
    environment |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": "0"}
    environment |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    if not machine_fonts:
        environment["FONTCONFIG_FILE"] = str(_font_configuration(home))
    return environment


def _font_configuration(home: Path) -> Path:
    """A fontconfig file that knows the bundled fonts only; its cache stays in the private home."""
    path = home / FONTS
    text = (
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">\n<fontconfig>\n'
        f"  <dir>{escape(str(BUNDLED_FONTS), quote=False)}</dir>\n"
        f"  <cachedir>{escape(str(home / '.cache' / 'fontconfig'), quote=False)}</cachedir>\n"
        "</fontconfig>\n"
    ).encode()
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        there = b""
    if there != text:
        path.write_bytes(text)
    return path
