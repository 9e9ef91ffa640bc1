"""An engine that asks a described service, and what the server thinks of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tests.providers.office import JOB, Clock
from tests.providers.openapi import Described
from vbmake.providers.engine import Engine, Made
from vbmake.providers.types import Account, Generation
from vbmake.services import SERVICES


def made(server: Described, directory: Path, generation: Generation) -> Made:
    """Have it made by the service; the server must have found nothing wrong."""
    clock = Clock()
    engine = Engine(directory / "generations", environ=server.environ(), clock=clock, sleep=clock.sleep)
    account = Account(server.service, server.service, server.url, key=SERVICES[server.service].key)
    try:
        return engine.generate("ab" * 32, dataclasses.replace(generation, service=server.service), account, job=JOB)
    finally:
        engine.close()
        assert not server.refused, server.refused
