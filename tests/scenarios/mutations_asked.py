"""A change of every field that speaks of providers, with the jobs that it must have done again: what is asked is paid.

These films are planned here and never built: see test_generated.py for films that a stand-in makes the assets of.
"""

from __future__ import annotations

from tests.scenarios.mutations import HEARD, LAYER, MIXED, SEEN, SOUND, TIMELINE, Jobs, Table, film

PAINTED = frozenset({"generated-image:*"}) | SEEN
FILMED = frozenset({"generated-clip:*"}) | SEEN
SUNG = frozenset({"generated-music:*"}) | MIXED
RUNG = frozenset({"generated-sound:*"}) | HEARD
VOICED = frozenset({"generated-voice:x", "stem:x/voice"}) | MIXED
NOTHING: Jobs = frozenset()
ACCOUNTS = {
    "mine": {
        "service": "openai",
        "base_url": "http://localhost:8880/v1",
        "key": "MY_KEY",
        "limit": 3,
        "rpm": 60,
        "timeout": "30s",
    }
}


def asked_table() -> Table:
    """Films that ask providers, and the cases of their fields."""
    table = Table()
    _pictures(table)
    _clips(table)
    _sounds(table)
    _voices(table)
    _accounts(table)
    _scripts(table)
    return table


def _pictures(table: Table) -> None:
    asked = {"prompt": "a hill", "provider": "openai", "size": "640x360", "options": {"quality": "low"}}
    table.of("PromptedImage", "asked image", (*LAYER, "image"), film({"layers": [{"image": asked}]}))
    table.add("prompt", "a lake", PAINTED | TIMELINE).add("provider", "replicate", PAINTED | TIMELINE)
    table.add("model", "gpt-image-1-mini", PAINTED | TIMELINE).add("seed", 7, PAINTED | TIMELINE)
    table.add("take", 2, PAINTED | TIMELINE).add("size", "640x640", PAINTED | TIMELINE)
    table.add("options", {"quality": "high"}, PAINTED | TIMELINE)


def _clips(table: Table) -> None:
    asked = {"prompt": "a hill", "provider": "replicate", "size": "640x360", "duration": "5s"}
    table.of("PromptedClip", "asked clip", (*LAYER, "video"), film({"layers": [{"video": asked, "mute": True}]}))
    table.add("prompt", "a lake", FILMED | TIMELINE).add("provider", "fal", FILMED | TIMELINE)
    table.add("model", "owner/model", FILMED | TIMELINE).add("seed", 7, FILMED | TIMELINE)
    table.add("take", 2, FILMED | TIMELINE).add("size", "640x640", FILMED | TIMELINE)
    table.add("options", {"steps": 4}, FILMED | TIMELINE).add("duration", "6s", FILMED | TIMELINE)
    table.add("image", "photo.jpg", FILMED | TIMELINE)


def _sounds(table: Table) -> None:
    song = {"prompt": "a song", "provider": "elevenlabs", "duration": "20s"}
    table.of("PromptedSound", "asked music", ("music", "source"), film({}, music={"source": song}, loudness=None))
    table.add("prompt", "a dance", SUNG | TIMELINE).add("provider", "replicate", SUNG | TIMELINE)
    table.add("model", "another", SUNG | TIMELINE).add("seed", 7, SUNG | TIMELINE).add("take", 2, SUNG | TIMELINE)
    table.add("options", {"loud": True}, SUNG | TIMELINE).add("duration", "21s", SUNG | TIMELINE)
    bell = {"prompt": "a bell", "provider": "elevenlabs"}
    table.of("PromptedSound", "asked sound", (*SOUND, "source"), film({"sounds": [{"source": bell}]}, loudness=None))
    table.add("prompt", "a horn", RUNG | TIMELINE).add("duration", "1s", RUNG | TIMELINE)


def _voices(table: Table) -> None:
    said = film(
        {"say": "One two three.", "duration": None},
        voice={"provider": "openai", "voice": "alloy"},
        captions={"style": "phrase", "files": ["srt"]},
    )
    # Its length and its words follow from a new voice, and so may everything that is seen.
    later = frozenset({"word-times:x", "shot:*", "cut:*", "subtitles:*", "film:*", "timeline:*"})
    table.of("Voice", "asked voice", ("voice",), said)
    table.add("provider", "elevenlabs", VOICED, maybe=later).add("voice", "nova", VOICED, maybe=later)
    table.add("model", "tts-1", VOICED, maybe=later).add("seed", 7, VOICED, maybe=later)
    table.add("options", {"speed": 1.2}, VOICED, maybe=later)
    table.add("words", "local", frozenset({"word-times:x"}), maybe=later)


def _accounts(table: Table) -> None:
    """Who is asked, how often and for how much changes no asset: what is made is never paid for again."""
    asked = {"layers": [{"image": {"prompt": "a hill", "provider": "mine", "model": "m"}}]}
    budget = {"total": "9 USD", "run": "3 USD", "confirm": "1 USD"}
    price = {"service": "openai", "model": "m", "unit": "image", "price": "0.04", "per": 1}
    declared = film(asked, providers=ACCOUNTS, budget=budget, prices=[price])
    table.of("Provider", "account", ("providers", "mine"), declared)
    table.add("service", "replicate", PAINTED | TIMELINE)
    for name, value in (("base_url", "http://localhost:1/v1"), ("key", "none"), ("limit", 1), ("rpm", 5)):
        table.add(name, value, NOTHING)
    table.add("timeout", "60s", NOTHING)
    table.of("Budget", "account", ("budget",))
    table.add("total", "8 USD", NOTHING).add("run", "2 USD", NOTHING).add("confirm", "2 USD", NOTHING)
    table.add("unpriced", "allow", NOTHING)
    table.of("Price", "account", ("prices", 0))
    table.add("service", "fal", NOTHING).add("model", "*", NOTHING).add("unit", "run", NOTHING)
    table.add("price", "0.05", NOTHING).add("per", 2, NOTHING)
    tokens = {"service": "openai", "model": "m", "unit": "token", "input": "1", "output": "2", "per": 1000000}
    table.of("Price", "price of tokens", ("prices", 0), film(asked, providers=ACCOUNTS, prices=[tokens]))
    table.add("input", "3", NOTHING).add("output", "3", NOTHING)
    table.of("Film", "account", ())
    table.add("providers", {"mine": {**ACCOUNTS["mine"], "limit": 1}}, NOTHING)
    table.add("budget", "5 USD", NOTHING).add("prices", [], NOTHING)


def _scripts(table: Table) -> None:
    """A script is told by its measure, here always the same: what changes is the script, and what it asks for."""
    asked = {"prompt": "a war", "provider": "openai", "images": {"provider": "openai", "options": {"quality": "low"}}}
    declared = {**film({}), "scenes": {"script": asked}}
    script = frozenset({"generated-script:script"})
    shown = frozenset({"generated-image:*", "shot:*", "cut:*", "film:main"}) | TIMELINE
    table.of("ScriptRequest", "asked script", ("scenes", "script"), declared)
    table.add("prompt", "a peace", script).add("provider", "local", frozenset({"local-script:script"}))
    table.add("model", "gpt-5", script).add("duration", "30s", script).add("style", "news", script)
    table.add("language", "de", script).add("take", 2, script)
    table.add("images", {"provider": "fal"}, shown)
    table.of("ScriptImages", "asked script", ("scenes", "script", "images"))
    table.add("provider", "fal", shown).add("model", "gpt-image-1", shown).add("options", {"quality": "high"}, shown)
    table.of("Film", "asked script", ("scenes",)).add("script", {**asked, "prompt": "a peace"}, script)


ASKED = asked_table()
