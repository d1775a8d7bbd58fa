#!/usr/bin/env python3
"""Check a drill's evidence without drill: one file, Python's own library and `cryptography`.

    python verify_alone.py BUNDLE... --key operator.pub [--key reviewer.pub] [--threshold N]

Prints every link of the chain that holds, and the first that is broken; exit code 0 only when all hold.
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
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ROLES = ("operator", "reviewer")
NAME = re.compile(
    r"[a-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)?"
)
UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)

Members = dict[str, bytes]
Seals = dict[str, dict[str, Any]]
Checked = tuple[dict[str, Any], Members, int]


class Broken(Exception):  # noqa: N818  # it is the finding, not a mistake of this program
    """The first broken link: `Broken(link, sentence)`."""


def need(holds: object, link: str, sentence: str) -> None:
    """Stop at the first link that does not hold."""
    if not holds:
        raise Broken(link, sentence)


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """The one spelling of JSON that holds text, whole numbers, lists and tables with plain names."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# --- container: a tar whose every byte but the members' data follows from their names and sizes ---


def header(name: bytes, size: int) -> bytes:
    """The 512 bytes that must stand before a member."""
    block = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    block += b" " * 8 + b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def members_of(data: bytes) -> Members:
    """The members of a bundle by name."""
    found: Members = {}
    at, last = 0, ""
    while data[at : at + 512] != bytes(512):
        block = data[at : at + 512]
        name, octal = block[:100].rstrip(b"\0").decode("ascii", "replace"), block[124:135]
        size = int(octal, 8) if re.fullmatch(rb"[0-7]{11}", octal) else -1
        end = at + 512 + size
        after = end + -size % 512
        right = NAME.fullmatch(name) and size >= 0 and block == header(name.encode(), size)
        right = right and name > last and after <= len(data)
        need(right and not any(data[end:after]), "container", f"no member of a bundle begins at byte {at}")
        found[name], at, last = data[at + 512 : end], after, name
    need(data[at:] == bytes(1024), "container", "it does not end where a bundle ends")
    return found


# --- seals: DSSE envelopes, each around an in-toto statement that holds role, key and digests ---


def seals_of(members: Members) -> Seals:
    """What each signer says, once its own key is seen to have signed it; the operator's first."""
    found: Seals = {}
    for role in ROLES:
        if (name := f"seals/{role}.json") in members:
            try:
                found[role] = seal(members[name], role)
            except (ValueError, KeyError, TypeError, RecursionError, InvalidSignature) as error:
                raise Broken("seal", f"{name}: it was changed ({type(error).__name__})") from error
    need("operator" in found, "seal", "nobody sealed it as its operator")
    return found


def seal(data: bytes, role: str) -> dict[str, Any]:
    """One signer's predicate, with its subjects and its key's id."""
    envelope = json.loads(data)
    payload = base64.b64decode(envelope["payload"], validate=True)
    signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    statement = json.loads(payload)
    said = statement["predicate"]
    pem = said["signer"]["public_key"].encode()
    key = serialization.load_pem_public_key(pem)
    signed_type = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(signed_type), signed_type, len(payload), payload)
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise ValueError("another kind of key")
    same = {
        "payload": base64.b64encode(payload).decode(), "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"keyid": keyid(pem), "sig": base64.b64encode(signature).decode()}],
    }  # fmt: skip
    kinds = (statement["_type"], statement["predicateType"])
    if data != canonical(same) or payload != canonical(statement) or said["role"] != role:
        raise ValueError("spelled otherwise than a seal")
    if kinds != ("https://in-toto.io/Statement/v1", "urn:drill:evidence:v1"):
        raise ValueError("another format")
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    if len(subjects) != len(statement["subject"]) or said["signer"]["keyid"] != keyid(pem):
        raise ValueError("says two things at once")
    return {**said, "subjects": subjects, "keyid": keyid(pem)}


def keyid(pem: bytes) -> str:
    """SHA-256 of the public key in DER."""
    key = serialization.load_pem_public_key(pem)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(key.public_bytes(serialization.Encoding.DER, form))


def check_signers(seals: Seals, trusted: set[str], threshold: int) -> None:
    """Enough keys that were brought along have signed, and nobody twice."""
    ids = [each["keyid"] for each in seals.values()]
    need(len(set(ids)) == len(ids), "signer", "operator and reviewer are the same key")
    known = [each for each in ids if each in trusted]
    enough = len(known) >= (threshold or len(trusted)) and known
    need(enough, "signer", f"{len(known)} of the keys given here signed it; it is signed by {', '.join(ids)}")


def check_content(members: Members, seals: Seals) -> None:
    """Every member is the one that was sealed."""
    digests = {name: sha256(data) for name, data in members.items()}
    for number, (role, said) in enumerate(seals.items()):
        later = {f"seals/{each}{end}" for each in ROLES[number:] for end in (".json", ".tsr")}
        stands = {name: digest for name, digest in digests.items() if name not in later}
        apart = sorted(dict(stands.items() ^ said["subjects"].items()))
        need(not apart, "content", f"not as the {role} sealed it: {', '.join(apart[:3])}")


# --- the run: its number, its plan, its journal, its clock ---


def check_record(members: Members, seals: Seals) -> dict[str, Any]:
    """The run's record fits plan, environment and seals."""
    record: dict[str, Any] = json.loads(members["run.json"])
    told = {
        "target": record["target"], "number": str(record["number"]), "run_id": record["run_id"],
        "record_sha256": sha256(members["run.json"]),
    }  # fmt: skip
    first, before = seals["operator"]["said"], record["previous"]
    fits = all(first[name] == value for name, value in told.items())
    fits = fits and all(each["said"] == first for each in seals.values())
    fits = fits and (before["number"] if before else 0) == record["number"] - 1
    fits = fits and record["plan_sha256"] == sha256(members["plan.json"])
    fits = fits and record["environment_sha256"] == sha256(members["environment.json"])
    need(fits, "record", "run.json does not fit the plan, the environment or the seals")
    return record


def check_journal(members: Members, seals: Seals, record: dict[str, Any]) -> list[float]:
    """Every line follows from the one before, up to the heads that were sealed; returns UTC readings."""
    sealed = {each["name"]: each for each in seals["operator"]["said"]["streams"]}
    names = [name[8:-6] for name in members if name.startswith("journal/")]
    need(names == list(sealed), "journal", "there are other streams than were sealed")
    anchors = []
    for name in names:
        lines = members[f"journal/{name}.jsonl"].split(b"\n")
        events, whole = int(sealed[name]["events"]), not sealed[name]["fault"]
        ends = whole and (len(lines) != events + 1 or lines[-1])
        need(not ends, "journal", f"{name} does not end where it was sealed")
        head = sha256(f"drill-journal-v1:{name}".encode())
        for number, line in enumerate(lines[:events]):
            body, stated = line[:-76] + b"}", line[-66:-2].decode("ascii", "replace")
            head = sha256(head.encode() + body)
            event = json.loads(body) if head == stated else {}
            follows = event.get("n") == number and event.get("run_id", record["run_id"]) == record["run_id"]
            follows = follows and event.get("plan_digest", record["plan_sha256"]) == record["plan_sha256"]
            need(follows, "journal", f"{name}.jsonl:{number + 1} does not follow, or is of another run")
            if event["kind"] == "clock.anchor":
                anchors.append((event["t_ns"], event["utc_ns"] / 1e9))
        need(head == sealed[name]["head"], "journal", f"{name} is not the stream that was sealed")
    return [utc_s for _, utc_s in sorted(anchors)]


def check_clock(record: dict[str, Any], anchors: list[float], seals: Seals) -> None:
    """Begun, conducted, sealed: the host's clock was never set back by more than five seconds."""
    told = [seconds(record["created_utc"]), *anchors, *(seconds(s["sealed_utc"]) for s in seals.values())]
    back = [earlier for at, earlier in enumerate(told) if earlier < max(told[: at + 1]) - 5]
    need(not back, "clock", f"the clock was set back, to {back[:1]} seconds after 1970")


def seconds(utc: str) -> float:
    """Seconds since 1970 of a moment as the bundle spells it."""
    return datetime.fromisoformat(utc).timestamp()


def check(bundle: bytes, trusted: set[str], threshold: int) -> Checked:
    """One bundle, link by link; returns its record, its members and the newest run it knows of."""
    members = members_of(bundle)
    seals = seals_of(members)
    check_signers(seals, trusted, threshold)
    check_content(members, seals)
    record = check_record(members, seals)
    check_clock(record, check_journal(members, seals, record), seals)
    for name in members:
        if name.endswith(".tsr"):
            of = name.replace(".tsr", ".json")
            print(f"  not looked at: openssl ts -verify -in {name} -data {of} -CAfile ROOT.pem")
    return record, members, int(seals["operator"]["said"]["latest"])


def check_sequence(checked: list[Checked]) -> None:
    """No number of a target is missing, and each names the run before it as it is here."""
    for target in sorted({record["target"] for record, _, _ in checked}):
        of = {r["number"]: (r, m) for r, m, _ in checked if r["target"] == target}
        same = len({m["run.json"] for r, m, _ in checked if r["target"] == target}) == len(of)
        need(same, "sequence", f"{target}: two runs have one number")
        known = max(latest for r, _, latest in checked if r["target"] == target)
        missing = set(range(min(of), max(known, *of) + 1)) - set(of)
        need(not missing, "sequence", f"{target}: no bundle of run {', '.join(map(str, sorted(missing)))}")
        for number in sorted(set(of) - {min(of)}):
            before, (record, members) = of[number][0]["previous"], of[number - 1]
            fits = before["record_sha256"] == sha256(members["run.json"])
            for stream, head in before["heads"].items():
                line = f',"chain":"{head}"}}\n'.encode()
                fits = fits and line in members.get(f"journal/{stream}.jsonl", b"")
            fits = fits and seconds(record["created_utc"]) <= seconds(of[number][0]["created_utc"]) + 5
            need(fits, "sequence", f"{target}: run {number - 1} is not the one that run {number} names")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: every link holds; 1: one is broken."""
    parser = argparse.ArgumentParser(description="Check a drill's evidence without drill.")
    parser.add_argument("bundle", nargs="+", type=Path)
    parser.add_argument("--key", action="append", required=True, type=Path, help="public key, from elsewhere")
    parser.add_argument("--threshold", type=int, default=0, help="how many of the keys must have signed")
    given = parser.parse_args(argv)
    trusted = {keyid(path.read_bytes()) for path in given.key}
    checked, broken = [], False
    for path in given.bundle:
        try:
            checked.append(check(path.read_bytes(), trusted, given.threshold))
            print(f"{path}: VERIFIED: run {checked[-1][0]['number']} of target {checked[-1][0]['target']}")
        except Broken as error:
            broken = True
            print(f"{path}: BROKEN: {error.args[0]}: {error.args[1]}")
        except UNREADABLE as error:
            broken = True
            print(f"{path}: BROKEN: content: it cannot be read: {type(error).__name__}")
    try:
        check_sequence(checked if len(given.bundle) > 1 else [])
    except Broken as error:
        broken = True
        print(f"BROKEN: {error.args[0]}: {error.args[1]}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
