"""Time stamps by somebody else (RFC 3161): that these bytes were there at a moment its clock told.

Taken over a run's record before T0, one proves that the plan, with every limit in it, was fixed before the
platform was touched; over a seal, that the evidence was whole by then. Asking needs the network; checking
needs only the authority's root certificate, given from outside.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from drill.model.errors import DefinitionError, JournalError, WorldError

ANSWER_WITHIN_S = 20.0
MAX_BYTES = 64 << 10


def ask(url: str, message: bytes) -> bytes:
    """The authority's token over a message; WorldError when it gives none that fits."""
    if not url.startswith(("https://", "http://")):
        raise DefinitionError(f"{url}: a time-stamping authority is given as its http or https address")
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    posted = urllib.request.Request(  # noqa: S310  # any other scheme was refused above
        url, data=request.as_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(posted, timeout=ANSWER_WITHIN_S) as answer:  # noqa: S310  # the request whose scheme was looked at; whoever answers, the token is verified
            token: bytes = answer.read(MAX_BYTES + 1)
        told = decode_timestamp_response(token[: MAX_BYTES + 1])
        nonce, imprint = told.tst_info.nonce, told.tst_info.message_imprint.message
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise WorldError(f"the time-stamping authority {url} gave no time stamp: {error}") from error
    if nonce != request.nonce or imprint != request.message_imprint.message or len(token) > MAX_BYTES:
        raise WorldError(f"the time-stamping authority {url} answered something else than was asked")
    return token


def read_roots(path: Path) -> tuple[Certificate, ...]:
    """Root certificates in PEM; DefinitionError when the file holds none."""
    try:
        return tuple(load_pem_x509_certificates(path.read_bytes()))
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be read: {error.strerror}; name a file of certificates"
        ) from error
    except ValueError as error:
        raise DefinitionError(f"{path}: holds no certificate in PEM") from error


def check(token: bytes, message: bytes, roots: Sequence[Certificate], where: str) -> datetime:
    """When the authority saw the message; JournalError when none of the roots stands behind that."""
    builder = VerifierBuilder(roots=list(roots))
    try:
        answer = decode_timestamp_response(token)
        builder.build().verify_message(answer, message)
        if answer.as_bytes() != token:
            raise JournalError(f"{where}: is not spelled as an authority spells it: it was changed")
        return answer.tst_info.gen_time
    except (VerificationError, ValueError, OverflowError) as error:
        raise JournalError(f"{where}: is no time stamp of what it stands for: {str(error)[:200]}") from error
