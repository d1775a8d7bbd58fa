"""The E-model against values that were published, and against being fed what it does not model."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from drill.emodel import (
    G711,
    G711_PLC,
    G729A,
    Codec,
    LossPercent,
    OneWayMs,
    category,
    delay_impairment,
    equipment_impairment,
    estimate,
    opinion,
    rating,
)
from drill.timeline import Heard


def call(round_trip_s: float | None = 0.0, late_share: float = 0.0) -> Heard:
    """A call of a minute."""
    return Heard(
        0.0, 60.0, call="c", outcome="completed", greeting_s=0.4, underruns=0, silence_s=0.0,
        talk_over_s=0.0, jitter_s=0.0, late_share=late_share, round_trip_s=round_trip_s, id="load:1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("r", "mos"), [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)]
)
def test_the_opinion_score_is_the_published_one(r: float, mos: float) -> None:
    """G.107, annex B: R of all defaults, and the lower ends of the categories."""
    assert opinion(r) == pytest.approx(mos, abs=0.007)


@pytest.mark.parametrize("r", [-10.0, 0.0, 1.0, 5.0])
def test_nothing_is_worse_than_one(r: float) -> None:
    """The polynomial alone would fall below 1 just above 0."""
    assert opinion(r) == 1.0


def test_the_scale_ends_at_four_and_a_half() -> None:
    """From R = 100 on; and the curve rises all the way."""
    assert opinion(100.0) == opinion(120.0) == 4.5
    scores = [opinion(r / 10) for r in range(1001)]
    assert scores == sorted(scores)


@pytest.mark.parametrize(
    ("r", "name"),
    [(93.2, "best"), (90, "best"), (89.9, "high"), (80, "high"), (70, "medium"), (60, "low"), (50, "poor"),
     (49.9, "not recommended")],
)  # fmt: skip
def test_categories_are_those_of_g_109(r: float, name: str) -> None:
    """Table 1: the lower limit belongs to the category."""
    assert category(opinion(r)) == name


@pytest.mark.parametrize(
    ("one_way_ms", "r"), [(0, 93.2), (100, 93.2), (150, 93.0), (200, 90.2), (300, 78.4), (400, 69.1)]
)
def test_delay_costs_what_g_107_says(one_way_ms: float, r: float) -> None:
    """Nothing up to 100 ms, next to nothing at G.114's 150 ms, a category at 300 ms."""
    assert rating(OneWayMs(one_way_ms), LossPercent(0), G711) == pytest.approx(r, abs=0.05)


def test_delay_costs_more_and_more() -> None:
    """Without a jump where the formula sets in."""
    costs = [delay_impairment(OneWayMs(ms)) for ms in range(0, 1000, 10)]
    assert costs == sorted(costs)
    assert delay_impairment(OneWayMs(100.001)) < 1e-6


@pytest.mark.parametrize(
    ("codec", "loss", "mos"),
    [(G711_PLC, 1, 4.33), (G711_PLC, 3, 4.13), (G711_PLC, 5, 3.92), (G711, 1, 3.83), (G711, 3, 2.79),
     (G711, 5, 2.17)],
)  # fmt: skip
def test_loss_costs_what_g_113_says(codec: Codec, loss: float, mos: float) -> None:
    """With and without concealment."""
    assert opinion(rating(OneWayMs(0), LossPercent(loss), codec)) == pytest.approx(mos, abs=0.006)


def test_a_codec_costs_its_own_impairment_without_loss_and_95_with_nothing_else() -> None:
    """Both ends of Ie,eff, and half way where the loss equals the robustness."""
    assert equipment_impairment(LossPercent(0), G729A) == 11.0
    assert equipment_impairment(LossPercent(19), G729A) == pytest.approx((11 + 95) / 2)
    assert equipment_impairment(LossPercent(1e9), G711) == pytest.approx(95.0)


def test_a_call_is_estimated_by_half_its_round_trip_and_what_came_too_late() -> None:
    """600 ms there and back are 300 ms one way; 1 % too late is 1 % lost, nothing concealed."""
    slow, late = estimate(call(round_trip_s=0.6)), estimate(call(late_share=0.01))
    assert slow is not None
    assert late is not None
    assert (round(slow.r, 1), round(slow.mos, 2), category(slow.mos)) == (78.4, 3.96, "medium")
    assert (round(late.mos, 2), category(late.mos)) == (3.83, "medium")


def test_what_a_steady_line_brings_late_was_sent_late() -> None:
    """A voice that stalls in the agent is no matter of transport."""
    late = call(late_share=0.2)
    assert estimate(late) == estimate(dataclasses.replace(late, spread_s=0.05))
    assert estimate(dataclasses.replace(late, spread_s=0.004)) == estimate(call())


def test_without_a_round_trip_there_is_no_estimate() -> None:
    """Unknown is not zero."""
    assert estimate(call(round_trip_s=None)) is None


def test_the_only_way_in_is_what_a_whole_call_heard() -> None:
    """No turn, no latency: how long an agent thinks is no part of transport."""
    hints = inspect.get_annotations(estimate, eval_str=True)
    assert hints.pop("return")
    assert hints == {"heard": Heard}
    assert not any("turn" in name or "latency" in name for name in Heard.__slots__)
    waited = dataclasses.replace(call(), greeting_s=9.0, silence_s=5.0, talk_over_s=4.0, jitter_s=0.3)
    assert estimate(waited) == estimate(call())
