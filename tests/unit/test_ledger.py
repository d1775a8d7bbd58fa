"""The fault ledger: whatever was requested is undone, in reverse, back to the state before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drill.faults.ehr import MODES, ehr_fault
from drill.faults.ledger import again, apply, outstanding, revert, revert_surely, unclear
from drill.faults.toxiproxy import ProxyState, Server, Toxic
from drill.journal import Journal, read_stream
from drill.model.errors import NoAnswerError, WorldError
from drill.model.events import FaultFailed, FaultRequested
from drill.model.target import Link

LINKS = tuple(Link(zone, f"ehr-{zone}", "http://127.0.0.1:1") for zone in "abc")
FOREIGN = Toxic("somebody-elses", "latency", "upstream", 1.0, (("latency", 5),))


@dataclass
class FakeServer(Server):
    """A fault proxy server in memory; `broken` names proxies on which every write fails."""

    api: str
    proxies: dict[str, ProxyState]
    broken: set[str] = field(default_factory=set)

    def read(self, name: str) -> ProxyState:
        return self.proxies[name]

    def set_enabled(self, name: str, *, enabled: bool) -> ProxyState:
        return self._write(replace(self.proxies[name], enabled=enabled))

    def set_upstream(self, name: str, upstream: str) -> ProxyState:
        return self._write(replace(self.proxies[name], upstream=upstream))

    def add_toxic(self, name: str, toxic: Toxic) -> ProxyState:
        return self._write(replace(self.proxies[name], toxics=(*self.proxies[name].toxics, toxic)))

    def remove_toxic(self, name: str, toxic: str) -> ProxyState:
        kept = tuple(t for t in self.proxies[name].toxics if t.name != toxic)
        return self._write(replace(self.proxies[name], toxics=kept))

    def _write(self, state: ProxyState) -> ProxyState:
        if state.name in self.broken:
            raise WorldError("the fault proxy gave no answer")
        self.proxies[state.name] = state
        return state


@dataclass
class FakeWorld:
    """One server for every address."""

    one: FakeServer

    def server(self, api: str) -> Server:
        return self.one


def world() -> FakeWorld:
    """Three links: one plain, one disabled by somebody, one with somebody's toxic."""
    plain = [ProxyState(link.proxy, "127.0.0.1:1", "ehr:1", enabled=True, toxics=()) for link in LINKS]
    states = [plain[0], replace(plain[1], enabled=False), replace(plain[2], toxics=(FOREIGN,))]
    return FakeWorld(FakeServer("http://127.0.0.1:1", {state.name: state for state in states}))


def inject(journal: Journal, at: FakeWorld, modes: tuple[str, ...]) -> None:
    for number, (mode, link) in enumerate(zip(modes, LINKS, strict=False)):
        apply(journal, f"f{number}", ehr_fault(mode, link, "stand-in:2"), at)


def test_faults_are_undone_last_first(tmp_path: Path) -> None:
    """The order of undoing is the order of doing, reversed."""
    journal = Journal(tmp_path / "faults.jsonl", "r")
    inject(journal, world(), ("refused", "slow", "errors"))
    journal.seal()
    todo = outstanding(read_stream(tmp_path / "faults.jsonl").events)
    assert [each.fault_id for each in todo] == ["f2", "f1", "f0"]


def test_one_failed_revert_hides_no_other(tmp_path: Path) -> None:
    """A link that cannot be restored is named; the others are restored all the same."""
    at = world()
    before = dict(at.one.proxies)
    path = tmp_path / "faults.jsonl"
    journal = Journal(path, "r")
    inject(journal, at, ("slow", "slow", "slow"))
    at.one.broken = {"ehr-b"}
    journal.flush()
    failures = revert(journal, outstanding(read_stream(path).events), at, "test")
    assert [failure.split(":")[0] for failure in failures] == ["f1"]
    assert (at.one.proxies["ehr-a"], at.one.proxies["ehr-c"]) == (before["ehr-a"], before["ehr-c"])


def test_the_prior_state_is_written_before_the_fault(tmp_path: Path) -> None:
    """A fault that could not be applied is in the ledger with its prior state, and still undone."""
    at = world()
    at.one.broken = {"ehr-a"}
    journal = Journal(tmp_path / "faults.jsonl", "r")
    with pytest.raises(WorldError):
        apply(journal, "f0", ehr_fault("refused", LINKS[0]), at)
    journal.seal()
    events = [r.event for r in read_stream(tmp_path / "faults.jsonl").events]
    requested, failed = (
        next(e for e in events if isinstance(e, kind)) for kind in (FaultRequested, FaultFailed)
    )
    assert events.index(requested) < events.index(failed)
    assert '"enabled":true' in requested.prior
    assert [each.fault_id for each in outstanding(read_stream(tmp_path / "faults.jsonl").events)] == ["f0"]


def test_another_drills_toxic_is_not_taken_over(tmp_path: Path) -> None:
    """A toxic of our name on the link belongs to somebody; nothing is written, nothing is done."""
    at = world()
    journal = Journal(tmp_path / "faults.jsonl", "r")
    inject(journal, at, ("slow",))
    with pytest.raises(WorldError, match="another drill holds it"):
        apply(journal, "f9", ehr_fault("blackholed", LINKS[0]), at)


@pytest.mark.parametrize("mode", MODES)
def test_a_fault_is_the_same_after_its_ledger_entry(mode: str) -> None:
    """Spec out, fault in: nothing is lost on the way through the journal."""
    import json

    from drill.faults import make

    fault = ehr_fault(mode, LINKS[0], "stand-in:2")
    assert make(fault.kind, json.dumps(fault.spec())) == fault


def test_an_unknown_way_to_fail_is_refused_in_words() -> None:
    """The message lists the six ways."""
    with pytest.raises(ValueError, match="wrong-patient"):
        ehr_fault("gone", LINKS[0])


class HungServer(FakeServer):
    """Takes the order, gives no answer, and works it off later."""

    def add_toxic(self, name: str, toxic: Toxic) -> ProxyState:
        raise NoAnswerError("the fault proxy gave no answer: TimeoutError")


def test_an_order_that_got_no_answer_is_undone_once_more_after_a_moment(tmp_path: Path) -> None:
    """What it asked for may come about after the first undoing."""
    hung = HungServer("http://127.0.0.1:1", world().one.proxies)
    hanging = FakeWorld(hung)
    fault = ehr_fault("slow", LINKS[0])
    with Journal(tmp_path / "faults.jsonl", "r") as journal:
        with pytest.raises(NoAnswerError):
            apply(journal, "f1", fault, hanging)
        journal.flush()
        events = read_stream(tmp_path / "faults.jsonl").events
        assert unclear(events) == {"f1"}
        before = dict(hung.proxies)

        def works_it_off(_length_s: float) -> None:
            FakeServer.add_toxic(hung, "ehr-a", fault.toxic)

        assert revert_surely(journal, events, hanging, "test", works_it_off) == []
    assert hung.proxies == before


def test_a_refused_capture_leaves_a_trace(tmp_path: Path) -> None:
    """The record tells that something was to be done and was not; there is nothing to undo."""
    held = Toxic("drill-ehr", "latency", "downstream", 1.0, ())
    world = FakeWorld(FakeServer("x", {"ehr-a": ProxyState("ehr-a", "l", "u", enabled=True, toxics=(held,))}))
    path = tmp_path / "faults.jsonl"
    with Journal(path, "r") as journal, pytest.raises(WorldError):
        apply(journal, "f1", ehr_fault("blackholed", LINKS[0]), world)
    events = read_stream(path).events
    assert ([r.event.fault_id for r in events if isinstance(r.event, FaultFailed)], outstanding(events)) == (
        ["f1"],
        [],
    )


def test_what_is_undone_anew_takes_along_what_was_asked_for_before_it() -> None:
    """The prior state of the later of two faults on a link holds the effect of the earlier one."""
    third, second, first = (FaultRequested(f"f{n}", "ehr", "{}", "{}", "w") for n in (3, 2, 1))
    assert again([third, second, first], {"f2"}) == [second, first]
    assert again([third, second, first], set()) == []
