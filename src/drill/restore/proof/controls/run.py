"""Which controls are run, one after the other, and what comes of each.

Row and page damages share one started copy of the restored copy: each gets a database of its own in it, made
from the whole one file by file and dropped afterwards. So the room needed is that of one copy and one
database, however many damages there are.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from drill.model.chance import seeded
from drill.model.damages import Damage, chosen
from drill.model.errors import WorldError
from drill.model.restore import Check, Control, Outcome, judged_control
from drill.restore.proof.checksums import check_checksums
from drill.restore.proof.controls import claims, files, pages, persons, rows
from drill.restore.proof.controls.material import Copy, Material, NotPlanted
from drill.restore.proof.erasure import NAME as ERASURE
from drill.restore.proof.indexes import check_indexes
from drill.restore.proof.keys import check_foreign_keys, check_sequences
from drill.restore.proof.place import Place, why
from drill.restore.proof.rows import check_rows
from drill.restore.proof.schema import check_schema

Planted = tuple[str, Sequence[Check]]
# Of the copy and of one database in it, with some room for what the server writes.
_ROOM = 2.2


def run_controls(material: Material, wanted: str, seed: int) -> tuple[Control, ...]:
    """Each chosen damage planted and judged; what went wrong on the way makes a control void, never green."""
    picked = chosen(wanted, seed, erased=material.erased is not None)
    found = {d.name: _in_files(material, d, seed) for d in picked if not d.in_database}
    inside = [d for d in picked if d.in_database]
    found.update((c.damage, c) for c in _in_databases(material, inside, seed))
    return tuple(found[d.name] for d in picked)


def _void(damage: Damage, why_not: str) -> Control:
    return Control(damage.name, damage.expects, Outcome.VOID, why_not)


def _judged(damage: Damage, plant: Callable[[], Planted]) -> Control:
    began_s = time.monotonic()
    try:
        said, checks = plant()
        control = judged_control(damage.name, damage.expects, said, checks)
    except NotPlanted as reason:
        control = _void(damage, f"not planted: {reason}")
    except psycopg.Error as error:
        control = _void(damage, f"not planted: {why(error)}")
    except (WorldError, OSError) as error:
        control = _void(damage, f"not judged: {error}")
    return replace(control, took_s=time.monotonic() - began_s)


def _chance(damage: Damage, seed: int) -> random.Random:
    """Its own for each damage, so that one left out changes no other."""
    return seeded(f"{seed}/{damage.name}")


def _in_files(material: Material, damage: Damage, seed: int) -> Control:
    folder = material.scratch / damage.name
    try:
        return _judged(damage, lambda: _plant_in_files(material, damage, folder, _chance(damage, seed)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _plant_in_files(m: Material, damage: Damage, folder: Path, chance: random.Random) -> Planted:
    folder.mkdir(parents=True)
    if damage.name == "missing-wal-segment" and m.archive:
        return files.missing_segment(m.archive, folder, chance, m.binaries)
    if damage.name == "truncated-file" and m.backup:
        return files.truncated_file(m.backup, folder, chance)
    if damage.name == "edited-manifest" and m.backup:
        return files.edited_manifest(m.backup, folder, chance)
    if damage.name == "garbage-replica-object" and m.replica:
        return files.garbage_object(m.replica, folder, chance)
    if damage.name == "stale-backup" and m.points:
        return claims.stale_backup(m.points)
    if damage.name == "wrong-second-target" and m.restored:
        return claims.wrong_second(m.restored)
    raise NotPlanted("this drill made nothing that it could be planted on")


def _in_databases(material: Material, damages: Sequence[Damage], seed: int) -> list[Control]:
    copy = material.copy
    if not damages:
        return []
    if copy is None:
        return [_void(d, "not planted: this drill kept no restored copy") for d in damages]
    folder = material.scratch / "copy"
    try:
        _copied(copy, folder)
        with copy.start(folder) as server:
            return [_in_database(material, copy, server, d, folder, seed) for d in damages]
    except (NotPlanted, WorldError, OSError) as error:
        return [_void(d, f"not planted: the copy of the copy did not start: {error}") for d in damages]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(copy: Copy, to: Path) -> None:
    needed = _ROOM * sum(path.stat().st_size for path in copy.folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(to.parent).free
    if free < needed:
        raise NotPlanted(f"{needed / 1e6:.0f} MB are needed below {to.parent}, {free / 1e6:.0f} MB are free")
    shutil.copytree(copy.folder, to, symlinks=True, ignore=shutil.ignore_patterns("postmaster.pid"))


def _in_database(
    material: Material, copy: Copy, server: Place, damage: Damage, folder: Path, seed: int
) -> Control:
    def plant() -> Planted:
        name = f"drill_control_{damage.name.replace('-', '_')}"
        with _database(server, copy.database, name) as damaged:
            pristine = server.of(copy.database)
            said = _plant_in_database(damage, material, folder, pristine, damaged, _chance(damage, seed))
            return said, _asked(damage, material, pristine, damaged)

    return _judged(damage, plant)


@contextmanager
def _database(server: Place, template: str, name: str) -> Iterator[Place]:
    """The whole database once more, file by file, dropped at the end."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(name))
    maintenance = server.of("postgres")
    with maintenance.session(write=True) as session:
        session.execute(drop)
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        session.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.of(name)
    finally:
        with maintenance.session(write=True) as session:
            session.execute(drop)


def _plant_in_database(
    damage: Damage, material: Material, folder: Path, pristine: Place, damaged: Place, chance: random.Random
) -> str:
    if damage.name == "heap-bit-flip":
        return pages.flip_heap(folder, pristine, damaged.database, chance)
    if damage.name == "index-bit-flip":
        return pages.flip_index(folder, pristine, damaged.database, chance)
    if damage.name == "swapped-values":
        return rows.swap_values(damaged, chance)
    if damage.name == "duplicated-row-pair":
        return rows.duplicate_pair(damaged, chance)
    if damage.name == "deleted-row":
        return rows.delete_row(damaged, chance)
    if damage.name == "orphan-foreign-key":
        return rows.orphan_reference(damaged)
    if damage.expects == ERASURE and material.erased:
        return persons.bring_back(damaged, material.erased, chance)
    return rows.set_sequence_back(damaged)


def _asked(damage: Damage, material: Material, pristine: Place, damaged: Place) -> list[Check]:
    """All checks of a database, so that the matrix shows which of them see the damage too."""
    checks = [check_checksums(damaged, material.binaries)] if damage.name.endswith("bit-flip") else []
    return [
        *checks,
        check_indexes(damaged),
        check_schema(pristine, damaged),
        check_foreign_keys(damaged),
        check_sequences(damaged),
        check_rows(pristine, damaged),
        *persons.looked_up(damaged, material.erased),
    ]
