"""All benchmarks, or those named; each prints its figure beside its limit and the ratio of the two."""

from __future__ import annotations

import sys

from benchmarks import core, drills, evidence, ledger, zones

ALL = {
    "journal": core.journal_append,
    "judge": core.judge_and_render,
    "ledger": ledger.compare_ledger,
    "million": evidence.a_million_events,
    "tamper": evidence.tampered,
    "sandbox": drills.sandbox_start,
    "drill": drills.drill_wall,
    "ttr": drills.ttr_against_truth,
    "zones": zones.zones_in_a_row,
}

for name in sys.argv[1:] or ALL:
    ALL[name]()
