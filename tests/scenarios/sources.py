"""The files that the films of `mutations.py` name: media, fonts, and rules of their own."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import MakeClip, MakeMedia
from vbmake import resources

_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20">
<rect width="30" height="20" fill="#fed"/><path d="{path}" fill="#24a"/></svg>"""
_PICTURE = """\
rule: {name}
about: A pattern.
options:
  count: {{type: integer, default: 4}}
  width: {{type: integer, default: 48}}
makes: {{image: png}}
needs: [ffmpeg]
command:
  - [ffmpeg, -f, lavfi, -i, "{source}=size={{{{ width * 2 }}}}x{{{{ count * 8 }}}}:rate=1",
     "-frames:v", "1", "{{{{ image }}}}"]
"""
_SOUND = """\
rule: {name}
about: A tone of one second.
options:
  pitch: {{type: integer, default: 300}}
  gain: {{type: integer, default: 0}}
makes: {{sound: wav}}
needs: [ffmpeg]
command: [ffmpeg, -f, lavfi, -i, "aevalsrc={wave}:s=48000:d=1", -af, "volume={{{{ gain }}}}dB", "{{{{ sound }}}}"]
"""
_CLIP = """\
rule: clip
about: A clip with sound.
makes: {clip: mp4}
needs: [ffmpeg]
command:
  - [ffmpeg, -f, lavfi, -i, "testsrc2=size=64x48:rate=30:duration=2", -f, lavfi, -i, "sine=frequency=440:duration=2",
     "-c:v", libx264, -threads, "1", -g, "20", "-c:a", aac, "{{ clip }}"]
"""
RULE_FILES = {
    "stripes": _PICTURE.format(name="stripes", source="smptebars"),
    "checks": _PICTURE.format(name="checks", source="testsrc"),
    "hum": _SOUND.format(name="hum", wave="0.2*sin(2*PI*{{ pitch }}*t)"),
    "buzz": _SOUND.format(name="buzz", wave="0.2*sin(2*PI*{{ pitch }}*t)*sin(80*t)"),
    "clip": _CLIP,
}


def write_sources(root: Path, make_media: MakeMedia, make_clip: MakeClip, clip: Path, talking_clip: Path) -> None:
    """Write all of them into a project."""
    still = ["-frames:v", "1", "-q:v", "3"]
    other_clip = make_clip("other.mp4", "-c:v libx264 -threads 1 -pix_fmt yuv420p -g 20", first=700)
    made = {
        "photo.jpg": make_media("photo.jpg", "-f", "lavfi", "-i", "testsrc2=size=96x64", *still),
        "other.jpg": make_media("other.jpg", "-f", "lavfi", "-i", "testsrc=size=90x64", *still),
        "clip.mp4": clip,
        "other.mp4": other_clip,
        "talking.mp4": talking_clip,
        "tone.wav": _tone(make_media, "tone.wav", "0.3*sin(2*PI*(300+200*t)*t)"),
        "other.wav": _tone(make_media, "other.wav", "0.3*sin(2*PI*500*t)", 0.7),
        "music.flac": _tone(make_media, "music.flac", "0.3*sin(2*PI*(220+60*floor(4*t))*t)"),
        "a.ttf": Path(resources.path("mono/JetBrainsMono-Regular.ttf")),
        "b.ttf": Path(resources.path("mono/JetBrainsMono-Bold.ttf")),
    }
    for name, path in made.items():
        (root / name).write_bytes(path.read_bytes())
    (root / "a.svg").write_text(_DRAWING.format(path="M3 3H20L8 18Z"))
    (root / "b.svg").write_text(_DRAWING.format(path="M9 2H29L28 12Z"))
    (root / "rules").mkdir()
    for name, text in RULE_FILES.items():
        (root / "rules" / f"{name}.yaml").write_text(text)


def _tone(make_media: MakeMedia, name: str, wave: str, seconds: float = 1) -> Path:
    return make_media(name, "-f", "lavfi", "-i", f"aevalsrc={wave}:s=48000:d={seconds}")
