"""`make soak`: kill and stop drills, many times, and print what came of it; exit 1 when anything was left."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from soak.aborts import EFFECT_WITHIN_S, HOLDS, HOWS, Stopped, stop
from soak.crowd import WORKERS, crowd
from soak.trial import VICTIMS, Found, Trial


def main() -> int:
    """Everything, with its figures."""
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--trials", type=int, default=200, help="SIGKILLs of the conductor's process group")
    parser.add_argument("--each", type=int, default=20, help="of every other victim")
    parser.add_argument("--aborts", type=int, default=50)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    counts = {victim: args.trials if victim == "conductor" else args.each for victim in VICTIMS}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as root:
        print(f"seed {args.seed}; {args.workers} at a time")
        for number, (victim, count) in enumerate(counts.items()):
            trials = [Trial.drawn(dice, victim) for _ in range(count)]
            began_s = time.monotonic()
            found = crowd(Path(root) / str(number), trials, lambda w, t: w.run(t), args.workers)
            wrong += _tell(victim, found, time.monotonic() - began_s)
        orders = [(HOWS[n % len(HOWS)], HOLDS[n // len(HOWS) % len(HOLDS)]) for n in range(args.aborts)]
        stopped = crowd(Path(root) / "aborts", orders, lambda w, o: stop(w, dice, *o), args.workers)
        wrong += _tell_aborts(stopped)
    print("all as promised" if not wrong else f"{wrong} promises broken")
    return 1 if wrong else 0


def _tell(victim: str, found: list[Found], took_s: float) -> int:
    if not found:
        return 0
    statuses = Counter(each.status.name for each in found)
    undone = sorted(each.undone_s for each in found)
    broken = [each for each in found if each.wrong]
    print(
        f"SIGKILL of {victim:<18}" if victim != "stopped conductor" else f"SIGSTOP of {'conductor':<18}",
        f"{len(found):4d} trials, {sum(each.injected > 0 for each in found)} with faults, "
        f"{len(broken)} left behind or wrong; undone after {undone[len(undone) // 2]:.2f} s (median), "
        f"{undone[-1]:.2f} s (longest); {sum(each.healed for each in found)} healed; "
        f"judged {', '.join(f'{name} {n}' for name, n in sorted(statuses.items()))}; {took_s:.0f} s",
        flush=True,
    )
    for each in broken:
        print(f"  {each.trial}: {each.wrong} {each.run}")
    return len(broken)


def _tell_aborts(stopped: list[Stopped]) -> int:
    if not stopped:
        return 0
    effects = sorted(each.effect_s for each in stopped)
    p99_s = effects[min(len(effects) - 1, -(-99 * len(effects) // 100) - 1)]
    broken = [each for each in stopped if each.wrong]
    print(
        f"abort in a 60 s activity    {len(stopped):4d} aborts, {len(broken)} left behind or wrong; "
        f"decision to effect {effects[len(effects) // 2]:.2f} s (median), {p99_s:.2f} s (p99), "
        f"limit {EFFECT_WITHIN_S:g} s; run over after {max(each.ended_s for each in stopped):.1f} s (longest)"
    )
    for each in broken:
        print(f"  {each.how}, {each.hold}: {each.wrong} {each.run}")
    return len(broken) + (p99_s > EFFECT_WITHIN_S)


if __name__ == "__main__":
    sys.exit(main())
