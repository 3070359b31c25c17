"""Who signs a run's evidence: a key file of this machine, or a key in a vault."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tfinfra.cloud import Cloud
from tfinfra.errors import first_line
from tfinfra.evidence.dsse import Signer
from tfinfra.guardrails.values import Audit, Guardrails
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import error_at
from tfinfra.system.key_place import shared_key
from tfinfra.system.process.inherited_variables import PASSPHRASE

_LARGEST = 1 << 16


class CannotSign(Exception):
    """The text says why, as a sentence of its own."""


def signer_of(audit: Audit, cloud: Callable[[], Cloud]) -> Signer | None:
    """Who signs, None where nobody is to; `cloud` has the credential for a vault. Raises CannotSign."""
    if audit.key is not None:
        return signer_of_file(audit.key)
    return _signer_of_vault(audit.vault, cloud()) if audit.vault is not None else None


def signer_of_file(path: Path) -> Signer:
    """Who signs with the private key (PEM, P-256) at `path`; its passphrase is in the environment. Raises CannotSign
    where it is none, and where others can have it."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    why = shared_key(path)
    if why is not None:
        raise CannotSign(f"the signing key '{path}' {why}")
    passphrase = os.environ.get(PASSPHRASE)
    try:
        with path.open("rb") as file:
            key = _loaded(file.read(_LARGEST), passphrase.encode() if passphrase else None)
    except OSError as error:
        raise CannotSign(f"the signing key '{path}' cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise CannotSign(f"the signing key '{path}' {_fault(error, passphrase)}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CannotSign(f"the signing key '{path}' is not of the curve P-256")
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Signer(lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())), public, str(path))


def _loaded(data: bytes, passphrase: bytes | None) -> object:
    """As cryptography loads it; a passphrase that a key has no need of is not looked at."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, passphrase)
    except TypeError:
        if passphrase is None:
            raise
        return load_pem_private_key(data, None)


def _fault(error: ValueError | TypeError, passphrase: str | None) -> str:
    if isinstance(error, TypeError):
        return f"has a passphrase, and {PASSPHRASE} is not set"
    return "holds no private key in PEM" + (f", or {PASSPHRASE} is not its passphrase" if passphrase else "")


def _signer_of_vault(url: str, cloud: Cloud) -> Signer:
    from tfinfra.azure.key_vault.client import KeyVaultError, http_ask, vault_key, vault_signer

    try:
        key = vault_key(url)
        return vault_signer(url, key, http_ask(key, cloud.credential()))
    except KeyVaultError as error:
        raise CannotSign(f"{url}: {first_line(error)}") from error


def refuse_unusable_key(guardrails: Guardrails) -> None:
    """Raises ManifestError, at the line of the guardrails, where the key file that is to sign cannot."""
    for file in guardrails.files:
        key = file.audit.key
        if key is None or key != guardrails.audit.key:
            continue
        try:
            signer_of_file(key)
        except CannotSign as error:
            hint = f"a private key of P-256 in PEM, with the mode 600; its passphrase in {PASSPHRASE}"
            raise refusal((error_at(file.document, "TFI457", ("audit", "sign"), str(error), hint),)) from error
