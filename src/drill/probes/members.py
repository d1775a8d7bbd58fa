"""What each member of the store says of itself, by its Patroni REST API (`GET /patroni`).

Patroni names a role even when its PostgreSQL does not run (then it is the one it last held), so a
primary is only one that runs. A replica follows when Patroni says `streaming`: one that restores from
an archive, or waits for a primary, does not.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from drill.model.events import MemberSample
from drill.model.target import Member
from drill.probes.ask import FAILURES, say, text

# Patroni before version 4 said master.
_ROLES = {"primary": "primary", "master": "primary", "replica": "replica"}


async def ask_member(session: aiohttp.ClientSession, member: Member) -> MemberSample:
    """One member; `ok` false when it could not be asked. The answer counts whatever its HTTP status."""
    try:
        return member_sample(member.zone, await text(session, f"{member.status}/patroni", any_status=True))
    except FAILURES as error:
        return MemberSample(
            member.zone, ok=False, role="", state="", sync=False, streaming=False, timeline=0,
            detail=say(error),
        )  # fmt: skip


def member_sample(zone: str, page: str) -> MemberSample:
    """A member's sample from its page; ValueError when the page is not what it should be."""
    said: Any = json.loads(page)
    if not isinstance(said, dict) or "role" not in said or "state" not in said:
        raise ValueError("the member's page has no role and state")
    role, state = _ROLES.get(str(said["role"]), ""), str(said["state"])
    runs = state == "running"
    timeline = said.get("timeline")
    return MemberSample(
        zone, ok=True, role=role if runs or role != "primary" else "", state=state[:60],
        sync=runs and bool(said.get("sync_standby") or said.get("quorum_standby")),
        streaming=runs and said.get("replication_state") == "streaming",
        timeline=timeline if isinstance(timeline, int) else 0, detail="",
    )  # fmt: skip
