"""What a target file says of guards is read whole; in production nothing of it may be missing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from drill.model.errors import DefinitionError
from drill.model.guards import Approver, BlastLimits, Calendar, Freeze, Guards, Hours, RealCalls
from drill.target import load_target

KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
BASE = """\
[target.t]
environment = "{environment}"
edge = "ws://localhost/media"
[[target.t.zones]]
name = "a"
health = "http://localhost/health"
metrics = "http://localhost/metrics"
"""
ALL = f"""\
[target.t.guards]
time_zone = "Europe/Berlin"
hours = ["mon-fri 09:00-16:00"]
max_duration = "20m"
[target.t.guards.blast_radius]
zones = 1
capacity = "34%"
calls = 40
[target.t.guards.real_calls]
metric = "agent_real_calls"
max = 0
[[target.t.guards.freezes]]
begin = "2026-12-18T00:00"
end = "2027-01-04T08:00"
why = "end of year"
[[target.t.guards.approvers]]
name = "carol"
key = "{KEY}"
"""


def read(folder: Path, text: str, environment: str = "production") -> Guards:
    path = folder / "drill.toml"
    path.write_text(BASE.format(environment=environment) + text, encoding="utf-8")
    return load_target(path).guards


def mistakes(folder: Path, text: str, environment: str = "production") -> list[str]:
    with pytest.raises(DefinitionError) as error:
        read(folder, text, environment)
    return [each.partition("drill.toml:")[2] for each in error.value.mistakes]


def test_all_of_it_is_read(tmp_path: Path) -> None:
    """Every key."""
    freeze = Freeze(datetime(2026, 12, 18), datetime(2027, 1, 4, 8), "end of year")  # noqa: DTZ001  # local times
    hours = Hours((0, 1, 2, 3, 4), 9 * 60, 16 * 60)
    assert read(tmp_path, ALL) == Guards(
        (Approver("carol", KEY),), Calendar("Europe/Berlin", (hours,), (freeze,)),
        BlastLimits(1, 0.34, 40), RealCalls("agent_real_calls", 0), 1200.0,
    )  # fmt: skip


def test_none_of_it_is_the_default_elsewhere(tmp_path: Path) -> None:
    """A sandbox has no patients."""
    assert read(tmp_path, "", "staging") == Guards()


def test_production_lacks_everything_at_once(tmp_path: Path) -> None:
    """At the line that says production."""
    found = mistakes(tmp_path, "")
    assert [each.partition(";")[0] for each in found] == [
        f"2: production needs guards.{name}"
        for name in ("approvers", "hours", "max_duration", "blast_radius", "real_calls")
    ]


def test_lists_that_are_empty_are_lacking_too(tmp_path: Path) -> None:
    """With the line of the list."""
    assert "10: guards.hours is empty, and production needs it" in mistakes(
        tmp_path, ALL.replace('["mon-fri 09:00-16:00"]', "[]")
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Europe/Berlin", "Europe/Berln", "is no time zone that this machine knows"),
        ("mon-fri 09:00-16:00", "weekdays", "mon-fri 09:00-17:00"),
        ("2027-01-04T08:00", "2026-12-01T08:00", "the freeze ends at or before its begin"),
        ("2027-01-04T08:00", "2027-02-30T08:00", "is no moment"),
        (KEY, KEY[:-2], "is not a public key"),
        ("agent_real_calls", "agent real calls", "is not a metric"),
        ("zones = 1", "zones = 0", "count of at least one"),
        ('max_duration = "20m"', "max_duration = 20", "is not a duration"),
    ],
)
def test_each_mistake_has_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    """One mistake, one message."""
    line = next(n for n, text in enumerate((BASE + ALL).splitlines(), start=1) if old in text)
    (found,) = mistakes(tmp_path, ALL.replace(old, new), "staging")
    assert found.startswith(f"{line}: ")
    assert words in found


def test_nobody_approves_under_two_names(tmp_path: Path) -> None:
    """One key twice, in two spellings of one name: both are told."""
    twice = f'{ALL}[[target.t.guards.approvers]]\nname = "Carol"\nkey = "{KEY}"\n'
    found = mistakes(tmp_path, twice)
    assert len(found) == 2
    assert all("is there already" in each for each in found)
