"""Which adapter speaks to a service."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from vbmake.errors import FatalError
from vbmake.providers import registry
from vbmake.providers.fal import Fal
from vbmake.services import SERVICES, Kind


class Painter(Fal):
    """An adapter of somebody's own."""

    name: ClassVar[str] = "painter"


instance = Painter()


class Impostor(Fal):
    """Named otherwise than its entry point."""


class Lame:
    """Lacks most of an adapter."""

    name = "painter"
    hosts = "painter.example"
    kinds = ("sculpture",)
    idempotent = None

    def check(self, generation: Any) -> str:
        return ""


class Needy(Fal):
    """Cannot be made."""

    name: ClassVar[str] = "painter"

    def __init__(self, key: str) -> None:
        raise AssertionError(key)


def point(value: str = "Painter", name: str = "painter", package: str = "vbmake-painter") -> EntryPoint:
    entry = EntryPoint(name, f"{__name__}:{value}" if ":" not in value else value, registry.GROUP)
    vars(entry).update(dist=SimpleNamespace(name=package))
    return entry


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_built_in_service_has_an_adapter_that_makes_what_the_service_makes(service: str) -> None:
    adapter = registry.adapter(service)
    assert adapter.name == service
    kinds: set[Kind] = set(SERVICES[service].makes)
    assert kinds <= set(adapter.kinds)
    assert registry._wrong(adapter, service) == []


def test_the_registry_knows_exactly_the_services() -> None:
    assert set(registry.BUILT_IN) == set(SERVICES)


@pytest.mark.parametrize("value", ["Painter", "instance"])
def test_an_entry_point_names_a_class_or_an_instance(value: str) -> None:
    assert isinstance(registry.adapter("painter", find=lambda: [point(value)]), Painter)


def test_the_same_package_found_twice_is_one_package() -> None:
    assert isinstance(registry.adapter("painter", find=lambda: [point(), point()]), Painter)


def test_two_packages_with_one_name_are_told_apart() -> None:
    with pytest.raises(FatalError, match=r"vbmake-easel .* and vbmake-painter .*uninstall all but one"):
        registry.adapter("painter", find=lambda: [point(), point("instance", package="vbmake-easel")])


def test_an_unknown_name_lists_what_exists_with_the_nearest_word() -> None:
    with pytest.raises(FatalError) as raised:
        registry.adapter("paintre", find=lambda: [point()])
    assert str(raised.value).startswith("there is no provider service 'paintre'; did you mean 'painter'?")
    assert "elevenlabs, fal, openai, painter, replicate" in str(raised.value)
    assert "vbmake.providers" in str(raised.value)


def test_local_is_no_service_to_connect_to() -> None:
    with pytest.raises(FatalError, match="on this machine"):
        registry.adapter("local", find=tuple)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("no_such_module_of_painters:Painter", "cannot be imported: ModuleNotFoundError"),
        ("Nobody", "cannot be imported: AttributeError"),
        ("Needy", "cannot be made without arguments: TypeError"),
        ("Impostor", "its name is 'fal' and must be 'painter'"),
    ],
)
def test_a_broken_entry_point_names_the_package_and_what_failed(value: str, told: str) -> None:
    with pytest.raises(FatalError) as raised:
        registry.adapter("painter", find=lambda: [point(value)])
    assert "vbmake-painter" in str(raised.value)
    assert told in str(raised.value)


def test_what_an_adapter_lacks_is_told_all_at_once() -> None:
    with pytest.raises(FatalError) as raised:
        registry.adapter("painter", find=lambda: [point("Lame")])
    for told in ("submit() is missing", "polled() is missing", "hosts is 'painter.example'", "sculpture", "idempotent"):
        assert told in str(raised.value)
    assert "check() is missing" not in str(raised.value)


def test_a_module_that_fails_while_it_is_imported_does_not_take_vbmake_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fallen_easel.py").write_text("raise RuntimeError('no canvas')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(FatalError, match="RuntimeError: no canvas"):
        registry.adapter("painter", find=lambda: [point("fallen_easel:Painter")])
    sys.modules.pop("fallen_easel", None)


def test_the_names_are_known_without_importing_anything() -> None:
    broken = point("no_such_module_of_painters:Painter")
    assert registry.services(find=lambda: [broken]) == ("elevenlabs", "fal", "openai", "painter", "replicate")
