"""After recovery: read what the EHR and the store really hold of this run, record by record.

The EHR is read past the fault proxies. A read-back that is not whole says so in
`ReadBackEnded`; it never passes for an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import requests

from drill.model.errors import WorldError
from drill.model.events import EhrRecord, StoredTurn
from drill.model.target import Ehr, Store

TIMEOUT_S = 5.0
PAGES_MAX = 1000
RUN_TAG = "urn:drill:run"
TURN_IDENTIFIER = "urn:drill:turn"


def ehr_records(ehr: Ehr, run_id: str) -> list[EhrRecord]:
    """Every DocumentReference tagged with this run; WorldError when any page cannot be read."""
    url: str | None = f"{ehr.direct}/DocumentReference?_tag={RUN_TAG}|{run_id}&_count=200"
    records: list[EhrRecord] = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(PAGES_MAX):
            bundle = _page(session, url or "")
            records += _records(bundle)
            url = next(
                (link["url"] for link in bundle.get("link", []) if link.get("relation") == "next"), None
            )
            if url is None:
                return records
    raise WorldError(f"the EHR's answer did not end within {PAGES_MAX} pages")


def _page(session: requests.Session, url: str) -> dict[str, Any]:
    try:
        response = session.get(url, timeout=TIMEOUT_S)
        response.raise_for_status()
        bundle = response.json()
    except (requests.RequestException, ValueError) as error:
        raise WorldError(f"the EHR could not be read back: {type(error).__name__}") from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise WorldError("the EHR could not be read back: the answer is not a FHIR Bundle")
    return bundle


def _records(bundle: dict[str, Any]) -> Iterator[EhrRecord]:
    for entry in bundle.get("entry", []):
        resource = entry.get("resource", {})
        turn_ids = [i["value"] for i in resource.get("identifier", []) if i.get("system") == TURN_IDENTIFIER]
        yield EhrRecord(
            turn_id=turn_ids[0] if turn_ids else "",
            patient=_patient(resource),
            digest=str(resource.get("description", "")),
            resource=str(resource.get("id", "")),
        )


def _patient(resource: dict[str, Any]) -> str:
    subject = resource.get("subject", {})
    return str(
        subject.get("identifier", {}).get("value") or str(subject.get("reference", "")).rpartition("/")[2]
    )


def connect(store: Store) -> psycopg.Connection[tuple[Any, ...]]:
    """A read-only connection with deadlines; WorldError when there is none to be had."""
    extra = {"passfile": str(store.passfile)} if store.passfile else {}
    try:
        return psycopg.connect(
            store.dsn, connect_timeout=5, autocommit=True,
            options="-c statement_timeout=10000 -c default_transaction_read_only=on", **extra,
        )  # fmt: skip
    except psycopg.Error as error:
        raise WorldError(f"the store cannot be reached: {str(error).splitlines()[0]}") from error


def stored_turns(store: Store, run_id: str) -> list[StoredTurn]:
    """Every stored turn of this run; WorldError when the query fails."""
    with connect(store) as connection:
        try:
            rows = connection.execute(store.turns.encode(), {"run_id": run_id}).fetchall()
        except psycopg.Error as error:
            raise WorldError(f"the store could not be read back: {str(error).splitlines()[0]}") from error
    return [StoredTurn(str(turn_id), str(call), int(seq), str(digest)) for turn_id, call, seq, digest in rows]


def outbox_pending(store: Store) -> int:
    """EHR writes still waiting in the platform's outbox; 0 when the target names no such query."""
    if not store.outbox_pending:
        return 0
    with connect(store) as connection:
        try:
            row = connection.execute(store.outbox_pending.encode()).fetchone()
        except psycopg.Error as error:
            raise WorldError(f"the outbox could not be read: {str(error).splitlines()[0]}") from error
    return int(row[0]) if row else 0
