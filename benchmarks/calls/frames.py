"""What a frame costs: our engine, a plain Locust user and a C client, in turns, several times over."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls import rig
from benchmarks.show import show

ROUNDS = 5
CALLS, NAIVE_CALLS = 200, 60
WARM_S, SECONDS = 1.0, 4.0
PACED_MIN = 0.98
CHEAPER_MIN, CHEAPER_WISH = 8.0, 10.0
FLOOR_MAX, FLOOR_WISH = 1.6, 1.4
OURS, NAIVE, FLOOR, GATHERED = "ours", "websocket-client", "C epoll client", "C, gathering"
_GATHER_MS = "2"  # as the media engine does: what arrives within this time is read together


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU per frame pair, and the share of the frames that were to be sent that really went both ways."""

    us_per_pair: float
    paced: float


def cost_per_frame(folder: Path) -> None:
    """All clients take turns on one core against one server: what disturbs one disturbs the others."""
    client, server = rig.compiled("client", folder), rig.compiled("echo", folder)
    ours_core, other_core = rig.cores()
    clients = {OURS: (rig.module("ours"), CALLS), NAIVE: (rig.module("naive"), NAIVE_CALLS)}
    if client:
        clients |= {FLOOR: ([str(client)], CALLS), GATHERED: ([str(client)], CALLS)}
    costs: dict[str, list[Cost]] = {name: [] for name in clients}
    with rig.serving([server] if server else rig.module("echo"), other_core, folder / "echo.log") as (
        port,
        _,
    ):
        for _ in range(ROUNDS):
            for name, (argv, calls) in clients.items():
                more = [_GATHER_MS] if name == GATHERED else []
                costs[name].append(_measured(argv, ours_core, port, calls, more))
    for name, (_, calls) in clients.items():
        _tell(name, calls, costs[name])
    _ratios(costs)


def _measured(argv: list[str], core: int, port: int, calls: int, more: list[str]) -> Cost:
    out = rig.told([*argv, rig.HOST, str(port), str(calls), str(WARM_S), str(SECONDS), *more], core, 60.0)
    told = json.loads(out)
    return Cost(told["cpu_us"] / max(1, told["pairs"]), told["pairs"] / (calls * SECONDS * 50))


def _tell(name: str, calls: int, costs: list[Cost]) -> None:
    all_us, paced = sorted(cost.us_per_pair for cost in costs), min(cost.paced for cost in costs)
    print(
        f"  {name:<18}{calls:4d} calls {statistics.median(all_us):7.1f} us per frame pair "
        f"(from {all_us[0]:.1f} to {all_us[-1]:.1f}), at least {paced:.1%} of its frames",
        flush=True,
    )
    if paced < PACED_MIN:
        print(f"  {name} was not given its core: too busy a machine for these figures", flush=True)


def _ratios(costs: dict[str, list[Cost]]) -> None:
    """Of the medians; the spread is that of the rounds' own ratios."""
    us = {name: statistics.median(c.us_per_pair for c in found) for name, found in costs.items()}
    show(
        f"frame pair: {NAIVE} / ours (wish {CHEAPER_WISH:g})", us[NAIVE] / us[OURS], CHEAPER_MIN, "x",
        f"at least; {_spread(costs[NAIVE], costs[OURS])}",
    )  # fmt: skip
    if FLOOR not in us:
        print(f"frame pair: ours / {FLOOR}: skipped, there is no C compiler here", flush=True)
        return
    show(
        f"frame pair: ours / {FLOOR} (wish {FLOOR_WISH:g})", us[OURS] / us[FLOOR], FLOOR_MAX, "x",
        f"at most; {_spread(costs[OURS], costs[FLOOR])}",
    )  # fmt: skip
    print(
        f"  beside a C client that gathers what arrives, as ours does: {us[OURS] / us[GATHERED]:.2f}x, "
        f"{_spread(costs[OURS], costs[GATHERED])} (no limit: it is told because it is the harder one)",
        flush=True,
    )


def _spread(above: list[Cost], below: list[Cost]) -> str:
    ratios = [a.us_per_pair / b.us_per_pair for a, b in zip(above, below, strict=True)]
    return f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
