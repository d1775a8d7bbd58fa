"""An object of the drill's own in a store of backups, which nobody should be able to delete.

The only writer and the only deleter in this package. No method takes a key: the one key is made here, below
the place that the target names, with 128 random bits in it; nothing is tried before it was found free, put,
and read back as ours. A version that is deleted is one that the store gave to this object.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from drill.model.errors import WorldError
from drill.model.target import Region
from drill.restore.proof.protected import Tried
from drill.restore.stores.s3 import KEYS_REFUSED, client_of, place_of, told

MARK = "drill-canary-"
_GONE, _OURS, _THEIRS = 404, 400, 500


@dataclass(frozen=True, slots=True)
class _Answer:
    """A refusal, in the store's own word, or the version that was made."""

    refused: str = ""
    version: str = ""


class Canary:
    """One object, once. `client` is made from the region's keys unless it is given."""

    def __init__(self, region: Region, run_id: str, client: Any = None) -> None:
        self._region = region
        self._bucket, prefix = place_of(region)
        if not prefix:
            raise WorldError(f"{region.location} names no place of its own; write s3://BUCKET/PREFIX")
        self.key = f"{prefix}/{MARK}{run_id}-{secrets.token_hex(16)}"
        self._contents = [
            f"{what} of {run_id} {secrets.token_hex(16)}\n".encode() for what in ("put", "over")
        ]
        self._client = client if client is not None else client_of(region)
        self._put = False

    def tried(self) -> Tried:
        """Put it, try everything on it, and take away what can be; WorldError when that cannot be done."""
        with told(self._region, self._bucket):
            version = self._place()
            lock, until_s = self._lock(version)
            over = self._attempt(self._client.put_object, **_body(self._contents[1]))
            deleted = self._delete()
            removed = self._attempt(self._client.delete_object, VersionId=version) if version else deleted
            whole = self._content(version) == self._contents[0]
            marks = [each.version for each in (deleted, over) if each.version]
            freed = [self._attempt(self._client.delete_object, VersionId=mark) for mark in marks]
        may_delete = bool(deleted.version) and not freed[0].refused
        return Tried(
            lock, until_s, bool(version), over.refused, deleted.refused, removed.refused, may_delete, whole
        )

    def _place(self) -> str:
        """Its version, "" where there are none."""
        if self._content("") is not None:
            raise WorldError(f"{self.key} is there already, which is nobody's doing but chance's; try again")
        self._put = True
        answer = self._client.put_object(**self._mine(**_body(self._contents[0])))
        version = str(answer.get("VersionId") or "")
        if self._content(version) != self._contents[0]:
            self._put = False
            raise WorldError(f"{self._region.location} does not give back what was put there")
        return version

    def _mine(self, **more: Any) -> dict[str, Any]:
        """What every changing request is made of; WorldError before there is anything of ours."""
        if not self._put:
            raise WorldError("there is no canary that could be changed")
        return {"Bucket": self._bucket, "Key": self.key, **more}

    def _delete(self) -> _Answer:
        """By its name, which would take whatever is there by now: so that is looked at first."""
        if self._content("") not in self._contents:
            raise WorldError(f"{self.key} is no longer ours; nothing was deleted")
        return self._attempt(self._client.delete_object)

    def _attempt(self, call: Callable[..., Any], **more: Any) -> _Answer:
        try:
            return _Answer(version=str(call(**self._mine(**more)).get("VersionId") or ""))
        except ClientError as error:
            code, status = _said(error)
            if status == _GONE:
                return _Answer()
            if not _OURS <= status < _THEIRS or code in KEYS_REFUSED:
                raise
            return _Answer(refused=code)

    def _lock(self, version: str) -> tuple[str, float]:
        found = self._client.head_object(**self._mine(**_of(version)))
        until = found.get("ObjectLockRetainUntilDate")
        return str(found.get("ObjectLockMode") or ""), until.timestamp() if until else 0.0

    def _content(self, version: str) -> bytes | None:
        """What is there; None for nothing."""
        try:
            read = self._client.get_object(Bucket=self._bucket, Key=self.key, **_of(version))["Body"].read()
        except ClientError as error:
            if _said(error)[1] == _GONE:
                return None
            raise
        return bytes(read)


def _body(content: bytes) -> dict[str, Any]:
    """Buckets that lock what is put want its MD5 beside it."""
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return {"Body": content, "ContentMD5": base64.b64encode(digest).decode()}


def _of(version: str) -> dict[str, str]:
    return {"VersionId": version} if version else {}


def _said(error: ClientError) -> tuple[str, int]:
    code = str(error.response["Error"].get("Code", ""))
    return code, int(error.response["ResponseMetadata"]["HTTPStatusCode"])
