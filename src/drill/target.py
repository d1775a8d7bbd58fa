"""Which platform is drilled: found, read and refused here, before anything is touched.

A host outside this machine has to be named twice, as an address and in `allow`: a drill breaks what it is
pointed at, and a pasted address is no consent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from drill.definition.guards_section import guards_of
from drill.definition.reader import Reader, Section, nearest
from drill.definition.target_checks import check_target, is_loopback
from drill.definition.target_table import TARGET_FILE
from drill.definition.toml import parse_toml
from drill.model.errors import DefinitionError
from drill.model.target import (
    MAX_CALLS,
    MAX_CALLS_PER_S,
    Backups,
    Breaker,
    Ehr,
    Link,
    Member,
    Region,
    Requests,
    Stage,
    Store,
    Target,
    Wire,
    Zone,
)
from drill.redact import Redactor, known, signs

LAG_S = 60.0
IMPLICIT = (Path("drill.toml"), Path(".drill/sandbox-0/target.toml"))
ENVIRONMENT_VARIABLE = "DRILL_TARGET"


def load_target(path: Path, name: str | None = None) -> Target:
    """The named target of a file, or its only one; DefinitionError with every mistake of the file."""
    return read_target(_read(path), path, name)


def read_target(data: bytes, path: Path, name: str | None = None) -> Target:
    """The same of a file's bytes; `path` is what it is called, and what names in it are relative to."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DefinitionError(f"{path}:{line}: is not UTF-8 text; save the file as UTF-8") from error
    reader = Reader(str(path))
    sections = reader.table(TARGET_FILE, parse_toml(text, str(path))).get("target", {})
    for section in sections.values():
        check_target(reader, section)
    for line, what in signs(text):
        reader.mistake(line, f"{what} stands in the file, which is copied into every run; keep it elsewhere")
    reader.raise_if_any()
    chosen = _choose(path, sections, name)
    return _build(chosen, sections[chosen], path, hashlib.sha256(data).hexdigest())


def find_target(
    name: str | None,
    start: Path,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """The target that is meant: `file`, then $DRILL_TARGET, then the two usual places below `start`."""
    if file is not None:
        return load_target(file, name)
    if environ.get(ENVIRONMENT_VARIABLE):
        return load_target(Path(environ[ENVIRONMENT_VARIABLE]), name)
    present = [start / place for place in IMPLICIT if (start / place).is_file()]
    if not present:
        raise DefinitionError(
            f"no target: neither {IMPLICIT[0]} nor {IMPLICIT[1]} is in {start}; "
            "start the sandbox with `drill sandbox up`, or write a drill.toml with `drill init DIR`"
        )
    for path in present[:-1]:
        if name is None or name in _names(path):
            return load_target(path, name)
    return load_target(present[-1], name)


def _names(path: Path) -> set[str]:
    node = parse_toml(_read(path).decode("utf-8", errors="replace"), str(path))
    table = node.value.get("target")
    return set(table.value) if table is not None and isinstance(table.value, dict) else set()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be read: {error.strerror}; name an existing target file"
        ) from error


def _choose(path: Path, sections: Mapping[str, Section], name: str | None) -> str:
    if not sections:
        raise DefinitionError(f"{path}:1: names no target; write [target.NAME] and its keys")
    if name is None and len(sections) > 1:
        raise DefinitionError(
            f"{path}: names {len(sections)} targets ({', '.join(sorted(sections))}); say which"
        )
    if name is not None and name not in sections:
        raise DefinitionError(f"{path}: has no target {name!r}; {nearest(name, sections)}")
    return name if name is not None else next(iter(sections))


def _build(name: str, section: Section, path: Path, digest: str) -> Target:
    return Target(
        name=name,
        environment=section.get("environment"),
        profile=section.get("profile", ""),
        edge=section.get("edge"),
        zones=tuple(Zone(**zone.values) for zone in section.get("zones")),
        breaker=_breaker(section.get("breaker")),
        ehr=_ehr(section.get("ehr")),
        store=_store(section.get("store"), path),
        digest=digest,
        file=path,
        control=section.get("control", "").rstrip("/"),
        edge_admin=section.get("edge_admin", "").rstrip("/"),
        wires=tuple(Wire(**wire.values) for wire in section.get("wires", ())),
        allow=tuple(name.lower() for name in section.get("allow", ())),
        max_calls=section.get("max_calls", MAX_CALLS),
        max_calls_per_s=section.get("max_calls_per_s", MAX_CALLS_PER_S),
        backups=_backups(section.get("backups"), path),
        guards=guards_of(section.get("guards")),
        stages=tuple(Stage(**stage.values) for stage in section.get("stages", ())),
    )


def redactor_of(target: Target, environ: Mapping[str, str] = os.environ) -> Redactor:
    """What cleans the journals and logs of this target's drills: it knows the store's passwords too."""
    return Redactor(known(environ, target.store.passfile if target.store is not None else None))


def allowed_edge(target: Target) -> str:
    """The edge's host where a load has to be told that it may be called: it is in `allow`, or a name of
    this machine that only a resolver could vouch for. "" for an address of this machine, which needs no word,
    and for a host that nobody allowed."""
    host = urlsplit(target.edge).hostname or ""
    if host in target.allow:
        return host
    return host if is_loopback(host) and not host.startswith("127.") else ""


def _breaker(section: Section | None) -> Breaker | None:
    if section is None:
        return None
    return Breaker(section.get("name"), section.get("half_open_calls"), section.get("wait"))


def _ehr(section: Section | None) -> Ehr | None:
    if section is None:
        return None
    requests = section.get("requests")
    return Ehr(
        direct=section.get("direct"),
        probe_patient=section.get("probe_patient"),
        links=tuple(Link(**link.values) for link in section.get("links")),
        requests=Requests(**requests.values) if requests is not None else None,
    )


def _store(section: Section | None, path: Path) -> Store | None:
    if section is None:
        return None
    passfile = section.get("passfile")
    return Store(
        dsn=section.get("dsn"),
        passfile=path.parent / passfile if passfile is not None else None,
        turns=section.get("turns"),
        outbox_pending=section.get("outbox_pending"),
        members=tuple(
            Member(member.get("zone"), member.get("status").rstrip("/"))
            for member in section.get("members", ())
        ),
    )


def _backups(section: Section | None, path: Path) -> Backups | None:
    if section is None:
        return None
    replica, programs = section.get("replica"), section.get("programs")
    return Backups(
        kind=section.get("kind"),
        main=_region(section, path),
        source=section.get("source"),
        passfile=_beside(path, section.get("passfile")),
        programs=_beside(path, programs),
        every_s=section.get("every"),
        keep=section.get("keep"),
        replica=None if replica is None else _region(replica, path),
        standby=section.get("standby", ""),
        lag_s=section.get("lag", LAG_S),
    )


def _region(section: Section, path: Path) -> Region:
    location, endpoint = section.get("location"), section.get("endpoint", "").rstrip("/")
    return Region(location, endpoint, _beside(path, section.get("credentials")))


def _beside(path: Path, name: str | None) -> Path | None:
    """A file that is named relative to the target file; None for none."""
    return None if name is None else path.parent / name
