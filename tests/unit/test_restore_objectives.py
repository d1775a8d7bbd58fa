"""Verdicts of a restore, from a history by hand: what is promised, what was lost, what is not known."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import histories as h
from drill.journal import merge
from drill.model import events as ev
from drill.model import restore_events as re
from drill.model.damages import DAMAGES, PERSON
from drill.model.plan import Plan, RestoreLimits
from drill.model.verdicts import Status, Verdict
from drill.objectives import exercised, restore
from drill.restore.exercise.afterwards import NOT_NAMED
from drill.timeline import fold

LIMITS = RestoreLimits(30.0, 15.0, 24.0, 20.0, rows=False, regions=True, controls="all", keep=2)
METHOD = {"type": "action", "provider": {"module": "drill.toolkit.actions", "func": "restore_backup"}}
UTC_S = 2_000_000.0
BEGUN_S, SERVED_S = 30.0, 34.0
POINTS = (("p1", UTC_S - 30), ("p2", UTC_S - 10))


def plan(**changes: Any) -> Plan:
    found = h.plan(recovery=None, breaker=None, calls=None, ehr_writes=None, turns=None,
                   restore=dataclasses.replace(LIMITS, **changes))  # fmt: skip
    return dataclasses.replace(found, experiment=json.dumps({"method": [METHOD]}))


def check(name: str, status: str = "PASS", covered: int = 10) -> re.ProofChecked:
    return re.ProofChecked(name, status, covered, 10, "rows", "Ten were compared.", "0", "0", "", (), 0.1)


def listing(when: str, points: tuple[tuple[str, float], ...], useless: int = 0) -> list[h.Entry]:
    at = 30.1 if when == "before" else 36.0
    seen = [re.PointSeen("main", when, name, ended - 2, ended, 31, whole=True) for name, ended in points]
    asked = re.PopulationListed("main", when, "list it", len(points), 9, useless, UTC_S)
    return [("restore", at, event) for event in (*seen, asked)]


def turn(call: str, seq: int, ack_s: float) -> list[h.Entry]:
    """A turn that was acknowledged then."""
    ended = ev.TurnEnded(call, seq, "chat", h.ns(ack_s - 1), h.ns(ack_s - 0.5), h.ns(ack_s), "full", "ok",
                         f"{call}-{seq}", "p", "d")  # fmt: skip
    return [("load", ack_s, ended)]


def told(*more: h.Entry, points: Any = POINTS, after: Any = POINTS, kept: Any = ("c-0", "c-1")) -> h.Entries:
    """A restore that goes well: two turns, both in the copy."""
    marks = [("restore", BEGUN_S + n, re.RestorePhase(name, "")) for n, name in
             enumerate(("fetched", "replayed", "connected", "verified", "served"))]  # fmt: skip
    turns = [("restore", 33.0, re.RestoredTurn(name, "c", int(name[-1]), "d", 0)) for name in kept]
    asked = ("replica.equal", "erasure.replayed", "points.held", "points.gone", "points.protected")
    checks = [("restore", 33.0, check(name)) for name in (*restore.PROOFS, *asked)]
    controls = [
        re.ControlRun(d.name, d.expects, "caught", "", (d.expects,), (d.expects,), 0.1)
        for d in (*DAMAGES, PERSON)
    ]
    return [
        ("load", 1.0, ev.CallStarted("c", "p", h.ns(1), ok=True, detail="")),
        *turn("c", 0, 10.0), *turn("c", 1, 20.0),
        ("restore", BEGUN_S, re.RestoreBegun("main", "latest", "the latest", h.ns(BEGUN_S), "apart", "all")),
        *listing("before", points),
        ("restore", 30.2, re.PointChosen("p2", "newest", 7, 2)),
        *marks, *turns, ("restore", 33.5, re.TurnsRestored(ok=True, turns=len(kept), detail="")),
        *checks, *(("restore", 35.0, each) for each in controls), *listing("after", after), *more,
        ("restore", 37.0, re.RestoreEnded()),
    ]  # fmt: skip


def judged(entries: h.Entries, **changes: Any) -> dict[str, Verdict]:
    found = plan(**changes)
    timeline = fold(merge(h.streams(entries)), found)
    groups = (
        restore.judge, restore.judge_regions, restore.judge_erasures, restore.judge_holds,
        restore.judge_protected, restore.judge_controls, exercised.judge,
    )  # fmt: skip
    return {verdict.objective: verdict for group in groups for verdict in group(found, timeline)}


def without(entries: h.Entries, *kinds: type) -> h.Entries:
    return [entry for entry in entries if not isinstance(entry[2], kinds)]


def red(found: dict[str, Verdict]) -> dict[str, str]:
    return {name: v.status.name for name, v in found.items() if v.status is not Status.PASS}


def test_a_restore_that_brings_all_back_passes() -> None:
    assert red(judged(told())) == {}


def test_no_restore_is_not_known_and_never_passes() -> None:
    found = judged(told()[:3])
    assert {v.status for v in found.values()} == {Status.UNKNOWN}


def test_the_recovery_time_runs_from_beginning_to_call() -> None:
    verdict = judged(told(), rto_s=3.9)["restore.rto"]
    assert (verdict.status, verdict.measured) == (Status.FAIL, "4.00 s")


def test_a_tail_within_the_limit_passes_and_is_told() -> None:
    verdict = judged(told(kept=("c-0",)))["restore.rpo"]
    assert (verdict.status, verdict.measured) == (Status.PASS, "1 turn, 10.0 s")
    assert "the copy lacks 1 turn of 1 call, the oldest 10.0 s before it; limit" in verdict.sentence


def test_where_nothing_is_missing_nothing_is_counted() -> None:
    assert "should come back, the copy lacks none; limit" in judged(told())["restore.rpo"].sentence


def test_a_tail_beyond_the_limit_fails() -> None:
    assert red(judged(told(kept=("c-0",)), rpo_s=9.9)) == {"restore.rpo": "FAIL"}


def test_a_hole_fails_whatever_the_limit() -> None:
    verdict = judged(told(kept=("c-1",)), rpo_s=9999.0)["restore.rpo"]
    assert verdict.status is Status.FAIL
    assert "before one that survives" in verdict.sentence


def test_acknowledgements_of_two_calls_are_not_in_the_logs_order_to_the_millisecond() -> None:
    """The other call's turn was acknowledged a moment later, and committed a moment before."""
    other = [("load", 1.0, ev.CallStarted("d", "p", h.ns(1), ok=True, detail="")), *turn("d", 2, 20.5),
             ("restore", 33.0, re.RestoredTurn("d-2", "d", 2, "d", 0))]  # fmt: skip
    assert judged(told(*other, kept=("c-0",)))["restore.rpo"].status is Status.PASS


def test_a_turn_that_nobody_spoke_fails() -> None:
    stranger = ("restore", 33.0, re.RestoredTurn("x", "x", 0, "d", 0))
    assert red(judged(told(stranger))) == {"restore.rpo": "FAIL"}


def test_what_was_acknowledged_after_the_moment_is_not_missed() -> None:
    assert judged(told(*turn("c", 2, 31.0)))["restore.rpo"].status is Status.PASS


def test_a_backup_that_is_too_old_fails() -> None:
    old = (("p1", UTC_S - 60), ("p2", UTC_S - 25))
    assert red(judged(told(points=old, after=old))) == {"restore.points": "FAIL"}


def test_a_window_that_is_too_short_fails() -> None:
    young = (("p1", UTC_S - 19), ("p2", UTC_S - 9))
    assert red(judged(told(points=young, after=young))) == {"restore.points": "FAIL"}


def test_a_point_let_go_early_fails() -> None:
    assert red(judged(told(after=POINTS[1:]))) == {"restore.retention": "FAIL"}


def test_a_point_let_go_in_its_time_passes() -> None:
    newer = (*POINTS[1:], ("p3", UTC_S))
    assert red(judged(told(after=newer))) == {}


def test_points_that_stay_for_ever_fail() -> None:
    many = tuple((f"p{n}", UTC_S - 30 + n) for n in range(4))
    assert red(judged(told(points=many, after=many)))["restore.retention"] == "FAIL"


def test_a_store_younger_than_its_policy_is_not_known() -> None:
    assert red(judged(told(), keep=3)) == {"restore.retention": "UNKNOWN"}


def holding(hold: str, *names: str) -> h.Entries:
    """Five points, of which these are on hold."""
    points = tuple((f"p{n}", UTC_S - 60 + 10 * n) for n in range(5))
    return [
        (stream, at, dataclasses.replace(event, hold=hold))
        if isinstance(event, re.PointSeen) and event.name in names
        else (stream, at, event)
        for stream, at, event in told(points=points, after=points)
    ]


def test_points_on_hold_are_none_that_have_to_go() -> None:
    verdict = judged(holding("full", "p0", "p1"))["restore.retention"]
    assert verdict.status is Status.PASS
    assert "2 of them on hold" in verdict.sentence


def test_a_point_that_is_held_alone_does_not_reach_back() -> None:
    """p2 does, which is 40 s old; p0 is a minute old."""
    assert judged(holding("standalone", "p0", "p1"), window_s=50.0)["restore.points"].status is Status.FAIL
    assert judged(holding("full", "p0", "p1"), window_s=50.0)["restore.points"].status is Status.PASS


def test_a_place_that_is_not_named_is_not_known_and_says_so() -> None:
    said = re.ProofChecked("points.protected", "UNKNOWN", 0, 0, "attempts", NOT_NAMED, "", "", "", (), 0.0)
    entries = [entry for entry in told() if getattr(entry[2], "name", "") != "points.protected"]
    verdict = judged([*entries, ("restore", 36.0, said)])["restore.points.protected"]
    assert verdict.status is Status.UNKNOWN
    assert "names no protected place" in verdict.sentence


def test_log_files_that_no_backup_needs_fail() -> None:
    entries = [e for e in told() if not isinstance(e[2], re.PointSeen | re.PopulationListed)]
    entries += listing("before", POINTS, useless=4) + listing("after", POINTS, useless=4)
    assert judged(entries)["restore.retention"].status is Status.FAIL


def test_a_proof_that_covered_less_than_all_does_not_pass_whatever_it_says() -> None:
    entries = [e for e in told() if getattr(e[2], "name", "") != "keys.foreign"]
    found = judged([*entries, ("restore", 33.0, check("keys.foreign", covered=9))])
    assert red(found) == {"restore.keys.foreign": "UNKNOWN"}


def test_a_red_proof_fails_and_a_missing_one_is_not_known() -> None:
    entries = [e for e in told() if getattr(e[2], "name", "") not in ("keys.foreign", "wal.target")]
    found = judged([*entries, ("restore", 33.0, check("keys.foreign", "FAIL"))])
    assert red(found) == {"restore.keys.foreign": "FAIL", "restore.wal.target": "UNKNOWN"}


def test_a_damage_that_no_check_saw_makes_the_controls_void() -> None:
    for outcome in ("missed", "void"):
        control = re.ControlRun("deleted-row", "rows.equal", outcome, "stayed green", (), (), 0.1)
        assert red(judged(told(("restore", 35.0, control)))) == {"restore.controls": "UNKNOWN"}


def test_a_damage_that_was_due_and_left_no_word_makes_the_controls_unknown() -> None:
    entries = [e for e in told() if getattr(e[2], "damage", "") not in ("stale-backup", "low-sequence")]
    found = judged(entries)
    assert red(found) == {"restore.controls": "UNKNOWN"}
    sentence = found["restore.controls"].sentence
    assert sentence == "2 damages of 14 that were due left no word: low-sequence and stale-backup."


def test_no_damage_planted_is_not_known() -> None:
    assert red(judged(without(told(), re.ControlRun))) == {"restore.controls": "UNKNOWN"}


def failing(fault: str) -> dict[str, Verdict]:
    entries = without(told(), re.RestorePhase, re.RestoredTurn, re.TurnsRestored, re.ProofChecked,
                      re.RestoreEnded, re.ControlRun)  # fmt: skip
    return judged([*entries, ("restore", 31.0, re.RestoreFailed("replay", fault, "it is torn"))])


def test_a_backup_that_cannot_be_restored_fails() -> None:
    found = failing("backup")
    wanted = ("restore.completed", "restore.rto", "restore.rpo")
    assert {found[name].status for name in wanted} == {Status.FAIL}
    assert found["integrity.fault"].status is Status.PASS
    assert "it is torn" in found["restore.completed"].sentence


def test_a_restore_past_its_deadline_fails() -> None:
    assert failing("deadline")["restore.completed"].status is Status.FAIL


def test_a_restore_that_we_could_not_try_is_not_known() -> None:
    found = failing("drill")
    assert {found[name].status for name in ("restore.completed", "restore.rto")} == {Status.UNKNOWN}
    assert found["integrity.fault"].status is Status.UNKNOWN


def test_a_copy_that_is_left_fails_the_drill_itself() -> None:
    entries = [e for e in told() if getattr(e[2], "name", "") != "copy.destroyed"]
    found = judged([*entries, ("restore", 36.0, check("copy.destroyed", "FAIL"))])
    assert red(found) == {"restore.copy.destroyed": "FAIL", "integrity.reverted": "FAIL"}
