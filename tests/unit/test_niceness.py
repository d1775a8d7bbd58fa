"""How nice a service of the platform is, where Linux shares the processor out by session."""

from __future__ import annotations

import asyncio
import subprocess
import time
from pathlib import Path

import pytest

from drill.sandbox.niceness import settle

SWITCH = Path("/proc/sys/kernel/sched_autogroup_enabled")
SHARED = SWITCH.exists() and SWITCH.read_text(encoding="ascii").strip() == "1"


@pytest.mark.skipif(not SHARED, reason="here the processor is not shared out by session")
def test_a_session_is_told_as_soon_as_there_is_one_and_in_spite_of_others_who_just_were() -> None:
    """The kernel takes one word at a time from whoever is not root; the third has to come again."""
    sleepers = [subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(3)]
    try:

        async def all_at_once() -> None:
            await asyncio.gather(*(settle(each.pid, 7) for each in sleepers))

        asyncio.run(all_at_once())
        told = [Path(f"/proc/{each.pid}/autogroup").read_text(encoding="ascii") for each in sleepers]
    finally:
        for each in sleepers:
            each.kill()
            each.wait()
    assert [line.split()[-1] for line in told] == ["7", "7", "7"]


def test_a_process_that_has_ended_is_not_waited_for() -> None:
    """Nor is it an error."""
    ended = subprocess.Popen(["true"], start_new_session=True)
    ended.wait()
    began = time.monotonic()
    asyncio.run(settle(ended.pid, 7))
    assert time.monotonic() - began < 2
