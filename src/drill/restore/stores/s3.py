"""A bucket that is read: boto3 with deadlines, and its errors as sentences that say whose fault it is."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.exceptions import ConnectionError as NoConnectionError

from drill.model.errors import WorldError
from drill.model.target import Region

REGION = "us-east-1"
SHA256 = "sha256"
CHUNK = 1 << 20
_CONFIG = Config(
    connect_timeout=3, read_timeout=20, retries={"max_attempts": 2}, s3={"addressing_style": "path"},
    request_checksum_calculation="when_required", response_checksum_validation="when_required",
)  # fmt: skip
KEYS_REFUSED = ("SignatureDoesNotMatch", "InvalidAccessKeyId")
_MAY_NOT = ("AccessDenied", "403")


class GoneError(WorldError):
    """An object that a listing showed is there no more: it was let go meanwhile."""


class KeysError(WorldError):
    """The keys are not good: that is the drill's fault and no backup's."""


def place_of(region: Region) -> tuple[str, str]:
    """Bucket and prefix of a region."""
    bucket, _, prefix = region.location.removeprefix("s3://").rstrip("/").partition("/")
    return bucket, prefix


def client_of(region: Region) -> Any:
    """A client with a region's keys and deadlines; KeysError or WorldError without keys."""
    key, secret = _keys(region)
    return boto3.client(
        "s3", endpoint_url=region.endpoint, region_name=REGION, config=_CONFIG,
        aws_access_key_id=key, aws_secret_access_key=secret,
    )  # fmt: skip


@contextmanager
def told(region: Region, bucket: str) -> Iterator[None]:
    """What goes wrong within, as a WorldError that says whose fault it is."""
    at = f"the object store at {region.endpoint}"
    try:
        yield
    except (EndpointConnectionError, NoConnectionError) as error:
        raise WorldError(f"{at} does not answer; is the platform up, and the endpoint right?") from error
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in KEYS_REFUSED or code in _MAY_NOT:
            raise KeysError(f"{at} refuses the keys in {region.credentials} ({code})") from error
        if code == "NoSuchKey":
            raise GoneError(f"{at} no longer has what it listed") from error
        if code == "NoSuchBucket":
            said = f"{at} has no bucket {bucket!r}; nothing was ever backed up there"
        else:
            said = f"{at}: {error}"
        raise WorldError(said) from error
    except BotoCoreError as error:
        raise WorldError(f"{at}: {error}") from error


class S3:
    """One bucket that is read, below one prefix."""

    def __init__(self, region: Region) -> None:
        self.bucket, self.prefix = place_of(region)
        self._region = region
        self._client = client_of(region)

    def items(self, below: str) -> list[dict[str, Any]]:
        """Listings below a path, sorted by key: Key, Size, LastModified."""
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{self.prefix}/{below}"
            )
            return sorted((it for page in pages for it in page.get("Contents", ())), key=lambda it: it["Key"])

    def chunks(self, key: str) -> Iterator[bytes]:
        """What an object holds, piece by piece."""
        with self._told():
            yield from self._client.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks(CHUNK)

    @contextmanager
    def body(self, key: str) -> Iterator[Any]:
        """What an object holds, as a stream to read from."""
        with self._told():
            yield self._client.get_object(Bucket=self.bucket, Key=key)["Body"]

    def read(self, key: str) -> bytes:
        """A small object."""
        return b"".join(self.chunks(key))

    def _told(self) -> AbstractContextManager[None]:
        return told(self._region, self.bucket)


def _keys(region: Region) -> tuple[str, str]:
    file = region.credentials
    if file is None:
        raise KeysError(f"the backups at {region.location} need credentials")
    found = configparser.ConfigParser()
    try:
        with file.open(encoding="utf-8") as text:
            found.read_file(text)
        return found["default"]["aws_access_key_id"], found["default"]["aws_secret_access_key"]
    except (OSError, KeyError, configparser.Error) as error:
        raise WorldError(
            f"{file} holds no keys of [default] that can be read: {type(error).__name__}"
        ) from error
