"""`keys.foreign` and `keys.sequences`: rows refer to rows that are there, and no key will be given out twice.

PostgreSQL checks a foreign key when a row is written and never again: rows that were restored, or damaged,
are taken on trust. A sequence belongs to no transaction, so nothing ties its value to the rows it numbered.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from drill.model.restore import Check, Coverage, concluded, undecided
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place, Session, why

FOREIGN, SEQUENCES = "keys.foreign", "keys.sequences"
_FOREIGN = """
SELECT k.conname, cn.nspname, c.relname, c.relkind::text, pn.nspname, p.relname, k.confmatchtype = 'f',
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY u(n, o)
             JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = u.n ORDER BY o),
       ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY u(n, o)
             JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = u.n ORDER BY o)
FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE contype = 'f' AND conparentid = 0 ORDER BY 2, 3, 1
"""
# Columns that a sequence feeds: owned by it (serial, identity), or by their default.
_SEQUENCES = """
SELECT DISTINCT sn.nspname, s.relname, tn.nspname, t.relname, a.attname, q.seqincrement, q.seqstart
FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN (SELECT objid seq, refobjid rel, refobjsubid col FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
        AND deptype IN ('a', 'i')
      UNION SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
      WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0
     ) u ON u.seq = q.seqrelid
JOIN pg_class t ON t.oid = u.rel JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.col
WHERE t.relkind IN ('r', 'p') ORDER BY 1, 2
"""
_PAST_INDEXES = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of a table that refer to those of another. `full`: none or all of them may be null."""

    name: str
    child: tuple[str, str]
    partitioned: bool
    parent: tuple[str, str]
    full: bool
    columns: tuple[str, ...]
    referred: tuple[str, ...]


def foreign_keys(session: Session) -> list[ForeignKey]:
    """All of the database."""
    return [
        ForeignKey(
            row[0], (row[1], row[2]), row[3] == "p", (row[4], row[5]), row[6], tuple(row[7]), tuple(row[8])
        )
        for row in session.execute(_FOREIGN).fetchall()
    ]


def check_foreign_keys(place: Place) -> Check:
    """Each key by an anti-join that trusts no index. WorldError when the server cannot be reached."""
    with timed() as clock, place.session(_PAST_INDEXES) as session:
        keys = foreign_keys(session)
        wrong, rows, failed = [], 0, 0
        for key in keys:
            try:
                orphans, looked_at = _orphans(session, key)
            except psycopg.Error as error:
                failed += 1
                wrong.append(f"{key.name} of {'.'.join(key.child)} cannot be read: {why(error)}")
                continue
            rows += looked_at
            if orphans:
                parent = ".".join(key.parent)
                wrong.append(
                    f"{orphans} rows of {'.'.join(key.child)} refer to none of {parent} ({key.name})"
                )
        detail = f"{rows} references of {len(keys)} foreign keys were followed; {len(wrong)} keys are broken."
        if not rows and not wrong:
            return clock.stamp(undecided(FOREIGN, "references", "There is no reference to follow."))
        coverage = Coverage(rows, rows + failed, "references")
        return clock.stamp(
            concluded(FOREIGN, coverage, detail, wrong, measured=f"{len(wrong)} broken", limit="0")
        )


def _orphans(session: Session, key: ForeignKey) -> tuple[int, int]:
    """References to nothing, and references at all."""
    pairs = [
        sql.SQL("p.{} = c.{}").format(sql.Identifier(b), sql.Identifier(a))
        for a, b in zip(key.columns, key.referred, strict=True)
    ]
    nulls = [sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(a)) for a in key.columns]
    # An outer join can be hashed; what is asked row by row would want an index, which may be broken.
    query = sql.SQL(
        "SELECT count(*) FILTER (WHERE p.there IS NULL), count(*) FROM {only} {child} c "
        "LEFT JOIN (SELECT true there, {referred} FROM {parent} p) p ON {pairs} WHERE {some}"
    )
    found = session.execute(
        query.format(
            parent=sql.Identifier(*key.parent), child=sql.Identifier(*key.child),
            only=sql.SQL("" if key.partitioned else "ONLY"), pairs=sql.SQL(" AND ").join(pairs),
            some=sql.SQL(" OR " if key.full else " AND ").join(nulls),
            referred=sql.SQL(", ").join(sql.SQL("p.{}").format(sql.Identifier(b)) for b in key.referred),
        )
    ).fetchone()  # fmt: skip
    return (int(found[0]), int(found[1])) if found else (0, 0)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence and the column that it feeds; `step` may be negative."""

    name: tuple[str, str]
    table: tuple[str, str]
    column: str
    step: int
    start: int


def sequences(session: Session) -> list[Sequence]:
    """All that feed a column."""
    return [
        Sequence((schema, name), (other, table), column, step, start)
        for schema, name, other, table, column, step, start in session.execute(_SEQUENCES).fetchall()
    ]


def check_sequences(place: Place) -> Check:
    """Each sequence stands at or past the furthest value of the column that it feeds."""
    with timed() as clock, place.session(_PAST_INDEXES) as session:
        found = sequences(session)
        said = [_behind(session, one) for one in found]
        wrong = [fault for fault in said if fault]
        if not found:
            why_not = "There is no sequence that feeds a column."
            return clock.stamp(undecided(SEQUENCES, "sequences", why_not))
        detail = f"{len(found)} sequences were compared with their columns; {len(wrong)} stand behind."
        coverage = Coverage(len(found), len(found), "sequences")
        measured = f"{len(wrong)} behind"
        return clock.stamp(concluded(SEQUENCES, coverage, detail, wrong, measured=measured, limit="0"))


def _behind(session: Session, one: Sequence) -> str:
    furthest = sql.SQL("max({})" if one.step > 0 else "min({})").format(sql.Identifier(one.column))
    query = sql.SQL("SELECT (SELECT {} FROM {}), s.last_value, s.is_called FROM {} s").format(
        furthest, sql.Identifier(*one.table), sql.Identifier(*one.name)
    )
    name, fed = ".".join(one.name), ".".join((*one.table, one.column))
    try:
        found = session.execute(query).fetchone()
    except psycopg.Error as error:
        return f"sequence {name} cannot be compared: {why(error)}"
    if found is None or found[0] is None:
        return ""
    value, last, called = found
    # The next value given out has to be a new one; values before the start are never given out.
    upcoming = last + one.step if called else last
    behind = one.start <= upcoming <= value if one.step > 0 else one.start >= upcoming >= value
    return f"sequence {name} gives out {upcoming} next, {fed} is at {value}" if behind else ""
