"""The machine: clocks are compared as far as whole seconds allow, ports and descriptors are really taken."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import shutil
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

from drill.conduct.guards import machine
from drill.conduct.guards.machine import clock, disk, least_offset_s, ports, shortest
from drill.model.guards import Guards
from drill.model.plan import LoadPlan
from histories import plan
from unit_targets import TARGET

NOW_S = 1_790_000_000.0


@pytest.mark.parametrize(
    ("ahead_s", "surely_s"), [(0.0, 0.0), (0.9, 0.0), (-0.9, 0.0), (5.0, 4.9), (-5.0, -4.0), (3600.0, 3599.9)]
)
def test_a_date_in_whole_seconds_is_a_clock_within_a_second(ahead_s: float, surely_s: float) -> None:
    """What it may be is not held against it; what it surely is, is."""
    told = formatdate(int(NOW_S + ahead_s), usegmt=True)
    assert least_offset_s(told, NOW_S, NOW_S + 0.1) == pytest.approx(surely_s, abs=1.0)
    assert (least_offset_s(told, NOW_S, NOW_S + 0.1) == 0) is (surely_s == 0)


def test_no_date_is_no_answer() -> None:
    """It raises, and the guard says no."""
    with pytest.raises((ValueError, TypeError)):
        least_offset_s("yesterday", NOW_S, NOW_S)


@pytest.mark.parametrize(("offset_s", "ok"), [(2.0, True), (-2.1, False), (3600.0, False)])
def test_clocks_that_are_surely_two_seconds_apart_are_too_far(
    monkeypatch: pytest.MonkeyPatch, offset_s: float, ok: bool
) -> None:
    """Of all zones the worst counts."""

    async def told(_session: object, zone: SimpleNamespace) -> float:
        return offset_s if zone.name == "b" else 0.0

    monkeypatch.setattr(machine, "_offset_s", told)
    zones = [SimpleNamespace(name=name) for name in "abc"]
    answer = asyncio.run(clock(zones))
    assert answer == (ok, f"at least a +0.0 s, b {offset_s:+.1f} s, c +0.0 s; limit 2 s")


@pytest.mark.parametrize(("free_mib", "ok"), [(256, True), (255, False)])
def test_a_disk_without_room_for_a_journal_says_no(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mib: int, ok: bool
) -> None:
    """At the limit there is room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=free_mib << 20))
    assert disk(tmp_path) == (ok, f"{free_mib} MiB are free, 256 are needed")


def test_descriptors_that_are_short_are_told_as_such() -> None:
    """With a limit below what the calls take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(120, hard), hard))
    try:
        ok, detail = ports(plan(load=LoadPlan("p.py", "e" * 64, 200, 60.0)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not ok
    assert "file descriptors are short" in detail
    assert ports(plan())[0]


def test_a_drill_longer_than_allowed_is_refused() -> None:
    """Ten minutes where five are allowed; at the limit is allowed."""
    five = dataclasses.replace(TARGET, guards=Guards(max_duration_s=300.0))
    assert shortest(five, 300.0)[0]
    ok, detail = shortest(five, 600.0)
    assert (ok, detail) == (False, "10.0 minutes at the most, limit 5.0")
