"""Text that only the nodes of one run can read, however it travels: the age format (age-encryption.org/v1: X25519,
HKDF, ChaCha20-Poly1305), by pyrage. A private key is never written anywhere: it ends with its process."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


class SealError(Exception):
    """A key that is none, or a text that was not sealed for this key."""


class NodeKey:
    """A key pair of one process; `public` is what others seal for ("age1…")."""

    def __init__(self) -> None:
        from pyrage import x25519

        self._identity: Any = x25519.Identity.generate()
        self.public = str(self._identity.to_public())

    def open(self, sealed: bytes) -> dict[str, str]:
        """What was sealed for this key among others. Raises SealError."""
        import pyrage

        try:
            values = json.loads(pyrage.decrypt(sealed, [self._identity]))
        except (pyrage.DecryptError, ValueError) as error:
            raise SealError(str(error)) from None
        return {str(name): str(value) for name, value in values.items()}


def seal(values: Mapping[str, str], keys: Sequence[str]) -> bytes:
    """`values` as one text that the owner of each of the public `keys` can open, and nobody else. Raises SealError."""
    import pyrage
    from pyrage import x25519

    try:
        recipients = [x25519.Recipient.from_str(key) for key in keys]
        sealed: bytes = pyrage.encrypt(json.dumps(dict(values)).encode(), recipients)
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        raise SealError(str(error)) from None
    return sealed
