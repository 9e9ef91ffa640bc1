"""`doit costs`: what was spent, by job, provider and run, against the budget that the project declares."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from doit.exceptions import InvalidCommand

from vbmake.doit_plugin.cmd_costs import Costs
from vbmake.doit_plugin.loader import VideoLoader
from vbmake.providers.book import COSTS
from vbmake.providers.ledger import Ledger
from vbmake.providers.money import Prices
from vbmake.providers.types import Generation

FILM = "vbmake: 1\ntitle: Red\nscenes: [{duration: 1s}]\n"
PRICES = Prices.load([{"service": "fal", "model": "cent", "unit": "run", "price": "0.01"}])


@dataclass
class Project:
    root: Path
    capsys: pytest.CaptureFixture[str]

    def declare(self, more: str = "") -> None:
        (self.root / "video.yaml").write_text(FILM + more)

    def ledger(self, run: str, hour: int = 12) -> Ledger:
        return Ledger(self.root / COSTS, PRICES, None, run, clock=lambda: datetime(2026, 11, 22, hour, tzinfo=UTC))

    def costs(self, *args: str) -> str:
        self.capsys.readouterr()
        assert not Costs(task_loader=VideoLoader(self.root)).parse_execute(list(args))
        return self.capsys.readouterr().out

    def json(self, *args: str) -> dict[str, Any]:
        found = json.loads(self.costs("--json", *args))
        assert isinstance(found, dict)
        return found


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    made = Project(tmp_path, capsys)
    made.declare()
    return made


def spend(ledger: Ledger, job: str, service: str = "openai", model: str = "tts-1", text: int = 1000) -> None:
    voice = Generation("speech", service, model, "x" * text)
    ledger.reserve(f"key of {job}", job, voice)
    ledger.settle(f"key of {job}", voice, {})


@pytest.fixture
def spent(project: Project) -> Project:
    """Two runs: in the first, two voices; in the second, a clip, one that got no answer, one that is under way."""
    first, second = project.ledger("one", 12), project.ledger("two", 15)
    spend(first, "voice:harbour", text=2000)
    spend(first, "voice:sea")
    spend(second, "clip:sea", "fal", "cent")
    clip = Generation("clip", "fal", "cent", "The sea")
    second.reserve("k1", "clip:storm", clip)
    second.keep("k1")
    second.reserve("k2", "clip:calm", clip)
    second.reserve("k3", "clip:wreck", clip)
    second.release("k3")
    return project


def test_what_was_spent_is_told_by_job_provider_and_run(spent: Project) -> None:
    assert spent.costs().splitlines() == [
        "spent     0.055 USD",
        "reserved  0.01 USD (1 request under way, or cut off; the next build goes on with it)",
        "unknown   0.01 USD (1 request asked for, and no answer came; it may have been charged)",
        "",
        "jobs",
        "  voice:harbour  openai tts-1  0.03 USD",
        "  voice:sea      openai tts-1  0.015 USD",
        "  clip:sea       fal cent      0.01 USD",
        "  clip:calm      fal cent      up to 0.01 USD open",
        "  clip:storm     fal cent      up to 0.01 USD open",
        "",
        "providers",
        "  openai  2 requests  0.045 USD",
        "  fal     3 requests  0.01 USD, up to 0.02 USD open",
        "",
        "runs",
        "  2026-11-22 12:00  2 requests  0.045 USD",
        "  2026-11-22 15:00  3 requests  0.01 USD, up to 0.02 USD open",
    ]


def test_tools_read_exact_amounts(spent: Project) -> None:
    report = spent.json()
    assert {name: report[name] for name in ("currency", "spent", "reserved", "unknown", "unpriced", "budget")} == {
        "currency": "USD",
        "spent": "0.055",
        "reserved": "0.01",
        "unknown": "0.01",
        "unpriced": 0,
        "budget": None,
    }
    assert report["jobs"][0] == {
        "job": "voice:harbour",
        "service": "openai",
        "model": "tts-1",
        "requests": 1,
        "spent": "0.03",
        "pending": "0",
        "unpriced": 0,
    }
    assert [(one["service"], one["spent"], one["pending"]) for one in report["providers"]] == [
        ("openai", "0.045", "0"),
        ("fal", "0.01", "0.02"),
    ]
    assert [(one["run"], one["time"][:13], one["requests"]) for one in report["runs"]] == [
        ("one", "2026-11-22T12", 2),
        ("two", "2026-11-22T15", 3),
    ]
    assert report["problems"] == []


def test_the_budget_is_shown_beside_what_was_spent(spent: Project) -> None:
    spent.declare("budget: {total: 5 USD, run: 1 USD}\n")
    assert spent.costs().startswith("spent     0.055 USD of 5.00 USD\n")
    assert spent.costs("--run").startswith("spent     0.01 USD of 1.00 USD\n")
    assert spent.json()["budget"] == {"total": "5", "run": "1", "confirm": None, "unpriced": "refuse"}


def test_the_last_run_may_be_shown_alone(spent: Project) -> None:
    told = spent.costs("--run")
    assert "voice" not in told
    assert "runs" not in told
    assert [one["run"] for one in spent.json("--run")["runs"]] == ["two"]


def test_models_without_a_price_are_counted_and_not_added_up(project: Project) -> None:
    spend(project.ledger("one"), "music:sea", "replicate", "someone/else")
    told = project.costs()
    assert told.startswith(
        "spent     0 USD\nunpriced  1 request of models whose price is not known; `prices:` can say it"
    )
    assert "  music:sea  replicate someone/else  1 unpriced\n" in told
    assert project.json()["unpriced"] == 1


def test_where_nothing_was_asked_for_nothing_was_spent(project: Project) -> None:
    assert project.costs() == "nothing was spent\n"
    project.declare("budget: 5 USD\n")
    assert project.costs("--run") == "nothing was spent\n"
    assert project.costs() == "nothing was spent of 5.00 USD\n"
    assert project.json()["runs"] == []


def test_a_line_that_cannot_be_read_is_told(spent: Project) -> None:
    with (spent.root / COSTS).open("a") as stream:
        stream.write("rubbish\n")
    assert Costs(task_loader=VideoLoader(spent.root)).parse_execute([]) == 0
    captured = spent.capsys.readouterr()
    assert "costs.jsonl:12: this line cannot be read" in captured.err
    assert captured.out.startswith("spent     0.055 USD\n")
    assert len(spent.json()["problems"]) == 1


def test_costs_are_shown_even_where_the_declaration_is_wrong(spent: Project) -> None:
    spent.declare("scens: []\n")
    assert Costs(task_loader=VideoLoader(spent.root)).parse_execute([]) == 0
    captured = spent.capsys.readouterr()
    assert captured.out.startswith("spent     0.055 USD\n")
    assert "scens" in captured.err
    assert "the costs are shown without the budget" in captured.err


def test_words_are_refused(project: Project) -> None:
    with pytest.raises(InvalidCommand, match="costs takes no words"):
        project.costs("harbour")
