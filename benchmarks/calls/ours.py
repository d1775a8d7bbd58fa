"""ours HOST PORT CALLS WARM_S SECONDS: the media engine against the echo server; prints what it cost.

Real calls of the product, on the product's engine and lines. The echo server never greets, so they wait
for a greeting: what they send and hear meanwhile is what a call sends and hears at any time.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import gevent

from benchmarks.calls.cost import Meter
from drill.load import script
from drill.load.call import PATIENCE_NS, Call, Identity
from drill.load.engine import Engine
from drill.load.websocket import connect
from drill.model.units import NS_PER_S


class _Counted(Call):
    """A call that counts what it hears."""

    __slots__ = ()
    heard: Iterator[int] = itertools.count()

    def message(self, text: bytes, now_ns: int) -> None:
        next(self.heard)
        super().message(text, now_ns)


def main(host: str, port: str, calls: int, warm_s: float, seconds: float) -> None:
    """All calls are up before the measuring begins, and nobody has lost patience when it ends."""
    if warm_s + seconds >= PATIENCE_NS / NS_PER_S - 2:
        raise SystemExit("the calls would lose patience before the measuring ends")
    engine, ends_ns = Engine(), sys.maxsize
    wheel = gevent.spawn(engine.run)
    for number in range(calls):
        who = Identity(f"CA{number:032d}", f"MZ{number:032d}", "synthetic-0002", "bench-calls")
        call = _Counted(who, script.turns(number), ends_ns, lambda *_: None)
        engine.add(call, connect(f"ws://{host}:{port}/media", 5.0), lambda: None)
    gevent.sleep(warm_s)
    engine.take_lateness()
    meter, before = Meter(), next(_Counted.heard)
    gevent.sleep(seconds)
    meter.tell(next(_Counted.heard) - before - 1, engine.take_lateness().total)
    engine.close("measured")
    wheel.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
