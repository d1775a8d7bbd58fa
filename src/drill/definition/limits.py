"""Limits that contradict each other, or the phases: such a drill could only pass by accident or never.

Better refused at the desk than found out after two minutes of outage.
"""

from __future__ import annotations

from drill.definition.reader import Reader, Section
from drill.definition.voice import check_voice
from drill.model.units import seconds


def check_limits(reader: Reader, drill: Section) -> None:
    """Note each contradiction in a drill file, at the line of the limit that cannot be."""
    phases, objectives = drill.section("phases"), drill.section("objectives")
    fault_s, recovery_s = phases.get("fault"), phases.get("recovery")
    recovery, breaker = objectives.section("recovery"), objectives.section("breaker")
    _shares(reader, recovery)
    _window(reader, recovery, fault_s, recovery_s)
    _fits(reader, recovery, "recovery.sustained", recovery_s, "recovery")
    _fits(reader, breaker, "breaker.opens_within", fault_s, "fault")
    _fits(reader, breaker, "breaker.closes_within", recovery_s, "recovery")
    _fits(reader, objectives.section("ehr_writes"), "ehr_writes.within", recovery_s, "recovery")
    _of_zones(reader, objectives, fault_s, recovery_s)
    _tripwires(reader, drill.section("abort_when"), objectives)
    check_voice(reader, drill)


def _tripwires(reader: Reader, wires: Section, objectives: Section) -> None:
    """A wire that is pulled before its objective is missed would turn every FAIL into an UNKNOWN."""
    recovery, calls = objectives.section("recovery"), objectives.section("calls")
    for wire, section, limit in (
        ("breach_share", recovery, "breach_share"),
        ("breached_call_seconds", recovery, "breached_call_seconds"),
        ("dropped", calls, "dropped_max"),
    ):
        drawn, asked = wires.get(wire), section.get(limit)
        if drawn is not None and asked is not None and drawn <= asked:
            reader.mistake(
                wires.line_of(wire),
                f"abort_when.{wire} {drawn:g} stops the drill before its own limit {limit} {asked:g} can be "
                "missed; write a higher one",
            )
    if wires.get("breach_for") is not None and wires.get("breach_share") is None:
        reader.mistake(
            wires.line_of("breach_for"), "abort_when.breach_for needs breach_share; write both, or neither"
        )


def _of_zones(reader: Reader, objectives: Section, fault_s: float | None, recovery_s: float | None) -> None:
    """A survivor's deed has to be seen before the revert undoes the loss, the return before the end."""
    failover = objectives.section("failover")
    _fits(reader, failover, "failover.detected_within", fault_s, "fault")
    _fits(reader, failover, "failover.primary_within", fault_s, "fault")
    _fits(reader, failover, "failover.zone_back_within", recovery_s, "recovery")
    _fits(reader, failover, "failover.redundancy_within", recovery_s, "recovery")
    _fits(reader, objectives.section("in_flight"), "in_flight.resumed_within", recovery_s, "recovery")
    _fits(reader, objectives.section("in_flight"), "in_flight.silence", recovery_s, "recovery")
    _fits(reader, objectives.section("remediation"), "remediation.restarted_within", recovery_s, "recovery")
    if objectives.get("failover") and not objectives.get("recovery"):
        reader.mistake(
            objectives.line_of("failover"),
            "failover.mttr is the recovery of callers, for which this drill does not ask; add recovery",
        )


def _shares(reader: Reader, recovery: Section) -> None:
    breach, back = recovery.get("breach_share"), recovery.get("back_share")
    if breach is not None and back is not None and back > breach:
        reader.mistake(
            recovery.line_of("back_share"),
            f"recovery.back_share {back:.2%} is above breach_share {breach:.2%}: callers could suffer and be "
            f"recovered at once; write {breach:.2%} or less",
        )


def _window(reader: Reader, recovery: Section, fault_s: float | None, recovery_s: float | None) -> None:
    within_s, sustained_s = recovery.get("within"), recovery.get("sustained", 0.0)
    if within_s is None or fault_s is None or recovery_s is None or sustained_s > recovery_s:
        return
    if within_s + sustained_s > fault_s + recovery_s:
        reader.mistake(
            recovery.line_of("within"),
            f"recovery.within {seconds(within_s)} and {seconds(sustained_s)} sustained after it outlast the "
            f"fault and recovery phases ({seconds(fault_s + recovery_s)} together): the limit could not be "
            "seen to hold; write a shorter limit or a longer recovery phase",
        )


def _fits(reader: Reader, section: Section, limit: str, phase_s: float | None, phase: str) -> None:
    name = limit.partition(".")[2]
    value_s = section.get(name)
    if value_s is not None and phase_s is not None and value_s > phase_s:
        reader.mistake(
            section.line_of(name),
            f"{limit} {seconds(value_s)} is longer than the {phase} phase ({seconds(phase_s)}): nobody would "
            "be looking any more; write a shorter limit or a longer phase",
        )
