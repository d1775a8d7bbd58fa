"""A production drill needs somebody else's signed word for this very plan; each flaw has its own message."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drill.approval import (
    Approval,
    ApprovalError,
    Request,
    approve,
    approver_of,
    check_approval,
    signed,
    unverified,
)
from drill.conduct.guards.consent import Consent, approved, environment
from drill.evidence.keys import keygen, read_public, signer
from drill.model.errors import DefinitionError
from drill.model.guards import Approver, Guards
from drill.model.target import Ehr, Link, Target
from histories import plan as history_plan
from unit_targets import TARGET

NOW = datetime(2026, 11, 25, 14, tzinfo=UTC)
PLAN = history_plan(environment="production", target="prod", seed=7)


@pytest.fixture(scope="module")
def carol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keygen(tmp_path_factory.mktemp("keys") / "carol")[0]


@pytest.fixture(scope="module")
def mallory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keygen(tmp_path_factory.mktemp("keys") / "mallory")[0]


def listed(key: Path, name: str = "carol") -> Approver:
    """As a target file lists whom a key belongs to."""
    return Approver(name, "".join(key.with_suffix(".pub").read_text().splitlines()[1:-1]))


def document(**changes: Any) -> Approval:
    good = approve(PLAN, "alice", "carol", NOW - timedelta(hours=1), NOW + timedelta(hours=3), "CHG-1")
    return dataclasses.replace(good, **changes)


def request(**changes: Any) -> Request:
    return dataclasses.replace(Request(PLAN, "alice", NOW, NOW + timedelta(minutes=10)), **changes)


def refusal(text: str, approvers: tuple[Approver, ...], asked: Request | None = None) -> str:
    with pytest.raises(ApprovalError) as error:
        check_approval(text, approvers, asked or request())
    return str(error.value)


def test_a_good_approval_holds(carol: Path) -> None:
    """And says what it said when it was signed."""
    text = signed(document(), signer(str(carol))[0])
    assert check_approval(text, (listed(carol),), request()) == document()
    assert unverified(text).seed == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan_digest": "0" * 64}, "it is for plan 000000000000"),
        ({"target": "other"}, "it is for target 'other', not 'prod'"),
        ({"operator": "bob"}, "it is for 'bob', but 'alice' runs this"),
        ({"operator": "Carol "}, "a drill of their own"),
        ({"approver": "dave"}, "it names 'dave' as approver, but is signed with the key of 'carol'"),
        ({"not_before": "2026-11-25T14:00:01Z"}, "not valid before 2026-11-25T14:00:01Z"),
        ({"not_after": "2026-11-25T14:00:00Z"}, "expired at 2026-11-25T14:00:00Z"),
        ({"not_after": "2026-11-25T14:09:59Z"}, "before this drill is surely over (2026-11-25T14:10:00Z)"),
        ({"not_after": "2027-11-25T14:00:00Z"}, "longer than 7 days"),
        ({"not_after": "soon"}, "its times have to look like"),
        ({"seed": "7"}, "what it says of seed is of the wrong kind"),
        ({"sham": 0}, "what it says of sham is of the wrong kind"),
    ],
)
def test_each_flaw_of_what_was_signed_has_its_own_words(
    carol: Path, changes: dict[str, Any], words: str
) -> None:
    """Signed properly, and still no approval of this run."""
    assert words in refusal(signed(document(**changes), signer(str(carol))[0]), (listed(carol),))


def test_the_operator_cannot_be_the_approver(carol: Path) -> None:
    """Whatever the document says of operators, in whatever spelling."""
    text = signed(document(), signer(str(carol))[0])
    assert "of their own" in refusal(text, (listed(carol),), request(operator="CAROL"))
    with pytest.raises(DefinitionError, match="somebody else has to approve"):
        approve(PLAN, "carol", "Carol", NOW, NOW + timedelta(hours=1), "")


def test_a_key_that_the_target_does_not_list_is_unknown(carol: Path, mallory: Path) -> None:
    """Though the document claims to be carol's."""
    text = signed(document(), signer(str(mallory))[0])
    assert "a key that the target file does not list" in refusal(text, (listed(carol),))
    assert "it lists nobody" in refusal(text, ())
    with pytest.raises(DefinitionError, match="is of no approver of this target, which lists carol"):
        approver_of(read_public(mallory.with_suffix(".pub")), (listed(carol),))


def test_a_key_id_that_is_borrowed_does_not_help(carol: Path, mallory: Path) -> None:
    """Mallory's signature under carol's key id."""
    envelope = json.loads(signed(document(), signer(str(mallory))[0]))
    envelope["signatures"][0]["keyid"] = read_public(carol.with_suffix(".pub")).keyid
    assert "changed after it was signed" in refusal(json.dumps(envelope), (listed(carol),))


def test_an_edited_file_is_told_as_edited(carol: Path) -> None:
    """One digit of the digest changed, the signature left as it is."""
    envelope = json.loads(signed(document(plan_digest="0" * 64), signer(str(carol))[0]))
    payload = base64.b64decode(envelope["payload"]).replace(b"0" * 64, PLAN.digest.encode())
    envelope["payload"] = base64.b64encode(payload).decode()
    assert "changed after it was signed" in refusal(json.dumps(envelope), (listed(carol),))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"payload":"", "payloadType":"", "signatures":3}', "\x00"])
def test_what_is_no_envelope_is_no_approval(text: str) -> None:
    """In words."""
    assert "it is no approval" in refusal(text, ())


def test_an_envelope_of_another_type_is_no_approval(carol: Path) -> None:
    """The type is signed too."""
    envelope = json.loads(signed(document(), signer(str(carol))[0])) | {
        "payloadType": "application/vnd.in-toto+json"
    }
    assert "not an approval" in refusal(json.dumps(envelope), (listed(carol),))


def production(*approvers: Approver) -> Target:
    return dataclasses.replace(TARGET, name="prod", environment="production", guards=Guards(approvers))


def test_production_needs_one_and_others_do_not(carol: Path) -> None:
    """But one that is given has to hold anywhere."""
    end = NOW + timedelta(minutes=10)
    assert "none was given" in approved(PLAN, production(listed(carol)), Consent("alice"), NOW, end)[1]
    assert approved(PLAN, TARGET, Consent("alice"), NOW, end)[0]
    assert not approved(PLAN, TARGET, Consent("alice", "{}"), NOW, end)[0]
    ok, detail = approved(
        PLAN, production(listed(carol)), Consent("alice", signed(document(), signer(str(carol))[0])), NOW, end
    )
    assert ok, detail
    assert detail.startswith(f"carol approved plan {PLAN.digest[:12]} for alice")


def test_classes_that_nobody_knows_and_sandboxes_elsewhere_are_refused() -> None:
    """A platform of others under the name of a sandbox would escape every other guard."""
    assert environment(TARGET)[0]
    assert not environment(dataclasses.replace(TARGET, environment="qa"))[0]
    afar = Ehr("http://10.0.0.1/fhir", "synthetic-0001", (Link("a", "ehr-a", "http://10.0.0.1:8474"),), None)
    ok, detail = environment(dataclasses.replace(TARGET, environment="sandbox", ehr=afar))
    assert (ok, "10.0.0.1 is outside this machine" in detail) == (False, True)
