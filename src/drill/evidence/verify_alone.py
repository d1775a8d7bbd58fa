#!/usr/bin/env python3
"""Check a drill's evidence without drill: one file, Python's own library and `cryptography`.

    python verify_alone.py BUNDLE... --key operator.pub [--key reviewer.pub] [--threshold N]

Read `check` first: the chain of links, in order. The first that is broken is named; exit code 0 only when
all hold. Several bundles of one target must follow each other without a gap: `check_sequence`.
The format is told in docs/evidence-format.md. What this does not do: judge the journal again (that needs
the program itself: `drill verify`), and look at RFC 3161 time stamps (`openssl ts -verify`, as printed).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ROLES = ("operator", "reviewer")
NAME = re.compile(r"[a-z0-9][\w-]*(\.[\w-]+)*(/[A-Za-z0-9][\w-]*(\.[\w-]+)*)?", re.ASCII)
DSSE, IN_TOTO = "application/vnd.in-toto+json", "https://in-toto.io/Statement/v1"

Table = dict[str, Any]
Members = dict[str, bytes]
Checked = tuple[Table, Members, int]


class Broken(Exception):  # noqa: N818  # it is the finding, not a mistake of this program
    """The first broken link: `Broken(link, sentence)`."""


@contextmanager
def link(name: str) -> Iterator[None]:
    """One link of the chain: whatever goes wrong while it is looked at breaks it."""
    try:
        yield
    except Exception as error:  # a bundle may be anything: whatever it causes is that link's, none is dropped
        raise Broken(name, str(error) or f"it was changed ({type(error).__name__})") from error


def need(holds: object, sentence: str) -> None:
    """Stop where something does not hold."""
    if not holds:
        raise ValueError(sentence)


def check(bundle: bytes, trusted: set[str], threshold: int) -> Checked:
    """One bundle, link by link; returns its record, its members and the newest run that it knows of."""
    with link("container"):
        members = members_of(bundle)
    with link("seal"):
        need("seals/operator.json" in members, "nobody sealed it as its operator")
        sealed = {role: members.get(f"seals/{role}.json") for role in ROLES}
        seals = {role: seal(data, role) for role, data in sealed.items() if data is not None}
    with link("signer"):
        check_signers([said["keyid"] for said in seals.values()], trusted, threshold)
    with link("content"):
        check_content(members, seals)
    with link("record"):
        record = check_record(members, seals)
    with link("journal"):
        readings = check_journal(members, seals["operator"]["said"]["streams"], record)
    with link("clock"):
        signed = [seconds(said["sealed_utc"]) for said in seals.values()]
        check_clock([seconds(record["created_utc"]), *readings, *signed])
    for name in members:
        if name.endswith(".tsr"):
            of = name.replace(".tsr", ".json")
            print(f"  not looked at: openssl ts -verify -in {name} -data {of} -CAfile ROOT.pem")
    return record, members, int(seals["operator"]["said"]["latest"])


def members_of(data: bytes) -> Members:
    """A tar whose every byte but the members' data follows from their names and sizes."""
    found: Members = {}
    at, last = 0, ""
    while (block := data[at : at + 512]) != bytes(512):
        name, octal = block[:100].rstrip(b"\0").decode("ascii", "replace"), block[124:135]
        size = int(octal, 8) if re.fullmatch(rb"[0-7]{11}", octal) else 0
        end = at + 512 + size
        after = end + -size % 512
        right = NAME.fullmatch(name) and block == header(name.encode(), size) and name > last
        right = right and after <= len(data) and not any(data[end:after])
        need(right, f"no member of a bundle begins at byte {at}")
        found[name], at, last = data[at + 512 : end], after, name
    need(data[at:] == bytes(1024), "it does not end where a bundle ends")
    return found


def header(name: bytes, size: int) -> bytes:
    """The 512 bytes that must stand before a member."""
    block = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    block += b" " * 8 + b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """The one spelling of JSON that holds text, whole numbers, lists and tables with plain names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal(data: bytes, role: str) -> Table:
    """What a signer says: a DSSE envelope around an in-toto statement, seen to be signed by its own key.

    Both must be spelled as they are always spelled: then no byte of a seal can be changed unseen.
    """
    envelope = json.loads(data)
    payload = base64.b64decode(envelope["payload"])
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    statement = json.loads(payload)
    said = statement["predicate"]
    pem = said["signer"]["public_key"].encode()
    check_signature(pem, signature, payload)
    same = {
        "payload": base64.b64encode(payload).decode(), "payloadType": DSSE,
        "signatures": [{"keyid": keyid(pem), "sig": base64.b64encode(signature).decode()}],
    }  # fmt: skip
    found = (statement["_type"], statement["predicateType"], said["role"], said["signer"]["keyid"])
    right = found == (IN_TOTO, "urn:drill:evidence:v1", role, keyid(pem))
    right = right and data == canonical(same) and payload == canonical(statement)
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    right = right and len(subjects) == len(statement["subject"])
    need(right, f"the {role}'s is spelled otherwise than a seal: it was changed")
    return {**said, "subjects": subjects, "keyid": keyid(pem)}


def check_signature(pem: bytes, signature: bytes, payload: bytes) -> None:
    """Raises when this key did not sign this payload; DSSE signs type, payload and their lengths."""
    signed = b"DSSEv1 %d %s %d %s" % (len(DSSE), DSSE.encode(), len(payload), payload)
    key = serialization.load_pem_public_key(pem)
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise TypeError("it is signed with another kind of key")


def keyid(pem: bytes) -> str:
    """SHA-256 of a public key in DER."""
    der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(serialization.load_pem_public_key(pem).public_bytes(der, form))


def check_signers(ids: Sequence[str], trusted: set[str], threshold: int) -> None:
    """Enough keys that were brought along have signed, and nobody twice."""
    need(len(set(ids)) == len(ids), "operator and reviewer are the same key")
    known = len(trusted.intersection(ids))
    enough = known >= (threshold or len(trusted)) and known
    need(enough, f"{known} of the keys given here signed it; it is signed by {', '.join(ids)}")


def check_content(members: Members, seals: Table) -> None:
    """Every member is the one that was sealed, none is missing or added."""
    digests = {name: sha256(data) for name, data in members.items()}
    for number, (role, said) in enumerate(seals.items()):
        later = {f"seals/{each}{end}" for each in ROLES[number:] for end in (".json", ".tsr")}
        stands = {name: digest for name, digest in digests.items() if name not in later}
        apart = sorted(dict(stands.items() ^ said["subjects"].items()))
        need(not apart, f"not as the {role} sealed it: {', '.join(apart[:3])}")


def check_record(members: Members, seals: Table) -> Table:
    """Number, plan, environment and seals are of one run."""
    record: Table = json.loads(members["run.json"])
    said, before = seals["operator"]["said"], record["previous"]
    told = {name: str(record[name]) for name in ("target", "number", "run_id")}
    told["record_sha256"] = sha256(members["run.json"])
    need(told.items() <= said.items(), "run.json is not of the run that was sealed")
    need(all(each["said"] == said for each in seals.values()), "operator and reviewer do not say the same")
    need((before["number"] if before else 0) == record["number"] - 1, "it does not name the run before it")
    for name in ("plan", "environment"):
        need(record[f"{name}_sha256"] == sha256(members[f"{name}.json"]), f"{name}.json is of another run")
    return record


def check_journal(members: Members, streams: Sequence[Table], record: Table) -> list[float]:
    """Every line follows from the one before, up to the heads that were sealed.

    Returns what the host's clock said during the run, in the order of its steady clock.
    """
    names = [name[8:-6] for name in members if name.startswith("journal/")]
    need(names == [sealed["name"] for sealed in streams], "there are other streams than were sealed")
    readings = []
    for sealed in streams:
        name, events = sealed["name"], int(sealed["events"])
        lines = members[f"journal/{name}.jsonl"].split(b"\n")
        ends = len(lines) == events + 1 and not lines[-1]
        need(ends or sealed["fault"], f"{name} does not end where it was sealed")
        chain = sha256(f"drill-journal-v1:{name}".encode())
        for number, line in enumerate(lines[:events]):
            body = line[:-76] + b"}"  # without `,"chain":"…"`, which the line ends with
            chain = sha256(chain.encode() + body)
            need(chain.encode() == line[-66:-2], f"{name}.jsonl:{number + 1} does not follow")
            event = json.loads(body)
            mine = event["n"] == number and event.get("run_id", record["run_id"]) == record["run_id"]
            mine = mine and event.get("plan_digest", record["plan_sha256"]) == record["plan_sha256"]
            need(mine, f"{name}.jsonl:{number + 1} is of another run")
            if event["kind"] == "clock.anchor":
                readings.append((event["t_ns"], event["utc_ns"] / 1e9))
        need(chain == sealed["head"], f"{name} is not the stream that was sealed")
    return [utc_s for _, utc_s in sorted(readings)]


def check_clock(told: Sequence[float]) -> None:
    """Moments in their order: the host's clock was never set back by more than five seconds."""
    latest = 0.0
    for now in told:
        need(now >= latest - 5, f"the clock was set back, to {now} seconds after 1970")
        latest = max(latest, now)


def seconds(utc: str) -> float:
    """Seconds since 1970 of a moment as the bundle spells it."""
    return datetime.fromisoformat(utc).timestamp()


def check_sequence(checked: Sequence[Checked]) -> None:
    """No number of a target is missing, and each run names the one before it as it is here."""
    for target in sorted({record["target"] for record, _, _ in checked}):
        own = [each for each in checked if each[0]["target"] == target]
        runs = {record["number"]: (record, members) for record, members, _ in own}
        need(len({m["run.json"] for _, m, _ in own}) == len(runs), f"{target}: two runs have one number")
        due = range(min(runs), max(*runs, *(latest for _, _, latest in own)) + 1)
        missing = ", ".join(str(number) for number in due if number not in runs)
        need(not missing, f"{target}: no bundle of run {missing}")
        for number in due[1:]:
            (earlier, members), (record, _) = runs[number - 1], runs[number]
            before = record["previous"]
            same = before["record_sha256"] == sha256(members["run.json"])
            for stream, head in before["heads"].items():
                line = f',"chain":"{head}"}}\n'.encode()
                same = same and line in members.get(f"journal/{stream}.jsonl", b"")
            need(same, f"{target}: run {number - 1} is not the one that run {number} names")
            check_clock([seconds(earlier["created_utc"]), seconds(record["created_utc"])])


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: every link holds; 1: one is broken."""
    parser = argparse.ArgumentParser(description="Check a drill's evidence without drill.")
    parser.add_argument("bundle", nargs="+", type=Path)
    parser.add_argument("--key", action="append", required=True, type=Path, help="public key, from elsewhere")
    parser.add_argument("--threshold", type=int, default=0, help="how many of the keys must have signed")
    given = parser.parse_args(argv)
    trusted = {keyid(path.read_bytes()) for path in given.key}
    checked: list[Checked] = []
    for path in given.bundle:
        try:
            with link("container"):
                data = path.read_bytes()
            checked.append(check(data, trusted, given.threshold))
            print(f"{path}: VERIFIED: run {checked[-1][0]['number']} of target {checked[-1][0]['target']}")
        except Broken as error:
            print(f"{path}: BROKEN: {': '.join(error.args)}")
    try:
        with link("sequence"):
            check_sequence(checked if len(given.bundle) > 1 else [])
    except Broken as error:
        print(f"BROKEN: {': '.join(error.args)}")
        return 1
    return 0 if len(checked) == len(given.bundle) else 1


if __name__ == "__main__":
    sys.exit(main())
