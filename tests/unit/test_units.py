"""Durations and ratios: understood with a unit, refused without."""

import pytest

from drill.model.units import parse_duration_s, parse_ratio, seconds
from drill.model.verdicts import Status, worst


@pytest.mark.parametrize(("text", "value"), [("30s", 30), ("1500ms", 1.5), ("5 m", 300), ("1.5h", 5400)])
def test_durations_are_read_in_seconds(text: str, value: float) -> None:
    """Each unit is understood."""
    assert parse_duration_s(text) == value


@pytest.mark.parametrize("text", [30, "30", "s", "-3s", "3 weeks", None, ["3s"]])
def test_a_duration_without_a_known_unit_is_refused(text: object) -> None:
    """A number alone could be anything."""
    with pytest.raises(ValueError, match="such as 30s"):
        parse_duration_s(text)


@pytest.mark.parametrize(("text", "value"), [("5%", 0.05), ("99.5 %", 0.995), (0.1, 0.1)])
def test_ratios_are_read_as_fractions(text: object, value: float) -> None:
    """Per cent and fractions mean the same."""
    assert parse_ratio(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["120%", 5, True, "five", None])
def test_a_ratio_outside_its_range_is_refused(text: object) -> None:
    """More than everything is a mistake."""
    with pytest.raises(ValueError, match="such as 5%"):
        parse_ratio(text)


def test_seconds_are_said_with_their_unit() -> None:
    """Readers never see a bare number."""
    assert [seconds(v) for v in (0.25, 1.5, 30.04)] == ["250 ms", "1.50 s", "30.0 s"]


def test_nothing_judged_is_unknown() -> None:
    """An empty set of verdicts proves nothing."""
    assert worst([]) is Status.UNKNOWN
    assert worst([Status.PASS, Status.FAIL, Status.UNKNOWN]) is Status.FAIL
