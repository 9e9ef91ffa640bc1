"""What generated assets cost: prices by model, estimates that hold what comes, and amounts as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from vbmake.providers.money import Estimate, Prices, add_up, told, told_range
from vbmake.providers.price import UNITS, table
from vbmake.providers.types import Generation
from vbmake.services import SERVICES, Kind

TEXT = "Two thousand years ago, ships found Alexandria by its light. "  # 61 characters, about 4 seconds


def asked(kind: Kind, service: str, model: str, prompt: str = TEXT, **more: Any) -> Generation:
    return Generation(kind, service, model, prompt, **more)


def priced(**row: Any) -> Prices:
    return Prices.load([{"service": "openai", "model": "mine", **row}])


def amounts(estimate: Estimate) -> tuple[Decimal, Decimal]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def test_every_price_of_the_table_has_a_date_a_source_and_a_service_that_is_known() -> None:
    seen = set()
    for price in table():
        assert price.unit in UNITS
        assert date.fromisoformat(price.date) >= date(2026, 1, 1)
        assert price.source.startswith("https://")
        assert price.service in SERVICES
        assert 0 < price.output[0] <= price.output[1]
        for model in price.models:
            assert (price.service, model) not in seen
            seen.add((price.service, model))


def test_a_character_costs_what_the_table_says() -> None:
    estimate = Prices.load().estimate(asked("speech", "openai", "tts-1", "x" * 1000))
    assert amounts(estimate) == (Decimal("0.015"), Decimal("0.015"))
    assert (estimate.unit, estimate.date) == ("character", "2026-10-21")
    assert estimate.source == "https://developers.openai.com/api/docs/pricing"


def test_a_price_that_hangs_on_the_plan_is_a_range_and_is_settled_at_its_upper_end() -> None:
    speech = asked("speech", "elevenlabs", "eleven_multilingual_v2", "x" * 1000)
    assert amounts(Prices.load().estimate(speech)) == (Decimal("0.1"), Decimal("0.18"))
    assert Prices.load().cost(speech, {"characters": 500}) == Decimal("0.09")


@pytest.mark.parametrize(
    ("model", "size", "quality", "low", "high"),
    [
        ("gpt-image-1", (1024, 1024), "low", "0.011", "0.011"),
        ("gpt-image-1", (1280, 720), "medium", "0.063", "0.063"),  # asked for as 1536x1024
        ("gpt-image-2", (1280, 720), "medium", "0.037", "0.053"),  # of neither figure's size
        ("gpt-image-2", (3840, 2160), "high", "0.401", "0.401"),
        ("gpt-image-2", (1024, 1024), "auto", "0.006", "0.211"),  # the service chooses
        ("gpt-image-2", (None, None), "low", "0.005", "0.012"),
        ("gpt-image-1.5-2025-12-16", (1024, 1024), "high", "0.133", "0.133"),
    ],
)
def test_an_image_costs_by_its_size_and_quality(
    model: str, size: tuple[int | None, int | None], quality: str, low: str, high: str
) -> None:
    image = asked("image", "openai", model, "A lighthouse", width=size[0], height=size[1], options={"quality": quality})
    found = amounts(Prices.load().estimate(image))
    words = Decimal("0.0006")  # the prompt is paid, too: at most 106 tokens
    assert Decimal(low) < found[0] < Decimal(low) + words
    assert Decimal(high) < found[1] < Decimal(high) + words


def test_an_image_without_the_vendors_figures_is_foreseen_from_its_area() -> None:
    def cost(side: int) -> tuple[Decimal, Decimal]:
        model = "gpt-image-2.5-flare"
        return amounts(Prices.load().estimate(asked("image", "openai", model, "", width=side, height=side)))

    assert Decimal("0.006") <= cost(1024)[0] < cost(1024)[1] < Decimal("0.22")
    assert cost(2048)[1] > 3 * cost(1024)[1]


def test_what_an_image_did_cost_are_its_tokens() -> None:
    image = asked("image", "openai", "gpt-image-2", width=1024, height=1024)
    usage = {"images": 1.0, "input_tokens": 20, "output_tokens": 1756}
    assert Prices.load().cost(image, usage) == Decimal("0.05278")


@pytest.mark.parametrize(
    "usage", [{}, {"images": 1.0}, {"output_tokens": -5}, {"output_tokens": float("nan")}, {"output_tokens": True}]
)
def test_what_the_service_does_not_tell_counts_at_the_estimates_upper_end(usage: Mapping[str, float]) -> None:
    prices = Prices.load()
    image = asked("image", "openai", "gpt-image-2", width=1024, height=1024)
    assert prices.cost(image, usage) == prices.estimate(image).high


def test_megapixels_are_charged_whole() -> None:
    def cost(width: int, height: int) -> Decimal | None:
        return Prices.load().estimate(asked("image", "fal", "fal-ai/flux/schnell", width=width, height=height)).high

    assert (cost(1280, 720), cost(1920, 1080)) == (Decimal("0.003"), Decimal("0.009"))


def test_several_images_cost_several_times_as_much() -> None:
    model = "black-forest-labs/flux-schnell"
    assert Prices.load().estimate(asked("image", "replicate", model, options={"num_outputs": 4})).high == Decimal(
        "0.012"
    )
    assert Prices.load().cost(asked("image", "replicate", model), {"images": 2}) == Decimal("0.006")


def test_a_clip_costs_its_seconds_at_its_resolution() -> None:
    def clip(**options: Any) -> tuple[Decimal, Decimal]:
        model = "fal-ai/wan/v2.7/image-to-video"
        return amounts(Prices.load().estimate(asked("clip", "fal", model, seconds=5.0, options=options)))

    assert clip(resolution="720p") == (Decimal("0.5"), Decimal("0.5"))
    assert clip() == (Decimal("0.5"), Decimal("0.75"))


def test_speech_that_is_paid_by_tokens_is_foreseen_from_its_text() -> None:
    low, high = amounts(Prices.load().estimate(asked("speech", "openai", "gpt-4o-mini-tts", TEXT * 10)))
    minute = Decimal("0.015")
    assert low < minute * 40 / 60 < high < minute * 70 / 60  # it lasts about 40 seconds
    slow = asked("speech", "openai", "gpt-4o-mini-tts", TEXT * 10, options={"speed": 0.5})
    assert amounts(Prices.load().estimate(slow))[1] > high * Decimal("1.9")


def test_a_character_of_chinese_counts_as_the_syllable_it_is() -> None:
    chinese = asked("words", "openai", "whisper-1", "灯塔" * 50)  # about 20 to 30 seconds
    low, high = amounts(Prices.load().estimate(chinese))
    assert low < Decimal("0.0025") < high


def test_word_times_cost_the_seconds_that_were_heard() -> None:
    words = asked("words", "openai", "whisper-1", TEXT)
    low, high = amounts(Prices.load().estimate(words))
    assert low < Decimal("0.0004") < high
    assert Prices.load().cost(words, {"seconds": 4.0}) == Decimal("0.0004")


def test_a_script_is_a_range_that_holds_what_thinking_models_write() -> None:
    prices = Prices.load()
    script = asked("script", "openai", "gpt-5-mini", TEXT, seconds=60.0, system="You write films.", schema={"a": 1})
    low, high = amounts(prices.estimate(script))
    cost = prices.cost(script, {"input_tokens": 900, "output_tokens": 3200})
    assert cost == Decimal("0.006625")
    assert low < cost < high < Decimal("0.05")
    capped = asked("script", "openai", "gpt-5-mini", seconds=60.0, options={"max_completion_tokens": 1000})
    assert amounts(prices.estimate(capped))[1] < Decimal("0.0021")


def test_a_model_that_no_table_knows_is_unpriced_and_never_free() -> None:
    estimate = Prices.load().estimate(asked("image", "replicate", "someone/something"))
    assert estimate == Estimate(None, None)
    assert str(estimate) == "unpriced"
    assert Prices.load().cost(asked("image", "replicate", "someone/something"), {"runs": 1}) is None


def test_a_pinned_version_has_the_price_of_its_model() -> None:
    model = "black-forest-labs/flux-schnell:" + "c" * 64
    assert Prices.load().estimate(asked("image", "replicate", model)).high == Decimal("0.003")


def test_a_service_is_asked_for_its_own_model_when_none_is_named() -> None:
    unnamed = asked("words", "openai", "", TEXT)
    assert Prices.load().estimate(unnamed) == Prices.load().estimate(asked("words", "openai", "whisper-1", TEXT))


def test_the_projects_own_price_goes_first() -> None:
    own = Prices.load([{"service": "openai", "model": "tts-1", "unit": "character", "price": 20, "per": 1_000_000}])
    estimate = own.estimate(asked("speech", "openai", "tts-1", "x" * 1000))
    assert (estimate.high, estimate.source) == (Decimal("0.02"), "the project")
    assert own.estimate(asked("speech", "openai", "tts-1-hd", "x" * 1000)).high == Decimal("0.03")


def test_a_name_goes_before_a_pattern_and_a_closer_pattern_before_a_wider_one() -> None:
    rows = [
        {"service": "*", "model": "*", "unit": "run", "price": 1},
        {"service": "fal", "model": "fal-ai/*", "unit": "run", "price": 2},
        {"service": "fal", "model": "fal-ai/x*", "unit": "run", "price": 3},
        {"service": "fal", "model": "fal-ai/xy", "unit": "run", "price": 4},
    ]
    found = [
        Prices.load(rows).estimate(asked("clip", "fal", model)).high
        for model in ("a", "fal-ai/a", "fal-ai/xa", "fal-ai/xy")
    ]
    assert found == [Decimal(1), Decimal(2), Decimal(3), Decimal(4)]


def test_a_server_of_ones_own_may_be_declared_free() -> None:
    own = priced(unit="run", price=0)
    assert amounts(own.estimate(asked("speech", "openai", "mine"))) == (Decimal(0), Decimal(0))
    assert own.cost(asked("speech", "openai", "mine"), {}) == 0


def test_tokens_may_have_one_price_or_two() -> None:
    script = asked("script", "openai", "mine")
    usage = {"input_tokens": 1000, "output_tokens": 2000}
    million = {"unit": "token", "per": 1_000_000}
    assert priced(**million, price="3.0").cost(script, usage) == Decimal("0.009")
    assert priced(**million, input=1, output=4).cost(script, usage) == Decimal("0.009")
    rows = [
        {"service": "openai", "model": "mine", "unit": "input_token", "price": 1, "per": 1_000_000},
        {"service": "openai", "model": "mine", "unit": "output_token", "price": 4, "per": 1_000_000},
    ]
    assert Prices.load(rows).cost(script, usage) == Decimal("0.009")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("free", "prices[0]: a price has a service"),
        ({"model": "m", "unit": "run", "price": 1}, "prices[0].service: a name or a pattern"),
        ({"service": "s", "model": 3, "unit": "run", "price": 1}, "prices[0].model: a name or a pattern such as"),
        ({"service": "s", "model": "m", "unit": "pixel", "price": 1}, "prices[0].unit: one of token, character, image"),
        ({"service": "s", "model": "m", "unit": "run"}, "prices[0]: runs need a price; price is missing"),
        (
            {"service": "s", "model": "m", "unit": "token", "input": 1},
            "prices[0]: tokens need a price, or one for input",
        ),
        ({"service": "s", "model": "m", "unit": "run", "price": -1}, "prices[0].price: a number of 0 or more"),
        ({"service": "s", "model": "m", "unit": "run", "price": "cheap"}, 'found "cheap"'),
        ({"service": "s", "model": "m", "unit": "run", "price": float("inf")}, "prices[0].price"),
        ({"service": "s", "model": "m", "unit": "run", "price": 10**5000}, "prices[0].price"),
        ({"service": "s", "model": "m", "unit": "run", "price": True}, "prices[0].price"),
        (
            {"service": "s", "model": "m", "unit": "run", "price": 1, "per": 0},
            "prices[0].per: a number of units above 0",
        ),
        ({"service": "s", "model": "m", "unit": "run", "price": 1, "input": 1}, "prices[0].input: only tokens have it"),
        (
            {"service": "s", "model": "m", "unit": "run", "cost": 1},
            "prices[0].cost: there is no such key; allowed: service",
        ),
        ({"service": "s", "model": "m", "unit": "input_token", "price": 1}, "none for an output_token"),
    ],
)
def test_a_wrong_price_is_told_with_its_row_and_what_is_allowed(row: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r"^prices\[0\]") as caught:
        Prices.load([row])
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


def test_prices_that_are_no_list_are_told() -> None:
    with pytest.raises(ValueError, match="a list is needed"):
        Prices.load({"service": "openai"})  # type: ignore[arg-type]  # what a careless file may say


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0 USD"),
        ("0.04", "0.04 USD"),
        ("0.042", "0.042 USD"),
        ("0.0031", "0.0031 USD"),
        ("0.00000049", "0.00000049 USD"),
        ("0.167", "0.17 USD"),
        ("0.0996", "0.10 USD"),
        ("12.5", "12.50 USD"),
        ("1E+3", "1000.00 USD"),
    ],
)
def test_amounts_are_told_in_digits_that_count(amount: str, text: str) -> None:
    assert told(Decimal(amount)) == text


def test_a_range_is_told_once_where_both_ends_read_alike() -> None:
    assert told_range(Decimal("0.02"), Decimal("0.08")) == "0.02-0.08 USD"
    assert told_range(Decimal("1.001"), Decimal("1.002")) == "1.00 USD"
    assert told_range(None, None) == "unpriced"


def test_a_sum_leaves_out_what_has_no_price() -> None:
    some = [Estimate(Decimal(1), Decimal(2)), Estimate(None, None), Estimate(Decimal(3), Decimal(5))]
    assert amounts(add_up(some)) == (Decimal(4), Decimal(7))
    assert add_up([Estimate(None, None)]) == add_up([]) == Estimate(None, None)
