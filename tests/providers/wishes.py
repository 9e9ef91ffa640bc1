"""What is asked of services in as many forms as vbmake has: for tests of the requests that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbmake.providers.types import Generation

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {"title": {"type": "string"}},
}


def wish(kind: Any, model: str, **more: Any) -> Generation:
    return Generation(kind, "", model, "Two boats", **more)


def with_recording(generation: Generation, recording: Path) -> Generation:
    return Generation(
        generation.kind,
        "",
        generation.model,
        generation.prompt,
        language=generation.language,
        options=generation.options,
        files={"audio": recording},
    )


OPENAI = {
    "image": wish("image", "gpt-image-2", width=1920, height=1080, options={"quality": "low", "background": "opaque"}),
    "image, bare": wish("image", "gpt-image-1.5"),
    "image, dall-e": wish("image", "dall-e-3", width=1920, height=1080, options={"style": "natural"}),
    "speech": wish("speech", "gpt-4o-mini-tts", voice="alloy", options={"instructions": "Calm.", "speed": 1.2}),
    "speech, own voice": wish("speech", "gpt-4o-mini-tts", voice="voice_12ab"),
    "script": wish(
        "script", "gpt-5-mini", system="You write films.", schema=SCHEMA, options={"reasoning_effort": "low"}
    ),
    "script, bare": wish("script", "gpt-5-mini"),
}
WORDS = {
    "words": wish("words", "whisper-1", language="en-GB", options={"temperature": 0}),
    "words, bare": wish("words", "whisper-1"),
}
ELEVENLABS = {
    "speech": wish(
        "speech",
        "eleven_flash_v2_5",
        voice="JBFqnCBsd6RMkjVDRZzb",
        language="de",
        seed=7,
        options={
            **{"stability": 0.4, "similarity_boost": 0.5, "style": 0.1, "use_speaker_boost": True, "speed": 1.1},
            **{"clone_strength": 0.2, "previous_text": "Before.", "next_text": "After."},
            **{"previous_request_ids": ["a"], "next_request_ids": ["b"], "use_pvc_as_ivc": False},
            **{"apply_text_normalization": "on", "apply_language_text_normalization": False},
            "pronunciation_dictionary_locators": [{"pronunciation_dictionary_id": "x", "version_id": "y"}],
        },
    ),
    "speech, bare": wish("speech", "eleven_multilingual_v2", voice="JBFqnCBsd6RMkjVDRZzb"),
    "music": wish(
        "music",
        "music_v1",
        seconds=12.5,
        options={"force_instrumental": True, "finetune_id": "f", "store_for_inpainting": False, "sign_with_c2pa": True},
    ),
    "music, bare": wish("music", "music_v1", options={"output_format": "mp3_44100_192"}),
    "effect": wish("effect", "eleven_text_to_sound_v2", seconds=2.5, options={"loop": True, "prompt_influence": 0.5}),
}
REPLICATE = {
    "image": wish("image", "black-forest-labs/flux-schnell", width=1920, height=1080, seed=7),
    "clip": wish("clip", "wan-video/wan-2.2-t2v-fast", seconds=5.0, seed=7),
    "speech": wish("speech", "minimax/speech-02-turbo", voice="Wise_Woman", language="en"),
    "music": wish("music", "google/lyria-2", seed=7),
    "image, a version": wish("image", f"acme/painter:{'ab' * 32}", options={"width": 64, "height": 64}),
    "effect, a deployment": wish("effect", "deployments/acme/sound-maker", options={"seconds": 1}),
}
