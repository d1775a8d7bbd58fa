"""The EHR's records in SQLite: documents as JSON text, with the few columns that are searched.

One process, one connection, each create a single transaction: the look-up that If-None-Exist
asks for and the insert cannot be split by another request. WAL keeps what was answered when
the process is killed.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS record (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS token (
    row INTEGER NOT NULL REFERENCES record (row),
    kind TEXT NOT NULL, name TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS token_value ON token (kind, name, value, system);
"""


@dataclass(frozen=True, slots=True)
class Token:
    """One searchable fact of a resource; system None in a search means any system."""

    name: str
    system: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a search's matches; `following` is the cursor of the next one."""

    resources: tuple[Resource, ...]
    total: int
    following: int | None


class ManyMatchError(Exception):
    """A conditional create found several records."""


def tokens(resource: Resource) -> list[Token]:
    """What a resource can be found by."""
    found = [
        Token("identifier", i.get("system", ""), i.get("value", "")) for i in resource.get("identifier", [])
    ]
    found += [
        Token("_tag", t.get("system", ""), t.get("code", "")) for t in resource.get("meta", {}).get("tag", [])
    ]
    references = [resource.get("subject", {}), *(p.get("actor", {}) for p in resource.get("participant", []))]
    found += [Token("patient", "", ref["reference"]) for ref in references if "reference" in ref]
    return found


class Records:
    """The store of one EHR."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=2.0)
        self._db.executescript(_SCHEMA)

    def get(self, kind: str, record_id: str) -> Resource | None:
        """One record."""
        row = self._db.execute(
            "SELECT body FROM record WHERE kind = ? AND id = ?", (kind, record_id)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def create(self, resource: Resource, unless: list[Token] | None = None) -> tuple[Resource, bool]:
        """Store and return it, or return the one that matches `unless`; True when it was stored."""
        kind = str(resource["resourceType"])
        self._db.execute("BEGIN IMMEDIATE")
        try:
            known = self.search(kind, unless, 2, 0) if unless else Page((), 0, None)
            if known.total > 1:
                raise ManyMatchError(f"{known.total} records match")
            result = (known.resources[0], False) if known.total else (self._insert(kind, resource), True)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result

    def search(self, kind: str, wanted: list[Token], count: int, after: int) -> Page:
        """Matches of all tokens in order of arrival, at most `count` of them behind the cursor `after`."""
        where, values = _conditions(kind, wanted)
        (total,) = self._db.execute(f"SELECT count(*) FROM record r WHERE {where}", values).fetchone()  # noqa: S608 -- fixed text, bound values
        rows = self._db.execute(
            f"SELECT row, body FROM record r WHERE {where} AND row > ? ORDER BY row LIMIT ?",  # noqa: S608 -- fixed text, bound values
            [*values, after, count + 1],
        ).fetchall()
        shown = rows[:count]
        following = shown[-1][0] if shown and len(rows) > count else None
        return Page(tuple(json.loads(body) for _, body in shown), total, following)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _insert(self, kind: str, resource: Resource) -> Resource:
        # The server's own word on when it took it, whatever the sender says (FHIR, Meta.lastUpdated).
        taken = datetime.now(UTC).isoformat(timespec="milliseconds")
        meta = {**(resource.get("meta") or {}), "lastUpdated": taken}
        stored = {**resource, "id": resource.get("id") or str(uuid.uuid4()), "meta": meta}
        row = self._db.execute(
            "INSERT INTO record (kind, id, body) VALUES (?, ?, ?)",
            (kind, stored["id"], json.dumps(stored, separators=(",", ":"))),
        ).lastrowid
        self._db.executemany(
            "INSERT INTO token VALUES (?, ?, ?, ?, ?)",
            [(row, kind, t.name, t.system, t.value) for t in tokens(stored)],
        )
        return stored


def _conditions(kind: str, wanted: list[Token]) -> tuple[str, list[object]]:
    where, values = ["r.kind = ?"], [kind]
    for token in wanted:
        system = "" if token.system is None else "AND t.system = ?"
        where.append(
            "EXISTS (SELECT 1 FROM token t WHERE t.row = r.row AND t.kind = r.kind "  # noqa: S608 -- fixed text, bound values
            f"AND t.name = ? AND t.value = ? {system})"
        )
        values += [token.name, token.value, *([] if token.system is None else [token.system])]
    return " AND ".join(where), list(values)
