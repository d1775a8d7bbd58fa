"""The read-back at the end of a run: wait for the outbox, then write down what is really there."""

from __future__ import annotations

import time

from drill.conduct.live import Live
from drill.journal import Journal
from drill.model.errors import WorldError
from drill.model.events import EhrRecord, ReadBackEnded
from drill.model.plan import Plan
from drill.model.target import Ehr, Store, Target
from drill.probes.readback import ehr_records, outbox_pending, stored_turns

AGAIN_AFTER_S = 0.5
AT_LEAST_S = 5.0
# A doubled write may follow the first; a short look-again after all are there catches it.
SETTLE_S = 1.5


def read_back(journal: Journal, plan: Plan, target: Target, run_id: str, live: Live) -> None:
    """Read the EHR and the store into the journal, each wholly or with the reason why not."""
    within_s = plan.objectives.ehr_writes.within_s if plan.objectives.ehr_writes else 0.0
    reverted = max(live.reverted.values(), default=0) / 1e9
    deadline = max(reverted + within_s, time.monotonic() + AT_LEAST_S)
    if target.ehr is not None:
        _await_delivery(target.ehr, target.store, run_id, live.notes, deadline)
        _read_ehr(journal, target.ehr, run_id)
    if target.store is not None:
        _read_store(journal, target.store, run_id)


def _await_delivery(ehr: Ehr, store: Store | None, run_id: str, notes: set[str], deadline: float) -> None:
    while time.monotonic() < deadline:
        try:
            there = {record.turn_id for record in ehr_records(ehr, run_id)}
            if notes <= there and (store is None or outbox_pending(store) == 0):
                time.sleep(SETTLE_S)
                return
        except WorldError:
            pass  # asked again until the deadline; the read-back proper then says why it fails
        time.sleep(AGAIN_AFTER_S)


def _read_ehr(journal: Journal, ehr: Ehr, run_id: str) -> None:
    try:
        records: list[EhrRecord] = ehr_records(ehr, run_id)
    except WorldError as error:
        journal.append(ReadBackEnded("ehr", ok=False, records=0, detail=str(error)), durable=True)
        return
    for record in records:
        journal.append(record)
    journal.append(ReadBackEnded("ehr", ok=True, records=len(records), detail=""), durable=True)


def _read_store(journal: Journal, store: Store, run_id: str) -> None:
    turns = 0
    try:
        for turn in stored_turns(store, run_id):
            journal.append(turn)
            turns += 1
    except WorldError as error:
        journal.append(ReadBackEnded("store", ok=False, records=turns, detail=str(error)), durable=True)
        return
    journal.append(ReadBackEnded("store", ok=True, records=turns, detail=""), durable=True)
