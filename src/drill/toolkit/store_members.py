"""The store's members, asked side by side: which zone holds the primary, which holds none, is all whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import aiohttp

from drill.definition.needs import ROLES
from drill.model.errors import WorldError
from drill.model.events import MemberSample
from drill.model.target import Member, Target
from drill.probes.ask import FAILURES, text
from drill.probes.members import ask_member

PRIMARY, REPLICA = ROLES


def zone_of(target: Target, wanted: str) -> str:
    """The zone that a name or a role means; WorldError when there is none, or more than one primary.

    `primary` holds the primary; `replica` is the first zone by name that holds a running replica.
    """
    known = [zone.name for zone in target.zones]
    if wanted in known:
        return wanted
    if wanted not in ROLES:
        raise WorldError(
            f"target {target.name!r} has no zone {wanted!r}; write {', '.join((*known, *ROLES))}"
        )
    return chosen(asyncio.run(ask_members(target)), wanted)


def chosen(samples: Sequence[MemberSample], role: str) -> str:
    """The zone of a role, by the members' own word."""
    primaries = sorted(s.zone for s in samples if s.ok and s.role == PRIMARY)
    if len(primaries) != 1:
        found = f"{', '.join(primaries)} all say so" if primaries else "no member says so"
        raise WorldError(f"there has to be one primary to choose a zone by its role, but {found}")
    if role == PRIMARY:
        return primaries[0]
    replicas = sorted(s.zone for s in samples if s.ok and s.role == REPLICA and s.state == "running")
    if not replicas:
        raise WorldError("no zone holds a replica that runs: there is none to choose")
    return replicas[0]


async def ask_members(target: Target) -> list[MemberSample]:
    """Every member's own word; WorldError when the target names none."""
    async with aiohttp.ClientSession() as session:
        return list(await asyncio.gather(*(ask_member(session, each) for each in members_of(target))))


def members_of(target: Target) -> tuple[Member, ...]:
    """The target's members; WorldError when it names none."""
    if target.store is None or not target.store.members:
        raise WorldError(
            f"target {target.name!r} names no store members; add [[target.{target.name}.store.members]]"
        )
    return target.store.members


async def store_trouble(target: Target) -> str:
    """What is wrong with the store; "" when one member leads, all others follow, and one is in sync.

    Where the members agreed not to wait for each other (`synchronous_mode` off), nobody has to be in sync:
    that is a property of the platform, and what it costs is for the drill to find out.
    """
    samples = await ask_members(target)
    async with aiohttp.ClientSession() as session:
        waits = [await _synchronous(session, each) for each in members_of(target)[:1]]
    return trouble(samples, synchronous=all(waits))


def trouble(samples: Sequence[MemberSample], *, synchronous: bool) -> str:
    """The same, of samples."""
    silent = [f"zone {s.zone}: {s.detail or 'no answer'}" for s in samples if not s.ok]
    primaries = [s.zone for s in samples if s.ok and s.role == PRIMARY]
    behind = [s for s in samples if s.ok and s.role != PRIMARY and not (s.role == REPLICA and s.streaming)]
    found = [*silent, *(f"zone {s.zone}: {s.role or 'no role'}, {s.state}, not streaming" for s in behind)]
    if len(primaries) != 1:
        found.append(f"{len(primaries)} primaries")
    in_sync = sum(s.sync for s in samples if s.ok)
    if synchronous and not found and in_sync != 1:
        found.append(f"{in_sync} members are in sync, not one")
    return "; ".join(found)


async def _synchronous(session: aiohttp.ClientSession, member: Member) -> bool:
    """Whether commits wait for another member; unknown counts as yes."""
    try:
        agreed = json.loads(await text(session, f"{member.status}/config"))
    except FAILURES:
        return True
    mode = agreed.get("synchronous_mode", False) if isinstance(agreed, dict) else True
    return str(mode).lower() not in ("false", "off", "no", "0", "none")
