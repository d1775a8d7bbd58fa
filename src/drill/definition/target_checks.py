"""What the parts of a target file owe each other: names that exist, ways that lead somewhere, consent.

A host outside this machine has to be named twice, as an address and in `allow`: a drill breaks what it is
pointed at, and a pasted address is no consent.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from drill.definition.guards_section import check_guards
from drill.definition.reader import Reader, Section, nearest

EDGE = "edge"
# A wire's source may be the edge, and a drill may choose its zone by role: no zone is called so.
RESERVED = (EDGE, "primary", "replica")


def check_target(reader: Reader, section: Section) -> None:
    """Note every contradiction within one target."""
    zones = _unique(reader, section.get("zones", ()), "name", "zone")
    links, wires = section.section("ehr").get("links", ()), section.get("wires", ())
    members, stages = section.section("store").get("members", ()), section.get("stages", ())
    _unique(reader, links, "zone", "link of zone")
    _unique(reader, members, "zone", "member of zone")
    for part in (*links, *members, *wires, *stages):
        _zone(reader, part, "zone", zones)
    _wires(reader, wires, zones)
    _stages(reader, stages)
    _own_proxies(reader, (*links, *wires, *stages))
    _backups(reader, section.section("backups"))
    check_guards(reader, section)
    if section.get("control") or wires:
        _names(reader, section.get("zones", ()))
    for holder, key in _touched(section):
        _consent(reader, holder, key, section.get("allow", ()))


def _backups(reader: Reader, backups: Section) -> None:
    """Barman cloud's backups are in S3, which needs an endpoint and keys."""
    for region in (backups, backups.section("replica")):
        location = region.get("location")
        if backups.get("kind") != "barman-cloud" or location is None:
            continue
        if not location.startswith("s3://") or not location.removeprefix("s3://").partition("/")[2]:
            said = f"location: {location!r} is no place of Barman cloud's; write s3://BUCKET/SERVER"
            reader.mistake(region.line_of("location"), said)
        for key in ("endpoint", "credentials"):
            if region.get(key) is None:
                said = f"backups in S3 need the key {key!r}; write it beside the location"
                reader.mistake(region.line_of("location"), said)
    _protected(reader, backups)
    command = backups.get("first_call")
    if command is not None and not any("{dsn}" in word for word in command):
        said = "first_call names no copy: one of its words has to hold {dsn}, where the copy is"
        reader.mistake(backups.line_of("first_call"), said)


def _protected(reader: Reader, backups: Section) -> None:
    """A canary has a place of its own: what is deleted there is never a backup, whatever goes wrong."""
    protected = backups.section("protected")
    place = protected.get("location")
    if place is None:
        return
    if not place.startswith("s3://") or not place.removeprefix("s3://").strip("/").partition("/")[2]:
        said = f"location: {place!r} is no place for a canary; write s3://BUCKET/PREFIX"
        reader.mistake(protected.line_of("location"), said)
    for region in (backups, backups.section("replica")):
        other = f"{region.get('location', '').rstrip('/')}/"
        mine = f"{place.rstrip('/')}/"
        if other != "/" and (mine.startswith(other) or other.startswith(mine)):
            said = f"location: {place!r} is not apart from the backups at {other!r}; write another prefix"
            reader.mistake(protected.line_of("location"), said)


def _unique(reader: Reader, members: Iterable[Section], key: str, what: str) -> list[str]:
    seen: dict[str, int] = {}
    for member in members:
        name = member.get(key)
        if name in seen:
            _again(reader, member, key, f"{what} {name!r}", seen[name])
        elif name is not None:
            seen[name] = member.line_of(key)
    return list(seen)


def _again(reader: Reader, member: Section, key: str, what: str, first: int) -> None:
    reader.mistake(member.line_of(key), f"{what} is there already, in line {first}; keep one of them")


def _zone(reader: Reader, part: Section, key: str, zones: Iterable[str]) -> None:
    zone = part.get(key)
    if zone is not None and zone not in zones:
        reader.mistake(
            part.line_of(key), f"{key} {zone!r} is not a zone of this target; {nearest(zone, zones)}"
        )


def _wires(reader: Reader, wires: Iterable[Section], zones: list[str]) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for wire in wires:
        carries, source, zone = (wire.get(key) for key in ("carries", "source", "zone"))
        _zone(reader, wire, "source", [*zones, EDGE])
        if source is not None and source == zone:
            said = f"the wire leads from zone {zone!r} to itself; write two ends, or leave it out"
            reader.mistake(wire.line_of("source"), said)
        elif None not in (carries, source, zone):
            first = seen.setdefault((carries, source, zone), wire.line_of("carries"))
            if first != wire.line_of("carries"):
                _again(reader, wire, "carries", f"a {carries} wire from {source!r} to {zone!r}", first)


def _stages(reader: Reader, stages: Iterable[Section]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for each in stages:
        stage, zone = each.get("stage"), each.get("zone")
        first = seen.setdefault((stage, zone), each.line_of("stage"))
        if None not in (stage, zone) and first != each.line_of("stage"):
            _again(reader, each, "stage", f"a way to {stage} from zone {zone!r}", first)
        try:
            json.loads(each.get("ask", "{}"))
        except ValueError as error:
            reader.mistake(each.line_of("ask"), f"ask is not JSON: {error}; write what the stage is posted")


def _own_proxies(reader: Reader, ways: Iterable[Section]) -> None:
    """Two ways through one proxy could not be cut one without the other."""
    seen: dict[tuple[str, str], int] = {}
    for way in ways:
        proxy, api = way.get("proxy"), way.get("api")
        if proxy is None or api is None:
            continue
        first = seen.setdefault((proxy, api.rstrip("/")), way.line_of("proxy"))
        if first != way.line_of("proxy"):
            said = f"proxy {proxy!r} is the way of line {first} already; every way needs one of its own"
            reader.mistake(way.line_of("proxy"), said)


def _names(reader: Reader, zones: Iterable[Section]) -> None:
    for zone in zones:
        if zone.get("name") in RESERVED:
            said = f"a zone cannot be called {zone.get('name')!r}, which is a role; write another name"
            reader.mistake(zone.line_of("name"), said)


def _touched(section: Section) -> Iterator[tuple[Section, str]]:
    yield section, "edge"
    yield section, "control"
    backups = section.section("backups")
    for region in (backups, backups.section("replica"), backups.section("protected")):
        yield region, "endpoint"
    stages = section.get("stages", ())
    for way in (*section.section("ehr").get("links", ()), *section.get("wires", ()), *stages):
        yield way, "api"
    for stage in stages:
        yield stage, "probe"


def _consent(reader: Reader, holder: Section, key: str, allow: Iterable[str]) -> None:
    url = holder.get(key)
    host = urlsplit(url).hostname if url else None
    if host is not None and not is_loopback(host) and host not in {name.lower() for name in allow}:
        reader.mistake(
            holder.line_of(key),
            f"{key}: {host} is outside this machine, and a drill hurts what it is pointed at; "
            f'if that is meant, write allow = ["{host}"] in this target',
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, judged by its text alone: names are not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
