"""Providers that a declaration names: each is known, and makes what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points

from vbmake.document.node import List, Map, Node, Problems, Scalar, repr_text, shorten
from vbmake.project.generated import ACCOUNTS, is_account
from vbmake.project.words import nearest, slug
from vbmake.redact import HIDDEN, is_key, names_secret
from vbmake.services import LOCAL, PLUGINS, SERVICES, Kind

_NOUNS: dict[Kind, str] = {
    "image": "pictures",
    "clip": "clips",
    "speech": "voices",
    "music": "music",
    "effect": "sounds",
    "script": "scripts",
    "words": "word times",
}


def check_accounts(tree: Map, problems: Problems) -> None:
    """Note every provider that is not known, that cannot make what it is asked for, or that lacks a model for it."""
    declared = tree.items.get("providers")
    services = {**{name: name for name in (LOCAL, *SERVICES)}, **_declared(declared, problems)}
    for price in _maps(tree.items.get("prices")):
        node = price.items.get("service")
        if isinstance(node, Scalar) and not node.broken and node.raw not in services and node.raw not in plugins():
            known = [name for name in services if name != LOCAL]
            if "*" not in node.raw:
                hint = nearest(node.raw, known)
                problems.add(
                    node, "there is no service of that name", found=node.raw, allowed=", ".join(known), hint=hint
                )
    for owner, key, kind in _asked(tree):
        for name, part in owner.items.items():
            if name != "prompt":
                _check_secrets(name, part, problems)
        node = owner.items.get(key)
        if not isinstance(node, Scalar) or node.value is None or node.broken:
            continue
        name = node.raw
        service = services.get(name) or (name if name in plugins() else None)
        if service is None:
            hint = nearest(name, list(services)) or "a server of your own is declared in `providers`"
            problems.add(node, "there is no provider of that name", found=name, allowed=", ".join(services), hint=hint)
            continue
        _check_kind(owner, node, service, kind, problems)


def _check_secrets(name: str, node: Node, problems: Problems) -> None:
    """Note what looks like a key in what is asked for: it would stand in plans, in the lock and beside the asset."""
    if isinstance(node, Scalar):
        told = isinstance(node.value, str) and is_key(node.value)
        if not node.broken and (told or (node.value is not None and names_secret(name))):
            hint = "keys stand in environment variables: `providers: {openai: {key: MY_API_KEY}}` names one"
            problems.add(node, "this looks like a key, and no key belongs here", found=HIDDEN, hint=hint)
    else:
        parts = node.items.items() if isinstance(node, Map) else ((name, item) for item in node.items)
        for inner, part in parts:
            _check_secrets(inner, part, problems)


def plugins() -> list[str]:
    """Names of the providers that are installed as plugins."""
    return sorted(point.name for point in entry_points(group=PLUGINS))


def _declared(node: Node | None, problems: Problems) -> dict[str, str]:
    """Services by the names that `providers` gives them."""
    found: dict[str, str] = {}
    for name, entry in node.items.items() if isinstance(node, Map) else ():
        given = entry.items.get("service") if isinstance(entry, Map) else None
        service = given.value if isinstance(given, Scalar) and isinstance(given.value, str) else name
        found[name] = service
        if not is_account(name):
            hint = f"such as {better}" if (better := slug(name, 40)) else ""
            place = node.keys[name] if isinstance(node, Map) else entry.place
            problems.add(
                place,
                "this cannot be the name of a provider",
                found=repr_text(shorten(name)),
                allowed=ACCOUNTS,
                hint=hint,
            )
            continue
        if name == LOCAL:
            problems.add(
                node.keys[name] if isinstance(node, Map) else entry.place,
                "local is no account: it makes things on this machine",
            )
        elif isinstance(entry, Map) and service not in SERVICES and service not in plugins():
            known = [*SERVICES, *plugins()]
            problems.add(
                given if isinstance(given, Scalar) else entry,
                "this provider does not say what it speaks" if given is None else "there is no such service",
                found=service,
                allowed=", ".join(known),
                hint=nearest(service, known) or f"{name}: {{service: openai, base_url: http://localhost:8000/v1}}",
            )
    return found


def _check_kind(owner: Map, node: Scalar, service: str, kind: Kind, problems: Problems) -> None:
    known = SERVICES.get(service)
    if known is None:
        return
    if kind not in known.makes:
        able = [name for name, other in SERVICES.items() if kind in other.makes]
        problems.add(
            node, f"{service} makes no {_NOUNS[kind]}", found=str(node.value), allowed=", ".join([LOCAL, *able])
        )
    elif kind not in known.models and "model" not in owner.items:
        problems.add(
            owner,
            f"name the model that {service} shall use for {_NOUNS[kind]}",
            hint="model: owner/name, as on its site",
        )


def _asked(tree: Map) -> Iterator[tuple[Map, str, Kind]]:
    """Every mapping that names a provider, the key under which it does, and for what."""
    for scene in _maps(tree.items.get("scenes")):
        for layer in _maps(scene.items.get("layers")):
            yield from _of_layer(layer)
        for sound in _maps(scene.items.get("sounds")):
            yield from _of_source(sound, "effect")
        said = scene.items.get("say")
        yield from _of_voice(said.items.get("voice") if isinstance(said, Map) else None)
    for layer in _maps(tree.items.get("overlays")):
        yield from _of_layer(layer)
    music = tree.items.get("music")
    for one in _maps(music) if isinstance(music, List) else [music]:
        if isinstance(one, Map):
            yield from _of_source(one, "music")
    yield from _of_voice(tree.items.get("voice"))
    voices = tree.items.get("voices")
    for voice in voices.items.values() if isinstance(voices, Map) else ():
        yield from _of_voice(voice)
    scenes = tree.items.get("scenes")
    script = scenes.items.get("script") if isinstance(scenes, Map) else None
    if isinstance(script, Map):
        yield script, "provider", "script"
        if isinstance(images := script.items.get("images"), Map):
            yield images, "provider", "image"


def _of_layer(layer: Map) -> Iterator[tuple[Map, str, Kind]]:
    kinds: tuple[tuple[str, Kind], ...] = (("image", "image"), ("video", "clip"))
    for key, kind in kinds:
        if "make" not in layer.items and isinstance(node := layer.items.get(key), Map):
            yield node, "provider", kind


def _of_source(owner: Map, kind: Kind) -> Iterator[tuple[Map, str, Kind]]:
    if "make" not in owner.items and isinstance(node := owner.items.get("source"), Map):
        yield node, "provider", kind


def _of_voice(node: Node | None) -> Iterator[tuple[Map, str, Kind]]:
    if isinstance(node, Map):
        yield node, "provider", "speech"
        yield node, "words", "words"


def _maps(node: Node | None) -> list[Map]:
    return [item for item in node.items if isinstance(item, Map)] if isinstance(node, List) else []
