"""A bundle that was left alone verifies; one that was not names the first broken link."""

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from drill.evidence import container, seals, verify_alone
from drill.evidence.bundle import opened, read_bundle
from drill.evidence.keys import TrustedKey, read_public
from drill.evidence.sealing import countersign, seal
from drill.evidence.sequence import Wanted, sequence
from drill.evidence.verify import Trust, Verification, verify, verify_file
from drill.journal import genesis
from drill.model.errors import DefinitionError, JournalError
from drill.model.verdicts import Status
from histories import outage
from histories import plan as a_plan
from sealed import BEGAN, LATER, bundles, signing, small, stored, write

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small run, sealed by two."""
    folder = tmp_path_factory.mktemp("sealed")
    run = stored(folder / "runs")
    seal(run, signing(folder / "operator"), folder / "b.evidence.tar")
    countersign(folder / "b.evidence.tar", signing(folder / "reviewer", BEGAN + 2 * LATER))
    signing(folder / "stranger")
    return folder


def trust(home: Path, *names: str, threshold: int = 0) -> Trust:
    return Trust(tuple(TrustedKey(read_public(home / f"{name}.pub")) for name in names), threshold)


def both(home: Path, data: bytes, names: tuple[str, ...] = ("operator", "reviewer")) -> tuple[str, str]:
    """The broken link as the program names it and as the verifier that stands alone does; "" for none."""
    given = trust(home, *names)
    found = verify_file(io.BytesIO(data), home / "b.evidence.tar", given)
    with contextlib.redirect_stdout(io.StringIO()):
        return found.broken.name if found.broken else "", alone(data, {k.key.keyid for k in given.keys})


def alone(data: bytes, keys: set[str]) -> str:
    try:
        verify_alone.check(data, keys, 0)
    except verify_alone.Broken as error:
        return str(error.args[0])
    return ""


def unpacked(path: Path) -> Members:
    with opened(path) as reader:
        return {name: reader.document(name) for name in reader.members}


def packed(members: Members, folder: Path) -> bytes:
    container.write_container(folder / "packed.tar", members)
    return (folder / "packed.tar").read_bytes()


def sealed_anew(
    members: Members, home: Path, key: str = "operator", later: timedelta = LATER,
    change: Callable[[seals.Said], seals.Said] = lambda said: said,
) -> Members:  # fmt: skip
    """As a forger would who has a key: every digest made to fit."""
    said = seals.parse_seal(members["seals/operator.json"], "operator").said
    inside = {name: data for name, data in members.items() if not name.startswith("seals/")}
    digests = {name: verify_alone.sha256(data) for name, data in inside.items()}
    who = signing(home / key, BEGAN + later)
    return {
        **inside,
        "seals/operator.json": seals.sign(who.who, who.key, "operator", who.utc(), change(said), digests),
    }


# --- left alone ---


def test_a_bundle_that_was_left_alone_verifies(home: Path) -> None:
    found = verify(home / "b.evidence.tar", trust(home, "operator", "reviewer"))
    assert found.status is Status.PASS
    assert [link.name for link in found.links] == [
        "container", "seal", "signer", "content", "record", "journal", "clock", "timestamp", "verdict",
    ]  # fmt: skip
    assert both(home, (home / "b.evidence.tar").read_bytes()) == ("", "")


def test_a_whole_run_verifies_and_is_judged_again(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs", [e for e in outage() if e[0] != "control"] + control_of(tmp_path))
    bundle = seal(run, signing(tmp_path / "operator"), tmp_path / "b.evidence.tar")
    found = verify(bundle, trust(tmp_path, "operator"))
    assert found.status is Status.PASS
    assert found.links[-1].sentence.endswith("all 34 verdicts the same")
    assert [s.name for s in read_bundle(bundle).streams] == sorted({stream for stream, _, _ in outage()})


def control_of(folder: Path) -> list:
    """The conductor's stream of the reference run, under the id that `stored` gives."""
    run_id = f"{BEGAN:%Y%m%dT%H%M%SZ}-000001"
    return [
        (s, t, dataclasses.replace(e, run_id=run_id) if hasattr(e, "run_id") else e)
        for s, t, e in outage()
        if s == "control"
    ]


def test_the_same_run_and_moment_give_the_same_bytes(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs")
    first, second = (seal(run, signing(tmp_path / "k"), tmp_path / name) for name in ("a.tar", "b.tar"))
    assert first.read_bytes() == second.read_bytes()


def test_a_run_whose_writer_died_is_sealed_as_it_is(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs")
    load = run / "journal" / "load.jsonl"
    load.write_bytes(load.read_bytes()[:-30])
    bundle = seal(run, signing(tmp_path / "operator"), tmp_path / "b.evidence.tar")
    found = verify(bundle, trust(tmp_path, "operator"))
    assert found.status is Status.PASS
    journal = next(link for link in found.links if link.name == "journal")
    assert "not whole: load.jsonl:3: the last line is torn" in journal.sentence
    assert alone(bundle.read_bytes(), {read_public(tmp_path / "operator.pub").keyid}) == ""


def test_a_run_that_ended_before_it_began_can_be_sealed(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs", entries=[])
    bundle = seal(run, signing(tmp_path / "operator"), tmp_path / "b.evidence.tar")
    found = verify(bundle, trust(tmp_path, "operator"))
    assert (found.status, found.overall) == (Status.PASS, "UNKNOWN")


# --- whose key ---


def test_another_key_is_named(home: Path) -> None:
    data = (home / "b.evidence.tar").read_bytes()
    assert both(home, data, ("stranger",)) == ("signer", "signer")


def test_re_signed_with_another_key_is_named(home: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home, key="stranger")
    assert both(home, packed(members, home), ("operator",)) == ("signer", "signer")


def test_two_keys_given_and_one_signature_there_is_not_enough(home: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home)
    assert both(home, packed(members, home)) == ("signer", "signer")


def test_one_of_two_is_enough_only_when_that_is_asked_for(home: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home)
    (home / "one.tar").write_bytes(packed(members, home))
    assert verify(home / "one.tar", trust(home, "operator", "reviewer", threshold=1)).status is Status.PASS


def test_a_signature_that_was_not_asked_for_is_told_and_does_not_count(home: Path) -> None:
    found = verify(home / "b.evidence.tar", trust(home, "operator"))
    told = next(link.sentence for link in found.links if link.name == "signer")
    reviewer = read_public(home / "reviewer.pub").keyid[:16]
    assert told == f"operator signed with a key given here; not asked for: reviewer {reviewer}"


def test_a_key_counts_in_its_own_role_only(home: Path) -> None:
    reviewer = TrustedKey(read_public(home / "operator.pub"), "reviewer")
    assert verify(home / "b.evidence.tar", Trust((reviewer,))).broken.name == "signer"


def test_a_reviewer_cannot_be_the_operator(tmp_path: Path) -> None:
    bundle = seal(stored(tmp_path / "runs"), signing(tmp_path / "operator"), tmp_path / "b.tar")
    with pytest.raises(DefinitionError, match="must be somebody else"):
        countersign(bundle, signing(tmp_path / "operator"))


def test_one_key_in_both_roles_is_named(home: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home)
    who = signing(home / "operator", BEGAN + 2 * LATER)
    said = seals.parse_seal(members["seals/operator.json"], "operator").said
    digests = {name: verify_alone.sha256(data) for name, data in members.items()}
    members["seals/reviewer.json"] = seals.sign(who.who, who.key, "reviewer", who.utc(), said, digests)
    assert both(home, packed(members, home), ("operator",)) == ("signer", "signer")


def test_a_review_moved_to_another_bundle_is_named(home: Path, tmp_path: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home, later=LATER * 1.5)
    members["seals/reviewer.json"] = unpacked(home / "b.evidence.tar")["seals/reviewer.json"]
    assert both(home, packed(members, tmp_path)) == ("content", "content")


# --- changed members, sealed or not ---


def swapped(members: Members) -> Members:
    one, two = "journal/load.jsonl", "journal/probes.jsonl"
    return {**members, one: members[two], two: members[one]}


def edited(name: str, old: bytes, new: bytes) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        assert old in members[name]
        return {**members, name: members[name].replace(old, new, 1)}

    return change


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {n: data for n, data in members.items() if n != name}


def rechained(old: bytes, new: bytes, name: str = "control") -> Callable[[Members], Members]:
    """A line changed, and the chain of the whole stream worked out anew."""

    def change(members: Members) -> Members:
        lines, chain = [], genesis(name)
        for line in members[f"journal/{name}.jsonl"].replace(old, new, 1).splitlines():
            body = line[:-76].decode() + "}"
            chain = verify_alone.sha256((chain + body).encode())
            lines.append(f'{body[:-1]},"chain":"{chain}"}}\n')
        return {**members, f"journal/{name}.jsonl": "".join(lines).encode()}

    return change


TAMPERED = {
    "streams swapped": swapped,
    "a stream dropped": without("journal/faults.jsonl"),
    "a stream added": lambda m: {**m, "journal/extra.jsonl": m["journal/load.jsonl"]},
    "a line edited": edited("journal/faults.jsonl", b"ehr-blackholed", b"ehr-slow------"),
    "a line edited and chained anew": rechained(b"ehr-blackholed", b"ehr-slow", "faults"),
    "a limit raised": edited("plan.json", b'"within_s":30.0', b'"within_s":99.0'),
    "a verdict turned": edited("verdicts.json", b'"UNKNOWN"', b'"PASS"'),
    "the number changed": edited("run.json", b'"number":1', b'"number":2'),
    "the environment changed": edited("environment.json", b'"python":"', b'"python":"J'),
    "the target changed": edited("artefacts/target.toml", b"8080", b"8081"),
    "an artefact added": lambda m: {**m, "artefacts/note.txt": b"approved"},
    "the clock set back": rechained(b'"utc_ns":17', b'"utc_ns":16'),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_after_the_seal_is_named(home: Path, what: str) -> None:
    members = TAMPERED[what](unpacked(home / "b.evidence.tar"))
    assert both(home, packed(members, home)) == ("content", "content")


SEALED_ANEW = {
    "streams swapped": (swapped, "journal"),
    "a stream dropped": (without("journal/faults.jsonl"), "journal"),
    "a line edited": (TAMPERED["a line edited"], "journal"),
    "a line edited and chained anew": (TAMPERED["a line edited and chained anew"], "journal"),
    "a limit raised": (TAMPERED["a limit raised"], "record"),
    "the number changed": (TAMPERED["the number changed"], "record"),
    "the environment changed": (TAMPERED["the environment changed"], "record"),
}


@pytest.mark.parametrize("what", SEALED_ANEW)
def test_what_its_own_sealer_changed_is_named(home: Path, what: str) -> None:
    change, link = SEALED_ANEW[what]
    members = sealed_anew(change(unpacked(home / "b.evidence.tar")), home)
    assert both(home, packed(members, home), ("operator",)) == (link, link)


def test_a_verdict_that_the_journal_does_not_give_is_named(home: Path) -> None:
    """Only who judges again can see this one."""
    turned = TAMPERED["a verdict turned"](unpacked(home / "b.evidence.tar"))
    members = sealed_anew(turned, home)
    assert both(home, packed(members, home), ("operator",)) == ("verdict", "")


def test_other_judging_code_that_disagrees_is_unknown_not_broken(home: Path) -> None:
    turned = TAMPERED["a verdict turned"](unpacked(home / "b.evidence.tar"))
    other = seals.Judge("0.0.9", "b" * 64)
    members = sealed_anew(turned, home, change=lambda said: dataclasses.replace(said, judge=other))
    (home / "other.tar").write_bytes(packed(members, home))
    found = verify(home / "other.tar", trust(home, "operator"))
    assert found.status is Status.UNKNOWN
    assert "sealed by drill 0.0.9 (bbbbbbbbbbbb), judged now by" in found.links[-1].sentence


def test_a_seal_before_the_end_of_the_run_is_named(home: Path) -> None:
    members = sealed_anew(unpacked(home / "b.evidence.tar"), home, later=-LATER)
    assert both(home, packed(members, home), ("operator",)) == ("clock", "clock")


def test_a_clock_set_back_within_the_run_is_named(home: Path, tmp_path: Path) -> None:
    entries = small(a_plan(), f"{BEGAN:%Y%m%dT%H%M%SZ}-000001", BEGAN)
    entries[2] = (
        *entries[2][:2],
        dataclasses.replace(entries[2][2], utc_ns=entries[2][2].utc_ns - 60 * 10**9),
    )
    run = stored(tmp_path / "runs", entries)
    bundle = seal(run, signing(home / "operator"), tmp_path / "b.tar")
    assert both(home, bundle.read_bytes(), ("operator",)) == ("clock", "clock")


# --- several runs ---


def checked(paths: list[Path], folder: Path) -> list[Verification]:
    return [verify(path, trust(folder, "operator")) for path in paths]


def test_a_dropped_run_is_named_with_its_id(tmp_path: Path) -> None:
    found = checked(bundles(tmp_path, [1, 2, 4]), tmp_path)
    (link,) = sequence(found)
    assert link.status is Status.FAIL
    assert "no bundle of run 3 (" in link.sentence and "-000003)" in link.sentence
    assert alone_sequence(tmp_path, [1, 2, 4]) == 1


def test_runs_without_a_gap_verify(tmp_path: Path) -> None:
    found = checked(bundles(tmp_path, [1, 2, 3]), tmp_path)
    assert [link.status for link in sequence(found)] == [Status.PASS]
    assert alone_sequence(tmp_path, [1, 2, 3]) == 0


def alone_sequence(folder: Path, numbers: list[int]) -> int:
    paths = [str(folder / f"{n}.evidence.tar") for n in numbers]
    with contextlib.redirect_stdout(io.StringIO()):
        return verify_alone.main([*paths, "--key", str(folder / "operator.pub")])


def test_the_last_run_is_missed_when_an_earlier_one_was_sealed_after_it(tmp_path: Path) -> None:
    first = stored(tmp_path / "runs", number=1)
    stored(tmp_path / "runs", number=2)
    seal(first, signing(tmp_path / "operator", BEGAN + timedelta(days=2)), tmp_path / "1.evidence.tar")
    found = checked([tmp_path / "1.evidence.tar"], tmp_path)
    assert "no bundle of run 2" in sequence(found)[0].sentence
    assert sequence(found, Wanted(1, 1))[0].status is Status.PASS


def test_a_run_put_in_the_place_of_another_is_named(tmp_path: Path) -> None:
    bundles(tmp_path, [1, 2])
    other = stored(tmp_path / "others", number=1, began=BEGAN + timedelta(hours=1))
    seal(other, signing(tmp_path / "operator", BEGAN + timedelta(hours=2)), tmp_path / "1.evidence.tar")
    (link,) = sequence(checked([tmp_path / "1.evidence.tar", tmp_path / "2.evidence.tar"], tmp_path))
    assert "run 1 is not the one that run 2 names" in link.sentence
    assert alone_sequence(tmp_path, [1, 2]) == 1


def test_a_journal_written_anew_after_the_next_run_began_is_named(tmp_path: Path) -> None:
    first = stored(tmp_path / "runs", number=1)
    second = stored(tmp_path / "runs", number=2)
    (first / "journal" / "faults.jsonl").unlink()
    write(first / "journal", small(a_plan(), first.name, BEGAN)[4:5], first.name)
    signed = [
        seal(run, signing(tmp_path / "operator", BEGAN + timedelta(days=3)), tmp_path / f"{n}.evidence.tar")
        for n, run in enumerate((first, second), start=1)
    ]
    (link,) = sequence(checked(signed, tmp_path))
    assert "stream 'faults' of run 1 is not what run 2 saw of it" in link.sentence
    assert alone_sequence(tmp_path, [1, 2]) == 1


def test_two_folders_of_runs_cannot_be_passed_off_as_one(tmp_path: Path) -> None:
    one = bundles(tmp_path, [1])
    other = stored(tmp_path / "others", number=1, began=BEGAN + timedelta(hours=1))
    seal(other, signing(tmp_path / "operator", BEGAN + timedelta(hours=2)), tmp_path / "x.evidence.tar")
    (link,) = sequence(checked([*one, tmp_path / "x.evidence.tar"], tmp_path))
    assert "two runs say that they are number 1" in link.sentence


# --- before it is sealed ---


def test_a_folder_from_before_numbers_cannot_be_sealed(tmp_path: Path) -> None:
    run = stored(tmp_path / "runs")
    (run / "run.json").unlink()
    with pytest.raises(JournalError, match=r"holds no run\.json"):
        seal(run, signing(tmp_path / "operator"), tmp_path / "b.tar")


def test_logs_and_reports_are_no_evidence(home: Path) -> None:
    assert not [name for name in unpacked(home / "b.evidence.tar") if "log" in name or "report" in name]


def test_the_statement_is_in_toto_in_dsse(home: Path) -> None:
    envelope = json.loads(unpacked(home / "b.evidence.tar")["seals/operator.json"])
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert len(envelope["signatures"]) == 1
