"""How much of a provider's is under way at once is what its limit says, whatever `-n` is."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.providers.stand_in import StandIn
from tests.scenarios.world import SMALL, World
from vbmake.services import SERVICES


def scene(name: str, layer: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "duration": "200ms", "layers": [layer]}


def test_the_peak_of_each_provider_is_its_own_limit(world: World) -> None:
    limits = {name: SERVICES[name].limit for name in ("openai", "replicate")}
    assert limits == {"openai": 5, "replicate": 2}
    pictures = [
        scene(f"picture-{n}", {"image": {"prompt": f"a hill {n}", "provider": "openai", "options": {"quality": "low"}}})
        for n in range(12)
    ]
    others = [scene(f"other-{n}", {"image": {"prompt": f"a sea {n}", "provider": "replicate"}}) for n in range(4)]
    film = {**SMALL, "scenes": [*pictures, *others]}
    with StandIn(polls=1) as server:
        server.limit("openai", latency=0.2)
        ended = dataclasses.replace(world, variables=server.environ()).declare(film).doit("-n", "8")
        assert ended.code == 0, ended.text
        assert {name: server.peak(name) for name in limits} == limits
        assert len(server.charges()) == 16
