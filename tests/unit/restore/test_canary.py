"""A canary is tried at in every way, and nothing but it is ever changed.

Locks are those of moto, in this process; a store without versions is a dictionary.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from drill.model.errors import WorldError
from drill.model.target import Region
from drill.model.verdicts import Status
from drill.restore.proof.protected import Tried, check_protected
from drill.restore.stores.canary import MARK, Canary

BUCKET, PREFIX = "backups-vault", "canaries"
PLACE = Region(f"s3://{BUCKET}/{PREFIX}", "http://127.0.0.1:1")
CHANGING = ("put_object", "delete_object")


class Watched:
    """A client that remembers every request that changes something."""

    def __init__(self, client: Any) -> None:
        self.client, self.changes = client, []

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.client, name)
        if name not in CHANGING:
            return call

        def remembered(**told: Any) -> Any:
            self.changes.append((name, told))
            return call(**told)

        return remembered


def refusal(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "any")


class Plain:
    """A store without versions; refuses what its rules say."""

    def __init__(self, *refused: str) -> None:
        self.objects: dict[str, bytes] = {"voice/base/p1/data.tar": b"a backup"}
        self.refused = refused

    def get_object(self, **told: Any) -> dict[str, Any]:
        if told["Key"] not in self.objects:
            raise refusal("NoSuchKey", 404)
        return {"Body": io.BytesIO(self.objects[told["Key"]])}

    def head_object(self, **told: Any) -> dict[str, Any]:
        return {}

    def put_object(self, **told: Any) -> dict[str, Any]:
        if told["Key"] in self.objects and "over" in self.refused:
            raise refusal("AccessDenied", 403)
        self.objects[told["Key"]] = told["Body"]
        return {}

    def delete_object(self, **told: Any) -> dict[str, Any]:
        if "delete" in self.refused:
            raise refusal("AccessDenied", 403)
        self.objects.pop(told["Key"], None)
        return {}


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
        )  # fmt: skip


def vault(s3: Any, *, locked: bool) -> Any:
    """A bucket with versions and somebody's backup in it."""
    s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=locked)
    if locked:
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        told = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=told)
    else:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="voice/base/p1/data.tar", Body=b"a backup")
    return s3


def versions(s3: Any) -> list[tuple[str, str]]:
    found = s3.list_object_versions(Bucket=BUCKET)
    every = (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))
    return sorted((it["Key"], it["VersionId"]) for it in every)


def status(tried: Tried, now_s: float = 0.0) -> Status:
    return check_protected(tried, now_s).status


def test_a_vault_that_locks_refuses_and_the_keys_are_shown_to_be_good(s3: Any) -> None:
    tried = Canary(PLACE, "run", vault(s3, locked=True)).tried()
    assert (tried.lock, tried.removed, tried.whole, tried.may_delete) == (
        "COMPLIANCE", "AccessDenied", True, True,
    )  # fmt: skip
    assert status(tried) is Status.PASS


def test_a_vault_with_versions_and_no_lock_fails_and_nothing_is_left_in_it(s3: Any) -> None:
    before = versions(vault(s3, locked=False))
    tried = Canary(PLACE, "run", s3).tried()
    check = check_protected(tried, 0.0)
    assert check.findings[0] == "the canary could be deleted by its version"
    assert versions(s3) == before


def test_a_store_that_only_adds_versions_is_not_taken_for_one_that_refuses(s3: Any) -> None:
    """A plain deletion there is answered, and only hides."""
    tried = Canary(PLACE, "run", vault(s3, locked=False)).tried()
    assert (tried.deleted, tried.overwritten) == ("", "")


@pytest.mark.parametrize(
    ("refused", "findings"),
    [
        ((), ["could be deleted", "could be written over", "is not there as it was put"]),
        (("over",), ["could be deleted", "is not there as it was put"]),
        (("delete",), ["could be written over", "is not there as it was put"]),
    ],
)
def test_a_store_without_versions_has_to_refuse_both(refused: tuple[str, ...], findings: list[str]) -> None:
    check = check_protected(Canary(PLACE, "run", Plain(*refused)).tried(), 0.0)
    assert list(check.findings) == [f"the canary {finding}" for finding in findings]


def test_a_refusal_that_may_be_the_keys_own_is_not_known() -> None:
    """No lock is seen, and the keys deleted nothing of their own either."""
    check = check_protected(Canary(PLACE, "run", Plain("over", "delete")).tried(), 0.0)
    assert check.status is Status.UNKNOWN
    assert "could delete anything at all" in check.detail


def test_a_lock_that_has_ended_is_none() -> None:
    tried = Tried("COMPLIANCE", 100.0, versioned=True, overwritten="", deleted="", removed="AccessDenied",
                  may_delete=False, whole=True)  # fmt: skip
    assert (status(tried, 99.0), status(tried, 101.0)) == (Status.PASS, Status.UNKNOWN)


def test_keys_that_are_refused_are_no_protection() -> None:
    class Refusing(Plain):
        def delete_object(self, **told: Any) -> dict[str, Any]:
            raise refusal("SignatureDoesNotMatch", 403)

    with pytest.raises(WorldError, match="refuses the keys"):
        Canary(PLACE, "run", Refusing()).tried()


def test_a_store_that_fails_is_no_protection() -> None:
    class Failing(Plain):
        def delete_object(self, **told: Any) -> dict[str, Any]:
            raise refusal("InternalError", 500)

    with pytest.raises(WorldError):
        Canary(PLACE, "run", Failing()).tried()


def test_every_change_is_to_the_canary_and_by_a_version_of_its_own(s3: Any) -> None:
    for client in (Watched(vault(s3, locked=True)), Watched(Plain()), Watched(Plain("over", "delete"))):
        before = set(versions(s3))
        canary = Canary(PLACE, "run", client)
        canary.tried()
        assert len(client.changes) >= 3
        assert {told["Key"] for _, told in client.changes} == {canary.key}
        assert all(
            told.get("VersionId", "") not in {each for _, each in before} for _, told in client.changes
        )
        assert before <= set(versions(s3))


@given(
    prefix=st.text("abc/.-", min_size=1).map(lambda text: text.strip("/")).filter(bool), run=st.text("ab-9")
)
def test_whatever_the_place_is_called_other_objects_stay_what_they_were(prefix: str, run: str) -> None:
    store = Plain()
    store.objects |= {
        prefix: b"x",
        f"{prefix}/": b"y",
        f"{prefix}/{MARK}": b"z",
        f"{prefix}/{MARK}{run}": b"w",
    }
    before, client = dict(store.objects), Watched(store)
    canary = Canary(Region(f"s3://{BUCKET}/{prefix}", "http://127.0.0.1:1"), run, client)
    canary.tried()
    assert canary.key.startswith(f"{prefix}/{MARK}{run}-")
    assert store.objects == before


def test_a_key_that_is_taken_is_not_touched() -> None:
    store = Plain()
    client = Watched(store)
    canary = Canary(PLACE, "run", client)
    store.objects[canary.key] = b"somebody's"
    with pytest.raises(WorldError, match="is there already"):
        canary.tried()
    assert client.changes == []


def test_what_is_no_longer_ours_is_not_deleted() -> None:
    """Somebody wrote over the canary between two of our requests."""

    class Busy(Plain):
        def head_object(self, **told: Any) -> dict[str, Any]:
            self.refused = ("over",)
            self.objects[told["Key"]] = b"somebody's"
            return {}

    client = Watched(Busy())
    with pytest.raises(WorldError, match="no longer ours; nothing was deleted"):
        Canary(PLACE, "run", client).tried()
    assert "delete_object" not in [name for name, _ in client.changes]


def test_a_store_that_does_not_give_back_what_was_put_is_left_alone() -> None:
    class Lossy(Plain):
        def put_object(self, **told: Any) -> dict[str, Any]:
            return {}

    client = Watched(Lossy())
    with pytest.raises(WorldError, match="does not give back"):
        Canary(PLACE, "run", client).tried()
    assert [name for name, _ in client.changes] == ["put_object"]


def test_a_bucket_without_a_prefix_is_no_place_for_a_canary() -> None:
    with pytest.raises(WorldError, match="s3://BUCKET/PREFIX"):
        Canary(Region(f"s3://{BUCKET}", "http://127.0.0.1:1"), "run", Plain())
