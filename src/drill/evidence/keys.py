"""Keys: ed25519 files of one's own, or a key that a cloud or a token holds.

A key's id is the SHA-256 of its public half (DER, SubjectPublicKeyInfo), which anybody can work out:
`openssl pkey -pubin -in K.pub -outform DER | sha256sum`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, CryptoSigner, Signer, SSlibKey

from drill.model.errors import DefinitionError

_PRIVATE, _PUBLIC = ".key", ".pub"
_MAX_BYTES = 16384


def keygen(stem: Path) -> tuple[Path, Path]:
    """Write `STEM.key` (mode 0600) and `STEM.pub`; DefinitionError when either is there already."""
    private, public = stem.with_name(stem.name + _PRIVATE), stem.with_name(stem.name + _PUBLIC)
    if there := [str(path) for path in (private, public) if path.exists()]:
        raise DefinitionError(f"{' and '.join(there)} is there already; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    try:
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        public.write_bytes(_pem(key.public_key()))
    except OSError as error:
        raise DefinitionError(f"cannot write the key {stem}: {error.strerror}") from error
    return private, public


def _pem(key: Any) -> bytes:
    return bytes(key.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: its PEM text, its id, and what checks a signature with it."""

    pem: str
    keyid: str
    verifier: SSlibKey


def parse_public(pem: str, where: str) -> PublicKey:
    """A public key under its own id, spelled as it is always spelled; DefinitionError otherwise."""
    try:
        key = ser.load_pem_public_key(pem.encode())
        same = _pem(key).decode() == pem
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DefinitionError(f"{where}: is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey) and not (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        raise DefinitionError(f"{where}: is neither an ed25519 nor an ECDSA P-256 key")
    if not same:
        raise DefinitionError(f"{where}: holds more than one public key in PEM")
    der = key.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
    keyid = hashlib.sha256(der).hexdigest()
    return PublicKey(pem, keyid, SSlibKey.from_crypto(key, keyid=keyid))


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that the one who verifies brought along, and the role it must have signed in, if any."""

    key: PublicKey
    role: str = ""


def read_public(path: Path) -> PublicKey:
    """The public key in a file; DefinitionError when it holds none, or holds a private one."""
    try:
        text = path.read_bytes()[:_MAX_BYTES].decode("ascii")
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be read: {error.strerror}; name the .pub file of a key"
        ) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{path}: is no public key in PEM") from error
    if "PRIVATE KEY" in text:
        raise DefinitionError(f"{path}: is a private key; give the .pub file beside it, and keep this one")
    return parse_public(text.strip() + "\n", str(path))


def signer(where: str, public: Path | None = None) -> tuple[Signer, PublicKey]:
    """Who signs: a `.key` file, or `awskms:…`, `gcpkms:…`, `azurekms:…`, `hsm:…`, `hv:…` with its public key.

    DefinitionError when the file is no ed25519 or P-256 key, or others than its owner may read it.
    """
    if where.partition(":")[0] in SIGNER_FOR_URI_SCHEME:
        if public is None:
            raise DefinitionError(
                f"{where}: a key held elsewhere needs --public, the file of its public half"
            )
        key = read_public(public)
        return Signer.from_priv_key_uri(where, key.verifier), key
    return _from_file(Path(where))


def _from_file(path: Path) -> tuple[Signer, PublicKey]:
    try:
        mode, data = path.stat().st_mode, path.read_bytes()[:_MAX_BYTES]
    except OSError as error:
        raise DefinitionError(
            f"{path}: cannot be read: {error.strerror}; `drill keygen` makes one"
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise DefinitionError(f"{path}: others than its owner may read this key; chmod 600 {path}")
    try:
        private: Any = ser.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DefinitionError(f"{path}: is no private key in PEM without a passphrase") from error
    key = parse_public(_pem(private.public_key()).decode(), str(path))
    return CryptoSigner(private, key.verifier), key
