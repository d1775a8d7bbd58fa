"""No secret and no real patient is written down: fields by an allow-list, free text through a net."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drill.journal import Journal, read_stream
from drill.model.events import KINDS, CallStarted, EhrRecord, FaultFailed, TurnEnded
from drill.output import CleanOutput
from drill.redact import FREE_TEXT, HIDDEN, OWN_WORDS, SHAPES, WITHHELD, Redactor, known, secretish, signs

CANARY = "canary-9f3b7d21-never-written"


def test_every_text_of_every_event_is_on_the_list_once() -> None:
    """A new field has to be thought about: whose words does it hold?"""
    listed = [FREE_TEXT, OWN_WORDS, set(SHAPES)]
    texts = {
        field.name
        for kind in KINDS.values()
        for field in dataclasses.fields(typing.cast("typing.Any", kind))
        if typing.get_type_hints(kind)[field.name] in (str, tuple[str, ...])
    }
    assert {name: sum(name in each for each in listed) for name in texts} == dict.fromkeys(texts, 1)


@pytest.mark.parametrize(
    "text",
    [
        f"password={CANARY}",
        f"connection failed: Password: '{CANARY}'",
        f'{{"client_secret": "{CANARY}"}}',
        f"Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}==",
        f"postgresql://drill:{CANARY}@10.0.0.1/voice",
        f"http://host/?api_key={CANARY}&page=2",
        f"x-api-key: {CANARY}",
        f"DB_PASSWORD={CANARY} drill run",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.{CANARY}",
        "AKIA" + "ABCDEFGHIJ234567",
        "member 078-05-1120 called",
    ],
)
def test_what_looks_like_a_secret_goes(text: str) -> None:
    """In any of the spellings that turn up in errors and logs; and a file that holds it is told its line."""
    cleaned = Redactor().clean(text)
    assert HIDDEN in cleaned
    assert "never-written" not in cleaned
    assert not {"ABCDEFGHIJ234567", "078-05-1120"} & set(cleaned.split())
    assert next(signs(f"title: x\n{text}"))[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        "zone a: connection refused",
        "token: ${api_token}",
        "Authorization: Bearer ${token}",
        'passfile = "pgpass"',
        'credentials = "backups/credentials"',
        "secrets: {api: {token: {type: env, key: API_TOKEN}}}",
        "password: [hidden]",
        "postgresql://drill@10.0.0.1:15432/voice",
        "it holds 1234 tokens in 3 pages",
        "2026-11-25T14:00:00Z to 2026-11-25",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    """Names of secrets and addresses without a password are what operators need to read."""
    assert Redactor().clean(text) == text
    assert list(signs(text)) == []


@given(st.text(min_size=8), st.text(), st.text())
def test_a_secret_known_by_value_goes_wherever_it_stands(secret: str, before: str, after: str) -> None:
    """As it is, and cleaning twice changes nothing more of it."""
    cleaned = Redactor([secret]).clean(before + secret + after)
    assert secret not in cleaned.replace(HIDDEN, "") or secret in before + after


def test_a_secret_known_by_value_goes_in_other_spellings_too() -> None:
    """In an address, and in a header."""
    secret = "pass word/with+signs"
    text = f"pass%20word%2Fwith%2Bsigns pass+word%2Fwith%2Bsigns {base64.b64encode(secret.encode()).decode()}"
    assert Redactor([secret]).clean(text) == f"{HIDDEN} {HIDDEN} {HIDDEN}"


def test_secrets_are_known_from_the_environment_and_the_password_file(tmp_path: Path) -> None:
    """By the names of variables, by what DRILL_SECRETS names, and by libpq's fifth field."""
    passfile = tmp_path / "pgpass"
    passfile.write_text("# host:port\nh:5432:*:drill:with\\:colon-12345\n")
    environ = {
        "API_TOKEN": "a" * 9,
        "PWD": "/work",
        "MINE": "m" * 9,
        "OTHER": "o" * 9,
        "DRILL_SECRETS": "MINE, ",
    }
    assert set(known(environ, passfile)) == {"a" * 9, "m" * 9, "with:colon-12345"}
    assert known({}, tmp_path / "absent") == ()


def test_names_that_say_so() -> None:
    """And those that only sound like it."""
    assert all(map(secretish, ("password", "X-Api-Key", "GITHUB_TOKEN", "client_secret", "Authorization")))
    assert not any(map(secretish, ("passfile", "tokens", "PWD", "DRILL_SECRETS", "key", "monkey")))


def test_a_journal_withholds_what_is_not_allowed(tmp_path: Path) -> None:
    """Real patients, ids that are sentences, digests that are none; the chain holds all the same."""
    turn = TurnEnded("c1", 1, "chat", 1, 2, 3, "full", "ok", "t-1", "MRN-4711", "ab12", -1.0, 0.0)
    with Journal(tmp_path / "load.jsonl", "r", redactor=Redactor([CANARY])) as journal:
        journal.append(turn)
        journal.append(CallStarted("c1", "synthetic-0001", 0, ok=False, detail=f"refused: {CANARY}"))
        journal.append(EhrRecord("Jane Doe, 1970", "Jane Doe", "came with chest pain", "doc-1"))
        journal.append(FaultFailed("f1", f"password={CANARY}"))
    stream = read_stream(tmp_path / "load.jsonl")
    assert stream.fault == ""
    text = (tmp_path / "load.jsonl").read_text()
    assert not [word for word in (CANARY, "MRN-4711", "Jane", "chest") if word in text]
    assert [r.event for r in stream.events[1:3]] == [
        dataclasses.replace(turn, patient=WITHHELD),
        CallStarted("c1", "synthetic-0001", 0, ok=False, detail=f"refused: {HIDDEN}"),
    ]


def test_what_undoes_a_fault_is_kept_to_the_letter(tmp_path: Path) -> None:
    """A proxy may be called `token: abcdefgh`, and still has to be found again."""
    spec = json.dumps({"proxy": "token: abcdefghij"})
    assert Redactor().field("spec", spec) == spec
    assert Redactor().field("prior", spec) == spec


def test_output_is_cleaned_line_by_line() -> None:
    """Also when a secret comes in two pieces, and when the last line has no end."""
    beneath = io.StringIO()
    output = CleanOutput(beneath, Redactor([CANARY]).clean)
    print("all well", file=output)
    output.write(f"said {CANARY[:10]}")
    output.flush()
    output.write(f"{CANARY[10:]}\nand {CANARY}")
    output.close()
    assert beneath.getvalue() == f"all well\nsaid {HIDDEN}\nand {HIDDEN}"


def test_a_line_without_end_does_not_grow_for_ever() -> None:
    """It is let go in pieces."""
    beneath = io.StringIO()
    output = CleanOutput(beneath, Redactor().clean)
    for _ in range(100):
        output.write("x" * 10_000)
    assert len(beneath.getvalue()) > 900_000
