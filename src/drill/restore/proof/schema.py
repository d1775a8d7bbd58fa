"""`schema.equal`: what the database is made of, line by line: tables, columns, constraints, indexes, views,
functions, triggers, types, sequences, policies, extensions, rights and owners.

Read from the catalogs, so that it needs no pg_dump of the right version, and no more rights than reading.
What it cannot see: large objects, settings of the server, and roles' passwords.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from drill.model.restore import Check, Coverage, concluded
from drill.restore.proof.clock import timed
from drill.restore.proof.place import Place

NAME = "schema.equal"
_LINES = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True, slots=True)
class Schema:
    """Kind and name of everything, each with its definition."""

    lines: dict[tuple[str, str], str]

    @property
    def digest(self) -> str:
        """SHA-256 over all lines in their order."""
        text = "\n".join(f"{kind}\t{name}\t{line}" for (kind, name), line in sorted(self.lines.items()))
        return hashlib.sha256(text.encode()).hexdigest()


def read_schema(place: Place) -> Schema:
    """Of one database; WorldError when it cannot be reached."""
    with place.session() as session:
        rows = session.execute(_LINES.read_bytes()).fetchall()
    return Schema({(str(kind), str(name)): str(line) for kind, name, line in rows})


def check_schema(source: Place, copy: Place) -> Check:
    """Both read now."""
    with timed() as clock:
        return clock.stamp(compare(read_schema(source), read_schema(copy)))


def compare(source: Schema, copy: Schema) -> Check:
    """Two schemas that were read at some time."""
    ours, theirs = source.lines, copy.lines
    wrong = [f"{' '.join(key)} is not in the copy" for key in sorted(ours.keys() - theirs.keys())]
    wrong += [f"{' '.join(key)} is not in the source" for key in sorted(theirs.keys() - ours.keys())]
    both = sorted(ours.keys() & theirs.keys())
    wrong += [f"{' '.join(key)} is defined otherwise" for key in both if ours[key] != theirs[key]]
    detail = (
        f"{len(ours)} definitions were compared, {len(wrong)} differ; digests {source.digest[:12]} and "
        f"{copy.digest[:12]}."
    )
    coverage = Coverage(len(ours), len(ours), "definitions")
    return concluded(NAME, coverage, detail, wrong, measured=f"{len(wrong)} differ", limit="0")
