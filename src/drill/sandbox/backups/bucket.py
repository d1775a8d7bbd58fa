"""The object store as the archiver and the replicator use it: a few calls with deadlines, over boto3."""

from __future__ import annotations

import configparser
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SHA256 = "sha256"
REGION = "us-east-1"  # the store has no idea of it, the client insists
FAILURES = (BotoCoreError, ClientError)
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"max_attempts": 2},
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One object, as a listing tells it."""

    key: str
    size: int
    modified: datetime


class Bucket:
    """One bucket of one region."""

    def __init__(self, endpoint: str, credentials: Path, name: str) -> None:
        keys = configparser.ConfigParser()
        keys.read(credentials, encoding="utf-8")
        self._name = name
        self._client: Any = boto3.client(
            "s3", endpoint_url=endpoint, region_name=REGION, config=_CONFIG,
            aws_access_key_id=keys["default"]["aws_access_key_id"],
            aws_secret_access_key=keys["default"]["aws_secret_access_key"],
        )  # fmt: skip

    def create(self) -> None:
        """Make it; fine when it is there."""
        known = {each["Name"] for each in self._client.list_buckets()["Buckets"]}
        if self._name not in known:
            self._client.create_bucket(Bucket=self._name)

    def create_versioned(self, locked_days: int) -> None:
        """Make it with versions; for so many days nobody may delete one that was put, 0 for no such lock."""
        self._client.create_bucket(Bucket=self._name, ObjectLockEnabledForBucket=locked_days > 0)
        if locked_days > 0:
            rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": locked_days}}
            self._client.put_object_lock_configuration(
                Bucket=self._name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
            )
        else:
            self._client.put_bucket_versioning(
                Bucket=self._name, VersioningConfiguration={"Status": "Enabled"}
            )

    def put(self, key: str, data: bytes, digest: str = "") -> None:
        """Store an object with the digest of what it should hold."""
        found = digest or hashlib.sha256(data).hexdigest()
        self._client.put_object(Bucket=self._name, Key=key, Body=data, Metadata={SHA256: found})

    def get(self, key: str) -> bytes:
        """What an object holds."""
        data: bytes = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        return data

    def digest(self, key: str) -> str | None:
        """The digest an object was stored with; None when there is no such object."""
        try:
            found = self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        told: dict[str, str] = {name.lower(): value for name, value in found["Metadata"].items()}
        return told.get(SHA256, "")

    def items(self, prefix: str) -> list[Item]:
        """Everything below a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        return [
            Item(found["Key"], found["Size"], found["LastModified"])
            for page in pages
            for found in page.get("Contents", ())
        ]

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._client.delete_object(Bucket=self._name, Key=key)
