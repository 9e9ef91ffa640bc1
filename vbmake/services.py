"""The services that generate assets, as the language and the planner know them: names, models, limits. No network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["image", "clip", "speech", "music", "effect", "script", "words"]
LOCAL: Final = "local"  # this machine: it makes every kind, more plainly
PLUGINS: Final = "vbmake.providers"  # the entry points under which providers of others are installed


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `makes` is what it can be asked for, `models` the model that is asked when the project names none.

    `key` is the environment variable of the API key, `address` the one that replaces `base_url`; `limit` is how many
    requests are under way at once unless the project says otherwise; `times` tells whether its voices bring the time of
    each word along.
    """

    name: str
    base_url: str
    key: str
    makes: tuple[Kind, ...]
    models: Mapping[Kind, str] = field(default_factory=dict)
    voice: str = ""
    limit: int = 5
    address: str = ""
    times: bool = False


SERVICES: Final[Mapping[str, Service]] = {
    service.name: service
    for service in (
        Service(
            "openai",
            "https://api.openai.com/v1",
            "OPENAI_API_KEY",
            ("image", "speech", "script", "words"),
            {
                "image": "gpt-image-2",
                "speech": "gpt-4o-mini-tts",
                "script": "gpt-5-mini",
                "words": "whisper-1",
            },
            voice="alloy",
            limit=5,
            address="OPENAI_BASE_URL",
        ),
        Service(
            "replicate",
            "https://api.replicate.com/v1",
            "REPLICATE_API_TOKEN",
            ("image", "clip", "speech", "music", "effect"),
            {
                "image": "black-forest-labs/flux-schnell",
                "clip": "wan-video/wan-2.2-t2v-fast",
                "speech": "minimax/speech-02-turbo",
                "music": "google/lyria-2",
            },
            limit=2,
            address="REPLICATE_BASE_URL",
        ),
        Service(
            "elevenlabs",
            "https://api.elevenlabs.io",
            "ELEVENLABS_API_KEY",
            ("speech", "music", "effect", "words"),
            {
                "speech": "eleven_multilingual_v2",
                "music": "music_v1",
                "effect": "eleven_text_to_sound_v2",
                "words": "forced-alignment",
            },
            voice="JBFqnCBsd6RMkjVDRZzb",
            limit=2,
            address="ELEVENLABS_BASE_URL",
            times=True,
        ),
        Service(
            "fal",
            "https://queue.fal.run",
            "FAL_KEY",
            ("image", "clip", "speech", "music", "effect"),
            {
                "image": "fal-ai/flux/schnell",
                "clip": "fal-ai/wan/v2.2-5b/text-to-video",
                "music": "fal-ai/lyria2",
            },
            limit=2,
            address="FAL_BASE_URL",
        ),
    )
}
