"""One bit of one page, turned over on disk, as a failing disk or a bad cable does it.

In a database that was just copied file by file: no page of it is in the server's memory yet.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

from psycopg import sql

from drill.restore.proof.catalog import PAGE_BYTES, tables
from drill.restore.proof.controls.material import NotPlanted
from drill.restore.proof.place import Place, Session

# A page: 24 bytes of header (pd_lower at 12), then four bytes for each item: 15 bits of offset, 2 of flags,
# 15 of length; src/include/storage/bufpage.h, itemid.h.
_LOWER = struct.Struct("<12xH")
_HEADER, _ITEM = 24, struct.Struct("<I")
_NORMAL = 1
_INDEX = """
SELECT i.indexrelid::regclass::text, pg_relation_filepath(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE i.indrelid = %s::oid AND a.amname = 'btree' AND i.indisvalid
ORDER BY pg_relation_size(i.indexrelid) DESC
"""


def flip_heap(folder: Path, pristine: Place, damaged: str, chance: random.Random) -> str:
    """In the data of a row of the largest table of `damaged`, a file copy of `pristine`."""
    with pristine.session() as session:
        largest = max((t for t in tables(session) if not t.unlogged), key=lambda t: t.pages, default=None)
        if largest is None or not largest.pages:
            raise NotPlanted("there is no table with rows")
        row = session.execute("SELECT pg_relation_filepath(%s::oid)", (largest.oid,)).fetchone()
        path = _path(session, folder, str(row[0]) if row else "", damaged)
    page, offset = _flip(path, range(largest.pages), chance)
    return f"a bit at byte {offset} of page {page} of {largest} turned over"


def flip_index(folder: Path, pristine: Place, damaged: str, chance: random.Random) -> str:
    """In an entry of the first leaf of the largest table's largest index."""
    with pristine.session() as session:
        for table in sorted(tables(session), key=lambda t: -t.pages):
            row = session.execute(_INDEX, (table.oid,)).fetchone()
            if table.pages and not table.unlogged and row is not None:
                path = _path(session, folder, str(row[1]), damaged)
                # Page 0 describes the tree; page 1 was its first leaf and stays the leftmost.
                page, offset = _flip(path, range(1, 2), chance)
                return f"a bit at byte {offset} of page {page} of index {row[0]} turned over"
    raise NotPlanted("there is no B-tree over a table with rows")


def _path(session: Session, folder: Path, relative: str, damaged: str) -> Path:
    """The file of the same relation in the damaged database."""
    query = sql.SQL("SELECT oid::text FROM pg_database WHERE datname = {}").format(sql.Literal(damaged))
    found = session.execute(query).fetchone()
    parts = Path(relative).parts
    if found is None or len(parts) != 3 or parts[0] != "base":
        raise NotPlanted(f"{relative} is in a tablespace of its own")
    return folder / "base" / str(found[0]) / parts[2]


def _flip(path: Path, pages: range, chance: random.Random) -> tuple[int, int]:
    """Turn over a bit in the middle of an item of one of these pages; which page, and which byte of it."""
    if not path.is_file():
        raise NotPlanted(f"{path.name} is not where the server says")
    with path.open("r+b") as file:
        # Only the first file of a relation: a gigabyte of pages is choice enough.
        within = [n for n in pages if (n + 1) * PAGE_BYTES <= path.stat().st_size]
        for page in chance.sample(within, min(len(within), 32)):
            file.seek(page * PAGE_BYTES)
            data = file.read(PAGE_BYTES)
            offset = _middle_of_an_item(data)
            if offset is not None:
                file.seek(page * PAGE_BYTES + offset)
                file.write(bytes([data[offset] ^ 1 << chance.randrange(8)]))
                return page, offset
    raise NotPlanted(f"no page of {path.name} holds an item")


def _middle_of_an_item(page: bytes) -> int | None:
    (lower,) = _LOWER.unpack_from(page)
    for at in range(_HEADER, min(lower, PAGE_BYTES - 4), 4):
        (item,) = _ITEM.unpack_from(page, at)
        offset, flags, length = item & 0x7FFF, item >> 15 & 3, item >> 17
        # Behind the middle lies data whatever the item's own header.
        if flags == _NORMAL and length >= 8 and offset + length <= PAGE_BYTES:
            return int(offset + max(length * 3 // 4, length - 8))
    return None
