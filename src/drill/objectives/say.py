"""Verdicts in the same words everywhere: bounded citations, numbers with their units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from drill.model.units import seconds
from drill.model.verdicts import Status, Verdict

CITED_MAX = 12


def cited(ids: Iterable[str]) -> tuple[str, ...]:
    """The first dozen different ids."""
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))[:CITED_MAX]


def passed(
    objective: str, sentence: str, *, measured: str = "", limit: str = "", because: Iterable[str] = ()
) -> Verdict:
    """The promise was kept."""
    return Verdict(objective, Status.PASS, sentence, measured, limit, cited(because))


def unknown(
    objective: str, sentence: str, *, measured: str = "", limit: str = "", because: Iterable[str] = ()
) -> Verdict:
    """There is no proof either way."""
    return Verdict(objective, Status.UNKNOWN, sentence, measured, limit, cited(because))


def failed(
    objective: str, sentence: str, *, measured: str = "", limit: str = "", because: Iterable[str] = ()
) -> Verdict:
    """The promise was broken."""
    return Verdict(objective, Status.FAIL, sentence, measured, limit, cited(because))


def held(
    ok: bool, objective: str, sentence: str, *, measured: str, limit: str, because: Iterable[str] = ()
) -> Verdict:
    """PASS or FAIL by a comparison that has been made."""
    say = passed if ok else failed
    return say(objective, sentence, measured=measured, limit=limit, because=because)


def told(value_s: float) -> str:
    """A waiting time; the one without end is called so."""
    return "no answer" if math.isinf(value_s) else seconds(value_s)


def percent(share: float) -> str:
    """A share for a reader."""
    return f"{share * 100:.1f} %"


def count(number: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def zones(names: Sequence[str]) -> str:
    """`zone a`, `zones a and b`."""
    return f"{'zone' if len(names) == 1 else 'zones'} {listed(names)}"
