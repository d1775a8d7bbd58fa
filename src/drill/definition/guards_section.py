"""The guards of a target: what contradicts itself, and the values inside."""

from __future__ import annotations

from drill.definition.reader import Reader, Section
from drill.model.guards import (
    MAX_DURATION_S,
    Approver,
    BlastLimits,
    Calendar,
    Freeze,
    Guards,
    RealCalls,
)

# In production nothing is left to a default.
_NEEDED = ("approvers", "hours", "max_duration", "blast_radius", "real_calls")


def check_guards(reader: Reader, target: Section) -> None:
    """Note what production lacks, freezes that end before they begin, and people or keys that stand twice."""
    guards = target.section("guards")
    if target.get("environment") == "production":
        for name in _NEEDED:
            if name not in guards.lines:
                line = target.line_of("guards" if target.get("guards") else "environment")
                reader.mistake(line, f"production needs guards.{name}; see docs/safety.md")
            elif guards.get(name) == []:
                reader.mistake(guards.line_of(name), f"guards.{name} is empty, and production needs it")
    for freeze in guards.get("freezes", ()):
        begin, end = freeze.get("begin"), freeze.get("end")
        if begin is not None and end is not None and end <= begin:
            reader.mistake(
                freeze.line_of("end"), f"the freeze ends at or before its begin {begin:%Y-%m-%dT%H:%M}"
            )
    for key in ("name", "key"):
        _twice(reader, guards, key)


def _twice(reader: Reader, guards: Section, key: str) -> None:
    seen: dict[str, int] = {}
    for approver in guards.get("approvers", ()):
        value, line = approver.get(key), approver.line_of(key)
        if value is not None and seen.setdefault(value.casefold(), line) != line:
            reader.mistake(
                line, f"approver's {key} {value!r} is there already; give everybody one of their own"
            )


def guards_of(section: Section | None) -> Guards:
    """The values of a table without mistakes."""
    if section is None:
        return Guards()
    blast, calls = section.get("blast_radius"), section.get("real_calls")
    return Guards(
        approvers=tuple(Approver(each.get("name"), each.get("key")) for each in section.get("approvers", ())),
        calendar=Calendar(
            section.get("time_zone", "UTC"),
            tuple(section.get("hours", ())),
            tuple(
                Freeze(each.get("begin"), each.get("end"), each.get("why"))
                for each in section.get("freezes", ())
            ),
        ),
        blast=BlastLimits(blast.get("zones"), blast.get("capacity"), blast.get("calls")) if blast else None,
        real_calls=RealCalls(calls.get("metric"), calls.get("max")) if calls else None,
        max_duration_s=section.get("max_duration", MAX_DURATION_S),
    )
