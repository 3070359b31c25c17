"""Whom the auditor trusts: public keys that they name, or that their own configuration names, and the roots of clouds
that this machine knows. Nothing of it is taken from the run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfinfra.auditing.run_files import PublicKey
from tfinfra.cloud import Trust
from tfinfra.clouds import known_attestations
from tfinfra.compiler.guardrail_files import load_guardrails
from tfinfra.errors import ManifestError, UsageError

_LARGEST = 1 << 16
_WAY_OUT = "`openssl pkey -in KEY -pubout` prints the public half of a private key"


def trusted_keys(given: Iterable[Path], run: Path) -> tuple[PublicKey, ...]:
    """The keys of `--public-key` and of `audit.trust`, each once. Raises UsageError for a file that is none, and for
    one that lies in the run's folder."""
    try:
        own = load_guardrails(None).audit.trust
    except ManifestError as error:
        raise UsageError(f"whom you trust cannot be read: {error.message}", error.hint, error.diagnostics) from error
    keys = [_public_key(path, run) for path in (*given, *own)]
    return tuple({key.pem: key for key in reversed(keys)}.values())[::-1]


def trusted_clouds() -> dict[str, Trust]:
    """Who signs for the machines of each cloud, as far as this machine knows it."""
    return known_attestations()


def _public_key(path: Path, run: Path) -> PublicKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if path.resolve().is_relative_to(run.resolve()):
        message = f"the key '{path}' lies in the run's folder: whoever wrote the one can have written the other"
        raise UsageError(message, "get it from the signer by another way, and keep it elsewhere")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise UsageError(f"the public key '{path}' cannot be read: {error.strerror}", "name a PEM file") from error
    if b"PRIVATE KEY" in data:
        raise UsageError(f"'{path}' holds a private key, which an auditor has no need of", _WAY_OUT)
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError) as error:
        hint = "`openssl x509 -pubkey -noout` prints that of a certificate" if b"CERTIFICATE" in data else _WAY_OUT
        raise UsageError(f"'{path}' holds no public key in PEM", hint) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UsageError(f"the public key '{path}' is not of the curve P-256", "evidence is signed by such keys alone")
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(str(path), pem)
