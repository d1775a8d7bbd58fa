"""After recovery: read what the EHR and the store really hold of this run, record by record.

The EHR is read past the fault proxies. A read-back that is not whole says so in
`ReadBackEnded`; it never passes for an empty one.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import requests
from psycopg.conninfo import conninfo_to_dict

from drill.model.errors import WorldError
from drill.model.events import EhrRecord, StoredTurn
from drill.model.target import Ehr, Store

TIMEOUT_S = 5.0
CONNECT_WITHIN_S = 9
CONNECT_LEAST_S = 2  # psycopg waits no shorter
STATEMENT_TIMEOUT_MS = 30_000
ANSWER_WITHIN_S = 10.0
READ_WITHIN_S = 60.0
BATCH_ROWS = 1000  # so that a million turns are never there twice
PAGES_MAX = 1000
PAGE_BYTES_MAX = 16_000_000
CHUNK_BYTES = 65_536
RUN_TAG = "urn:drill:run"
TURN_IDENTIFIER = "urn:drill:turn"


def ehr_records(ehr: Ehr, run_id: str, within_s: float = READ_WITHIN_S) -> list[EhrRecord]:
    """Every DocumentReference tagged with this run; WorldError when any page cannot be read, or when all of
    them take longer than `within_s`."""
    found: Future[list[EhrRecord]] = Future()
    until_s = time.monotonic() + within_s

    def work() -> None:
        try:
            found.set_result(_all_records(ehr, run_id, until_s))
        except Exception as error:  # noqa: BLE001  # the future raises it again where its result is awaited
            found.set_exception(error)

    # requests' own timeout is per read: an answer that drips never ends, and is left behind.
    threading.Thread(target=work, daemon=True).start()
    try:
        return found.result(within_s)
    except TimeoutError as error:
        raise WorldError(f"the EHR could not be read back within {within_s:g} s") from error


def _all_records(ehr: Ehr, run_id: str, until_s: float) -> list[EhrRecord]:
    url: str | None = f"{ehr.direct}/DocumentReference?_tag={RUN_TAG}|{run_id}&_count=200"
    records: list[EhrRecord] = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(PAGES_MAX):
            bundle = _page(session, url or "", until_s)
            records += _records(bundle)
            url = next(
                (link["url"] for link in bundle.get("link", []) if link.get("relation") == "next"), None
            )
            if url is None:
                return records
    raise WorldError(f"the EHR's answer did not end within {PAGES_MAX} pages")


def _page(session: requests.Session, url: str, until_s: float) -> dict[str, Any]:
    try:
        with session.get(url, timeout=TIMEOUT_S, stream=True) as response:
            response.raise_for_status()
            bundle = json.loads(_body(response, until_s))
    except (requests.RequestException, ValueError, RecursionError) as error:
        raise WorldError(f"the EHR could not be read back: {type(error).__name__}") from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise WorldError("the EHR could not be read back: the answer is not a FHIR Bundle")
    return bundle


def _body(response: requests.Response, until_s: float) -> bytes:
    body = b""
    for part in response.iter_content(CHUNK_BYTES):
        body += part
        if len(body) > PAGE_BYTES_MAX:
            raise WorldError(f"the EHR could not be read back: a page of more than {PAGE_BYTES_MAX} bytes")
        if time.monotonic() > until_s:
            raise WorldError("the EHR could not be read back: its answer does not end")
    return body


def _records(bundle: dict[str, Any]) -> Iterator[EhrRecord]:
    for entry in bundle.get("entry", []):
        resource = entry.get("resource", {})
        turn_ids = [i["value"] for i in resource.get("identifier", []) if i.get("system") == TURN_IDENTIFIER]
        yield EhrRecord(
            turn_id=turn_ids[0] if turn_ids else "",
            patient=_patient(resource),
            digest=str(resource.get("description", "")),
            resource=str(resource.get("id", "")),
            received_utc_ns=_instant_ns(str(resource.get("meta", {}).get("lastUpdated", ""))),
        )


def _instant_ns(text: str) -> int:
    """A FHIR instant; 0 for none, and for one that does not tell its zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if found.tzinfo is None:
        return 0
    return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _patient(resource: dict[str, Any]) -> str:
    subject = resource.get("subject", {})
    return str(
        subject.get("identifier", {}).get("value") or str(subject.get("reference", "")).rpartition("/")[2]
    )


def connect(store: Store) -> psycopg.Connection[tuple[Any, ...]]:
    """A read-only connection with deadlines; WorldError when there is none to be had.

    Of several hosts each is given its share of the time, so that one which is frozen does not use it up.
    """
    extra = {"passfile": str(store.passfile)} if store.passfile else {}
    try:
        share_s = max(CONNECT_LEAST_S, CONNECT_WITHIN_S // _hosts(store.dsn))
        connection = psycopg.connect(
            store.dsn, connect_timeout=share_s, autocommit=True,
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}", **extra,
        )  # fmt: skip
    except psycopg.Error as error:
        raise WorldError(f"the store cannot be reached: {str(error).splitlines()[0]}") from error
    # Not among the options: a session that begins read-only is not what target_session_attrs=read-write
    # looks for.
    with _deadline(connection, ANSWER_WITHIN_S, "the store cannot be reached"):
        connection.execute("SET default_transaction_read_only = on")
    return connection


def _hosts(dsn: str) -> int:
    return str(conninfo_to_dict(dsn).get("host", "")).count(",") + 1


@contextlib.contextmanager
def _deadline(connection: psycopg.Connection[tuple[Any, ...]], within_s: float, what: str) -> Iterator[None]:
    """WorldError when a query fails, or when its server froze: the server's own timeout is no use then."""
    alarm = threading.Timer(within_s, _hang_up, (connection.fileno(),))
    alarm.start()
    try:
        yield
    except psycopg.Error as error:
        connection.close()
        raise WorldError(f"{what}: {str(error).splitlines()[0]}") from error
    finally:
        alarm.cancel()
        alarm.join()


def _hang_up(descriptor: int) -> None:
    """End the connection from our side, whoever waits for it."""
    with socket.socket(fileno=os.dup(descriptor)) as peer, contextlib.suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)


def stored_turns(store: Store, run_id: str) -> Iterator[StoredTurn]:
    """Every stored turn of this run, as it is read: a million of them need no room here. WorldError, maybe
    after some of them, when the query fails or gives something else."""
    failed = "the store could not be read back"
    with connect(store) as connection, _deadline(connection, READ_WITHIN_S, failed):
        rows = connection.cursor().stream(store.turns.encode(), {"run_id": run_id}, size=BATCH_ROWS)
        # A stream left open holds the connection's lock, and leaving the connection would wait for it.
        with contextlib.closing(rows):
            yield from (_turn(row) for row in rows)


def _turn(row: tuple[Any, ...]) -> StoredTurn:
    try:
        turn_id, call, seq, digest, position = row if len(row) == 5 else (*row, 0)
        return StoredTurn(str(turn_id), str(call), int(seq), str(digest), int(position))
    except (TypeError, ValueError) as error:
        raise WorldError(
            "the store could not be read back: `turns` has to give turn_id, call_sid, seq, digest and, "
            "if it can, a position"
        ) from error


def outbox_pending(store: Store) -> int:
    """EHR writes still waiting in the platform's outbox; 0 when the target names no such query."""
    if not store.outbox_pending:
        return 0
    with (
        connect(store) as connection,
        _deadline(connection, ANSWER_WITHIN_S, "the outbox could not be read"),
    ):
        row = connection.execute(store.outbox_pending.encode()).fetchone()
    return int(row[0]) if row else 0
