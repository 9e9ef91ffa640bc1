"""What the models of Replicate and fal make of their inputs: pictures, clips and sounds of the size asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.providers.stand_in import media, sound

# fal's names for sizes (fal-ai/flux/schnell), then aspect ratios at one megapixel (Replicate's flux-schnell)
NAMED_SIZES: Final = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "21:9": (1536, 640),
    "9:21": (640, 1536),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
}


@dataclass(frozen=True)
class Product:
    """One file that a model made. Sizes in px, 0 for sounds."""

    content: bytes
    extension: str
    width: int = 0
    height: int = 0

    @property
    def type(self) -> str:
        """Its content type."""
        return media.TYPES[self.extension]


def products(kind: media.Kind, asked: Mapping[str, Any], seed: bytes, *, pictures: str) -> list[Product]:
    """The files of one run; `pictures` is the format of pictures for which none is asked."""
    count = int(asked.get("num_outputs", asked.get("num_images", 1)))
    return [_product(kind, asked, hashlib.sha256(seed + bytes([n])).digest(), pictures) for n in range(count)]


def _product(kind: media.Kind, asked: Mapping[str, Any], seed: bytes, pictures: str) -> Product:
    form = str(asked.get("output_format", asked.get("format", "")))
    if kind == "image":
        width, height = size_of(asked)
        form = form if form in ("png", "jpg", "jpeg", "webp") else pictures
        return Product(media.picture(width, height, seed, form), form, width, height)
    if kind == "clip":
        upright = asked.get("aspect_ratio") in ("9:16", "3:4", "2:3", "9:21")
        width, height = (180, 320) if upright else (320, 180)
        if "width" in asked and "height" in asked:
            width, height = int(asked["width"]) // 2 * 2, int(asked["height"]) // 2 * 2
        return Product(media.clip(width, height, *frames_of(asked), seed), "mp4", width, height)
    if kind == "speech":
        said = sound.spoken(str(asked.get("text", asked.get("prompt", ""))))
        form = form if form in ("mp3", "wav", "flac") else "mp3"
        return Product(sound.encoded(sound.speech(said, seed), 24000, form, seed), form)
    form = form if form in ("mp3", "wav", "flac") else "wav"
    return Product(sound.encoded(sound.tune(seconds_of(asked) or 3.0, seed), 44100, form, seed), form)


def size_of(asked: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of a picture by whatever the input says of them."""
    named = asked.get("image_size", asked.get("aspect_ratio"))
    if isinstance(named, Mapping):
        return int(named["width"]), int(named["height"])
    if named in NAMED_SIZES:
        return NAMED_SIZES[named]
    return int(asked.get("width", 1024)), int(asked.get("height", 768 if "image_size" in asked else 1024))


def seconds_of(asked: Mapping[str, Any]) -> float:
    """How long it shall last; 0 when the input does not say."""
    for name in ("duration", "seconds", "seconds_total", "duration_seconds"):
        if asked.get(name):
            return float(str(asked[name]).rstrip("s"))
    return 0.0


def frames_of(asked: Mapping[str, Any]) -> tuple[int, int]:
    """How many frames a clip has, and how many a second; two seconds when the input does not say, never over 20."""
    rate = int(asked.get("frames_per_second", asked.get("fps", 16)))
    count = int(asked.get("num_frames", round((seconds_of(asked) or 2.0) * rate)))
    return max(1, min(count, 20 * rate)), rate
