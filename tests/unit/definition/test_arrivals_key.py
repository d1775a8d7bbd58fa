"""Times of day in a drill file: a known name, and the one that the load profile stands for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drill.definition import load_drill
from drill.traffic import PROFILES

Refused = Callable[..., list[str]]


def test_a_time_of_day_that_is_none_is_refused(refused: Refused) -> None:
    """With all that are."""
    (mistake,) = refused(("mean_call: 60s", "mean_call: 60s\n  arrivals: noon"))
    assert mistake == (
        "drill.yaml:13: load.arrivals: 'noon' is not a known time of day; "
        "write flat or clinic-morning or flu-season-peak or quiet-night"
    )


def test_arrivals_are_flat_unless_told(folder: Path) -> None:
    """A time of day is the load's, by name."""
    assert load_drill(Path("drill.yaml")).load.arrivals == "flat"
    text = (folder / "drill.yaml").read_text()
    (folder / "drill.yaml").write_text(
        text.replace("mean_call: 60s", "mean_call: 60s\n  arrivals: quiet-night")
    )
    assert load_drill(Path("drill.yaml")).load.arrivals == "quiet-night"


@pytest.mark.parametrize(
    ("arrivals", "line"), [("", 10), ("arrivals: flat", 13), ("arrivals: clinic-morning", 13)]
)
def test_a_profile_of_a_time_of_day_is_not_run_as_another(
    refused: Refused, folder: Path, arrivals: str, line: int
) -> None:
    """The load would refuse it, minutes later; without a word of arrivals the profile's line is named."""
    (folder / "calls.py").write_text("class Night(Shape):\n    seconds = 1\n    arrivals = 'quiet-night'\n")
    (mistake,) = refused(("mean_call: 60s", f"mean_call: 60s\n  {arrivals}"))
    asked = arrivals.partition(": ")[2] or "flat"
    assert mistake == (
        f"drill.yaml:{line}: arrivals: {asked!r} is asked of a load profile whose own are 'quiet-night'; "
        "write arrivals: quiet-night"
    )


def test_the_shipped_profiles_of_a_day_stand_for_it(folder: Path) -> None:
    """Each by its own name, and no other."""
    shipped = Path(__file__).parents[3] / "loadprofiles"
    text = (folder / "drill.yaml").read_text()
    for name in PROFILES:
        if name == "flat":
            continue
        (folder / "calls.py").write_bytes((shipped / f"{name.replace('-', '_')}.py").read_bytes())
        (folder / "drill.yaml").write_text(
            text.replace("mean_call: 60s", f"mean_call: 60s\n  arrivals: {name}")
        )
        assert load_drill(Path("drill.yaml")).load.arrivals == name
