"""ours HOST PORT CALLS WARM_S SECONDS: the media engine against the echo server; prints what it cost.

Real calls of the product, on the product's engine and lines. The echo server never greets, so they wait
for a greeting: what they send and hear meanwhile is what a call sends and hears at any time.
"""

from __future__ import annotations

import sys

import gevent

from benchmarks.calls.cost import Meter
from drill.load import script
from drill.load.call import PATIENCE_NS, Call, Identity
from drill.load.engine import Engine
from drill.load.speech import FRAME_MS
from drill.load.websocket import connect
from drill.model.units import NS_PER_S


def heard(calls: list[Call]) -> int:
    """Frames that all calls together have heard, by how much audio their ears have measured."""
    return sum(call._hearing._all_ns for call in calls) // (FRAME_MS * NS_PER_S // 1000)  # noqa: SLF001  # counting on the way would cost


def main(host: str, port: str, calls: int, warm_s: float, seconds: float) -> None:
    """All calls are up before the measuring begins, and nobody has lost patience when it ends."""
    if warm_s + seconds >= PATIENCE_NS / NS_PER_S - 2:
        raise SystemExit("the calls would lose patience before the measuring ends")
    engine, held = Engine(), list[Call]()
    wheel = gevent.spawn(engine.run)
    for number in range(calls):
        who = Identity(f"CA{number:032d}", f"MZ{number:032d}", "synthetic-0002", "bench-calls")
        held.append(Call(who, script.turns(number), sys.maxsize, lambda *_: None))
        engine.add(held[-1], connect(f"ws://{host}:{port}/media", 30.0), lambda: None)
    gevent.sleep(warm_s)
    engine.take_lateness()
    meter, before = Meter(), heard(held)
    gevent.sleep(seconds)
    sent = engine.take_lateness().total
    meter.tell(heard(held) - before, sent)
    engine.close("measured")
    wheel.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
