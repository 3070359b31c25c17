"""Text that only the nodes of one run can read, however it travels: the age format (age-encryption.org/v1: X25519,
HKDF, ChaCha20-Poly1305), by pyrage. A private key is never written anywhere: it ends with its process."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class SealError(Exception):
    """A key that is none, or a text that was not sealed for this key."""


class NotAttested(Exception):
    """A document that does not prove what it should; the text says why, without the document's own words. `passing`:
    another try may help, for a certificate could not be fetched."""

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


@dataclass(frozen=True)
class Sealed:
    """What a run's client hands to its nodes: the secrets' values by name, and the key of the run."""

    secrets: Mapping[str, str] = field(repr=False)
    key: str = field(repr=False)


class NodeKey:
    """A key pair of one process; `public` is what others seal for ("age1…")."""

    def __init__(self) -> None:
        from pyrage import x25519

        self._identity: Any = x25519.Identity.generate()
        self.public = str(self._identity.to_public())

    def open(self, sealed: bytes) -> Sealed:
        """What was sealed for this key among others. Raises SealError."""
        import pyrage

        try:
            said = json.loads(pyrage.decrypt(sealed, [self._identity]))
            values = {str(name): str(value) for name, value in said["secrets"].items()}
            return Sealed(values, str(said["key"]))
        except pyrage.DecryptError as error:
            raise SealError(str(error)) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SealError("what was sealed is not what a client hands over") from None


def seal(sealed: Sealed, keys: Sequence[str]) -> bytes:
    """`sealed` as one text that only the owners of the public `keys` can open. Raises SealError."""
    import pyrage
    from pyrage import x25519

    try:
        recipients = [x25519.Recipient.from_str(key) for key in keys]
        text = json.dumps({"secrets": dict(sealed.secrets), "key": sealed.key})
        return bytes(pyrage.encrypt(text.encode(), recipients))
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        raise SealError(str(error)) from None


def new_run_key() -> str:
    """A key that only a run's client and its nodes know: 64 hexadecimal digits."""
    return secrets.token_hex(32)


def digest_of(key: str) -> str:
    """SHA-256 of a run's key. It is no secret, and says whether a key is the run's."""
    return hashlib.sha256(key.encode()).hexdigest()


def mark(key: str, *parts: str) -> str:
    """What proves that `parts` come from a holder of the run's key: HMAC-SHA-256, 64 hexadecimal digits."""
    return hmac.new(key.encode(), json.dumps(parts).encode(), hashlib.sha256).hexdigest()


def is_marked(said: object, key: str, *parts: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), mark(key, *parts).encode())


def nonce_of(public: str) -> str:
    """What a machine's attested document names a public key by: 32 letters and digits, as many as Azure takes
    (Azure/azure-rest-api-specs, imds.json: "up to 32 random alphanumeric characters")."""
    return base64.b32encode(hashlib.sha256(public.encode()).digest()).decode("ascii")[:32]
