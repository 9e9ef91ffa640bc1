"""The rules whose jobs providers do: ask, check what came, and bring it into the form that films are made of.

What came is data. It is decoded before it is kept: a picture that is none, a clip without a picture or a silent voice
is a failure, told together with the fact that it was paid.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbmake.errors import JobError, MissingTool, WorkspaceError
from vbmake.providers.asked import generation_of
from vbmake.providers.book import exact
from vbmake.providers.failures import ProviderError
from vbmake.rules.work import Measures, Work
from vbmake.services import Kind

if TYPE_CHECKING:
    from vbmake.providers.engine import Made

RATE = 48000
_PNG = b"\x89PNG\r\n\x1a\n"


def make_image(work: Work) -> Measures:
    """A picture, as PNG of 8 bits. Raises JobError."""
    made = _ask(work)
    path, target = _file(made, "picture"), work.outputs["image"]
    from vbmake.render.image import read_image
    from vbmake.render.probe import probe

    with _paid(made, "the picture cannot be used"):
        pixels = read_image(path)
        if path.read_bytes()[: len(_PNG)] == _PNG:
            shutil.copyfile(path, target)
        else:
            import cv2

            if not cv2.imwrite(str(target), pixels):
                raise JobError("it cannot be written as PNG")
        measure = probe(target)
    _provenance(work, made)
    return {"image": measure}


def make_clip(work: Work) -> Measures:
    """A clip, as MP4. Raises JobError."""
    image = work.inputs.get("image", ())
    made = _ask(work, {"image": image[0]} if image else {})
    path, target = _file(made, "clip"), work.outputs["clip"]
    from vbmake.render import ffmpeg
    from vbmake.render.probe import probe

    with _paid(made, "the clip cannot be used"):
        found = probe(path)
        if found["kind"] != "video":
            raise JobError(f"it is {found['kind']}, not a clip")
        if _is_mp4(path):
            shutil.copyfile(path, target)
        else:
            codec = ["-c:v", "libx264", "-crf", "14", "-preset", "fast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
            ffmpeg.run([*ffmpeg.input_args(path), *codec, "-threads", "1", f"file:{target}"], log=work.log)
        measure = probe(target)
    _provenance(work, made)
    return {"clip": measure}


def make_speech(work: Work) -> Measures:
    """A voice, as the local one is: WAV, mono, 48 kHz, 16 bit, at one level; and the times of its words, if told."""
    made = _ask(work)
    path = _file(made, "voice")
    from vbmake.render import pcm
    from vbmake.speech.local import levelled

    with _paid(made, "the voice cannot be used"):
        voice = levelled(path, work.directory)
        if not len(voice) or float(abs(voice).max()) == 0.0:
            raise JobError("it is silent")
        pcm.write_s16(work.outputs["speech"], voice, RATE)
    words = [dict(word) for word in made.words] if made.words is not None else None
    facts = made.provenance.get("response", {}).get("facts", {})
    times = {"words": words, "note": str(facts.get("word_times", ""))}  # why there are none, when some were promised
    work.outputs["times"].write_text(json.dumps(times), "utf-8", errors="replace")
    _provenance(work, made)
    return {"speech": {"samples": len(voice), "rate": RATE}}


def make_music(work: Work) -> Measures:
    """Music, as WAV, stereo, 48 kHz, 16 bit."""
    return _sound(work, "music")


def make_effect(work: Work) -> Measures:
    """A sound, as WAV, stereo, 48 kHz, 16 bit."""
    return _sound(work, "effect")


def write_script(work: Work) -> Measures:
    """A script, checked; its measure is the script itself, because the plan goes on with it."""
    from vbmake.providers.script import asked_script, read_answer

    made = work.ask(asked_script(work.options, _seed(work)))
    with _paid(made, "the script cannot be used"):
        try:
            script = read_answer(made.data)
        except ValueError as error:
            raise JobError(str(error)) from None
    text = json.dumps(script, indent=1, ensure_ascii=False)
    work.outputs["script"].write_text(text, "utf-8", errors="replace")
    _provenance(work, made)
    return {"script": {"script": script}}


def find_words(work: Work) -> Measures:
    """When each word is said: as the voice's provider told, as it was transcribed, or as the local voice would say it.

    The words are those of the text, in order, each within the recording. The measure's `note` tells a makeshift.
    """
    from vbmake.providers.word_times import words_of

    return {"words": words_of(work, _ask)}


def _is_mp4(path: Path) -> bool:
    """Whether a clip is in the container that it shall have (ISO 14496-12; QuickTime's own brand is another)."""
    with open(path, "rb") as stream:
        head = stream.read(12)
    return head[4:8] == b"ftyp" and head[8:12] != b"qt  "


def _sound(work: Work, role: Kind) -> Measures:
    made = _ask(work)
    path, target = _file(made, "sound"), work.outputs[role]
    from vbmake.render import ffmpeg
    from vbmake.render.probe import probe

    with _paid(made, "the sound cannot be used"):
        form = ["-ac", "2", "-ar", str(RATE), "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        ffmpeg.run([*ffmpeg.input_args(path), "-map", "0:a:0", *form, f"file:{target}"], log=work.log)
        measure = probe(target)
    _provenance(work, made)
    return {role: measure}


def _ask(work: Work, files: Mapping[str, Path] | None = None) -> Made:
    return work.ask(generation_of(work.options, files, _seed(work)))


def _seed(work: Work) -> int:
    """The seed of a job whose declaration names none: it follows from the key, and so from the take."""
    return int.from_bytes(hashlib.sha256(work.key.encode()).digest()[:4], "big") >> 1


def _file(made: Made, what: str) -> Path:
    if not made.files:
        raise ProviderError(f"the provider ended well, yet sent no {what}", sort="failed", paid="yes")
    return made.files[0]


class _paid:
    """What is wrong with a file that was paid for is told with that fact: trying again would cost again."""

    def __init__(self, made: Made, what: str) -> None:
        self.made = made
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        told = isinstance(error, (ProviderError, MissingTool, WorkspaceError, OSError))
        if isinstance(error, Exception) and not told:
            words = str(error) if isinstance(error, JobError) else f"{type(error).__name__}: {error}"
            cost = f" (it cost {exact(self.made.cost)} USD)" if self.made.cost else ""
            raise ProviderError(
                f"{self.what}: {words}{cost}; `doit reroll JOB` asks for another sample", sort="failed", paid="yes"
            ) from None


def _provenance(work: Work, made: Made) -> None:
    facts: Mapping[str, Any] = {**made.provenance, "key": work.key}
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False)
    work.outputs["provenance"].write_text(text + "\n", "utf-8", errors="replace")
