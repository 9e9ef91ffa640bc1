"""The tools that rules need: where they are, who they are (for keys), and how to get the ones that are missing."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vbmake import process
from vbmake.errors import JobError, MissingTool
from vbmake.rules.environment import private_environment
from vbmake.rules.model import Rule

PYTHON_PACKAGE: Final = "python:"


@dataclass(frozen=True)
class Tool:
    """A program: the names it goes by, places it hides in, how it tells its version, and the packages that bring it."""

    programs: tuple[str, ...]
    version: tuple[str, ...] = ("--version",)
    places: tuple[str, ...] = ()
    apt: str = ""
    brew: str = ""
    winget: str = ""

    def hint(self) -> str:
        """How to get it, on one line."""
        ways = (("apt install", self.apt), ("brew install", self.brew), ("winget install", self.winget))
        return ", or ".join(f"`{how} {package}`" for how, package in ways if package)


TOOLS: Final[dict[str, Tool]] = {
    "pdftoppm": Tool(("pdftoppm",), ("-v",), apt="poppler-utils", brew="poppler", winget="oschwartz10612.Poppler"),
    "dot": Tool(("dot",), ("-V",), apt="graphviz", brew="graphviz", winget="Graphviz.Graphviz"),
    "fluidsynth": Tool(("fluidsynth",), apt="fluidsynth", brew="fluid-synth", winget="FluidSynth.FluidSynth"),
    "chromium": Tool(
        ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
        places=(
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "C:/Program Files/Google/Chrome/Application/chrome.exe",
        ),
        apt="chromium",
        brew="--cask chromium",
        winget="Google.Chrome",
    ),
    "blender": Tool(
        ("blender",),
        places=("/Applications/Blender.app/Contents/MacOS/Blender",),
        apt="blender",
        brew="--cask blender",
        winget="BlenderFoundation.Blender",
    ),
    "gnuplot": Tool(("gnuplot",), apt="gnuplot-nox", brew="gnuplot", winget="gnuplot.gnuplot"),
    "inkscape": Tool(("inkscape",), apt="inkscape", brew="--cask inkscape", winget="Inkscape.Inkscape"),
    "magick": Tool(("magick", "convert"), apt="imagemagick", brew="imagemagick", winget="ImageMagick.ImageMagick"),
    "lilypond": Tool(("lilypond",), apt="lilypond", brew="lilypond", winget="LilyPond.LilyPond"),
    "sox": Tool(("sox",), apt="sox", brew="sox", winget="ChrisBagwell.SoX"),
}
SOUNDFONTS: Final = (
    "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/opt/homebrew/share/fluid-synth/sf2/default.sf2",
    "/usr/local/share/fluid-synth/sf2/default.sf2",
)
_SOUNDFONT_HINT: Final = (
    "`apt install timgm6mb-soundfont` (or fluid-soundfont-gm) brings one; "
    "a rule's `soundfont: FILE` or VBMAKE_SOUNDFONT=/path/to/file.sf2 names another"
)


def find_tool(name: str) -> str:
    """The path of a program (or of the machine's soundfont) that rules need by that name.

    VBMAKE_<NAME> in the environment names another one than PATH has. Raises MissingTool with a hint.
    """
    if name == "python":
        return sys.executable
    if name == "ffmpeg":
        from vbmake.render import ffmpeg  # the renderer is imported only by those who ask for it

        return ffmpeg.executable()
    variable = "VBMAKE_" + re.sub(r"\W", "_", name).upper()
    named = os.environ.get(variable, "").strip()
    if name == "soundfont":
        return _soundfont(variable, named)
    tool = TOOLS.get(name, Tool((name,)))
    if named:
        found = _which(named, os.environ.get("PATH"))
        if found is None:
            raise MissingTool(name, f"{variable} is {named!r}, which is no program; correct it or unset it")
        return found
    for program in (*tool.programs, *tool.places):
        found = _which(program, os.environ.get("PATH"))
        if found is not None:
            return found
    known = tool.hint() or f"install it so that `{name}` can be run"
    raise MissingTool(name, f"{known}; {variable}=/path/to/{name} names one that is elsewhere")


def rivals(name: str) -> list[str]:
    """The paths at which another program would be found before the one that `find_tool` finds, were there one.

    Raises MissingTool.
    """
    if name == "python":
        return []
    found = find_tool(name)
    variable = "VBMAKE_" + re.sub(r"\W", "_", name).upper()
    named = os.environ.get(variable, "").strip()
    if name == "ffmpeg" and not named:
        return []
    tool = TOOLS.get(name, Tool((name,)))
    looked = SOUNDFONTS if name == "soundfont" else (*tool.programs, *tool.places)
    before: list[str] = []
    for program in (named,) if named else looked:
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        places = [program] if os.path.dirname(program) else [os.path.join(folder, program) for folder in folders]
        for place in map(os.path.abspath, places):
            if place == os.path.abspath(found):
                return before
            before.append(place)
    return []  # it is found in a way of the system's own


_found: dict[tuple[str, str | None], str] = {}


def _which(program: str, path: str | None) -> str | None:
    """As `shutil.which`, and at once for what was found before and is still there: every job asks."""
    found = _found.get((program, path))
    if found is None or not os.access(found, os.X_OK):
        found = shutil.which(program, path=path)
        if found is not None:
            _found[(program, path)] = found
    return found


def _soundfont(variable: str, named: str) -> str:
    if named and not Path(named).is_file():
        raise MissingTool("soundfont", f"{variable} is {named!r}, which is no file; correct it or unset it")
    for path in (named, *SOUNDFONTS):
        if path and Path(path).is_file():
            return path
    raise MissingTool("soundfont", _SOUNDFONT_HINT)


def tool_identity(name: str, rule: Rule | None = None) -> str:
    """Who a needed tool is, as it enters a key: readable, without paths, the same wherever that release is installed.

    `name` is a program, `python:PACKAGE`, `python`, `soundfont`, `fonts` (all fonts of this machine), or `./FILE`
    beside `rule`, which only that kind needs. Raises MissingTool.
    """
    if name.startswith("./"):
        if rule is None:
            raise MissingTool(name, "it is a rule's own file, and no rule was named")
        return f"sha256 {_own_file(rule, name)}"
    if name.startswith(PYTHON_PACKAGE):
        return _package_version(name.removeprefix(PYTHON_PACKAGE))
    if name == "python":
        return f"{platform.python_implementation()} {platform.python_version()}"
    if name == "ffmpeg":
        from vbmake.render import ffmpeg  # the renderer is imported only by those who ask for it

        return ffmpeg.identity()
    if name == "fonts":
        return _machine_fonts()
    path = find_tool(name)
    stat = os.stat(path)
    if name == "soundfont":
        return f"sha256 {_digest(path, stat.st_size, stat.st_mtime_ns)}"
    return _version(name, path, stat.st_size, stat.st_mtime_ns)


def package_folder(package: str) -> str:
    """The folder in which a Python package was installed: it changes when another release is. Raises MissingTool."""
    try:
        return str(importlib.metadata.distribution(package).locate_file(""))
    except importlib.metadata.PackageNotFoundError:
        raise MissingTool(f"{PYTHON_PACKAGE}{package}", f"`pip install {package}`") from None


def own_file(rule: Rule, name: str) -> Path:
    """The file that stands beside the rule as `./name`. Raises MissingTool."""
    path = (rule.directory / name).resolve()
    if not path.is_file():
        raise MissingTool(name, f"the rule {rule.name} needs {name} beside {rule.file.name}; put it there")
    return path


def _own_file(rule: Rule, name: str) -> str:
    path = own_file(rule, name)
    stat = path.stat()
    return _digest(str(path), stat.st_size, stat.st_mtime_ns)


@functools.cache
def _package_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise MissingTool(f"the Python package {package}", f"`pip install {package}`") from None


@functools.lru_cache(maxsize=256)
def _digest(path: str, _size: int, _mtime: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=64)
def _version(name: str, path: str, size: int, mtime: int) -> str:
    """The first line with a version in it of what a program says of itself; its own bytes' digest if it says none."""
    for line in _output([path, *TOOLS.get(name, Tool((name,))).version]):
        if re.search(r"\d+\.\d+", line) and len(line) <= 200:
            return " ".join(line.split())
    return f"sha256 {_digest(path, size, mtime)}"


@functools.cache
def _machine_fonts() -> str:
    """A digest of every font that fontconfig finds; without fontconfig, the system's release stands for them."""
    lister = shutil.which("fc-list")
    lines = sorted(set(_output([lister, ":", "family", "style", "fontversion"]))) if lister else []
    if not lines:
        return f"the fonts of {platform.system()} {platform.release()}"
    return f"{len(lines)} fonts, sha256 {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"


def _output(args: list[str]) -> list[str]:
    """The lines that a program writes to standard output and, after them, to standard error; none when it fails."""
    lines: list[str] = []
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="vbmake-", ignore_cleanup_errors=True) as home:
        environment = private_environment(Path(home), machine_fonts=True)
        try:
            process.run(args, env=environment, timeout=60, log=errors.append, on_line=lines.append)
        except JobError:
            return []
    return [*lines, *errors]
