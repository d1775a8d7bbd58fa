"""Crash after every prefix of a recorded run's ledger, heal, heal again: the prior state each time.

A run is recorded at each of its steps: after every line of its ledger and after every single change of the
platform, those of its own reverting too. Each of these moments is a crash; what is on disk then and what the
platform is like then is all that healing gets.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drill.faults.ehr import ehr_fault
from drill.faults.ledger import apply, outstanding, revert
from drill.faults.toxiproxy import ProxyState
from drill.journal import Journal, read_stream
from drill.model.events import Event
from drill.reaper.heal import heal_run
from unit.test_ledger import FOREIGN, LINKS, FakeServer, FakeWorld

Moment = tuple[bytes, dict[str, ProxyState]]
TOXICS = ("slow", "blackholed", "resetting")


@dataclass
class Tape:
    """Every moment of a run: its ledger's bytes and the platform's state."""

    path: Path
    moments: list[Moment] = field(default_factory=list)

    def take(self, proxies: dict[str, ProxyState]) -> None:
        """Now."""
        self.moments.append((self.path.read_bytes(), dict(proxies)))


@dataclass
class TapedServer(FakeServer):
    """Every change is a moment."""

    tape: Tape | None = None

    def _write(self, state: ProxyState) -> ProxyState:
        super()._write(state)
        if self.tape is not None:
            self.tape.take(self.proxies)
        return state


class TapedJournal(Journal):
    """Every durable line is one."""

    tape: Tape
    server: FakeServer

    def append(self, event: Event, *, durable: bool = False, t_ns: int | None = None) -> str:
        """See Journal."""
        name = super().append(event, durable=durable, t_ns=t_ns)
        if self._seq > 1:
            self.tape.take(self.server.proxies)
        return name


priors = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=3)
# Several on one link, but no two toxics there: those have one name, and the second is refused.
orders = st.lists(
    st.tuples(st.sampled_from(("refused", "toxic", "errors", "wrong-patient")), st.integers(0, 2)),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


def recorded(folder: Path, server: TapedServer, order: list[tuple[str, int]], toxic: str) -> list[Moment]:
    """A run that injects all of it and then reverts all of it."""
    path = folder / "faults.jsonl"
    journal, world = TapedJournal(path, "r"), FakeWorld(server)
    journal.tape = server.tape = Tape(path)
    journal.server = server
    for number, (mode, link) in enumerate(order):
        fault = ehr_fault(toxic if mode == "toxic" else mode, LINKS[link], "stand-in:2")
        apply(journal, f"f{number}", fault, world)
    revert(journal, outstanding(read_stream(path).events), world, "run")
    journal.abandon()
    server.tape = None
    return journal.tape.moments


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(prior=priors, order=orders, toxic=st.sampled_from(TOXICS))
def test_a_crash_at_any_moment_heals_to_the_state_before(
    prior: list[tuple[bool, bool]], order: list[tuple[str, int]], toxic: str
) -> None:
    """Links that were off stay off, toxics of others stay, and the second healing finds nothing to do."""
    before = {
        link.proxy: ProxyState(
            link.proxy, "127.0.0.1:1", "ehr:1", enabled=on, toxics=(FOREIGN,) if foreign else ()
        )
        for link, (on, foreign) in zip(LINKS, prior, strict=True)
    }
    with tempfile.TemporaryDirectory() as root, mock.patch("drill.faults.ledger.SETTLE_S", 0.0):
        moments = recorded(Path(root), TapedServer("http://x", dict(before)), order, toxic)
        assert moments[-1][1] == before
        for number, (ledger, proxies) in enumerate(moments):
            run = Path(root) / str(number)
            (run / "journal").mkdir(parents=True)
            (run / "journal" / "faults.jsonl").write_bytes(ledger)
            world = FakeWorld(FakeServer("http://x", dict(proxies)))
            assert heal_run(run, world).whole
            assert world.one.proxies == before
            assert heal_run(run, world).restored == ()
            assert world.one.proxies == before
