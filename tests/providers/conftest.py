"""The office that the tests of the engine share: a stand-in for every service, as new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.office import Office
from tests.providers.stand_in import StandIn

POLLS = 2  # how often a job is asked for before it is done


@pytest.fixture(scope="module")
def shared() -> Iterator[StandIn]:
    with StandIn(polls=POLLS) as server:
        yield server


@pytest.fixture
def office(shared: StandIn, tmp_path: Path) -> Iterator[Office]:
    office = Office(shared, tmp_path)
    yield office
    office.engine.close()
    shared.behave()
    shared.release()
    shared.polls, shared.fetches, shared.file_polls = POLLS, None, None
