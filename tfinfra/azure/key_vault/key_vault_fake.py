"""A Key Vault in this process, for tests: one key of the curve P-256, asked as the real one is. It checks its own
signatures with the public key before it gives them out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tfinfra.azure.key_vault.client import KeyVaultError

VERSION = "0123456789abcdef" * 2


class FakeKeyVault:
    """`ask` is client.Ask. `refuse` is what it answers instead, a status and a code, None for nothing; `asked` holds
    each request's method and path."""

    def __init__(self, name: str = "evidence", host: str = "team.vault.azure.net") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.refuse: str | None = None
        self.asked: list[tuple[str, str]] = []
        self._name, self._id = name, f"https://{host}/keys/{name}/{VERSION}"

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        self.asked.append((method, path))
        if self.refuse is not None:
            raise KeyVaultError(f"the vault answered {self.refuse}")
        if (method, path) in (("GET", f"/keys/{self._name}/"), ("GET", f"/keys/{self._name}/{VERSION}")):
            return {"key": self._public(), "attributes": {"enabled": True}}
        if (method, path) == ("POST", f"/keys/{self._name}/{VERSION}/sign") and body is not None:
            return {"kid": self._id, "value": self._signed(body)}
        raise KeyVaultError("the vault answered 404 KeyNotFound")

    def _public(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        x, y = (_text(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kid": self._id, "kty": "EC", "crv": "P-256", "key_ops": ["sign", "verify"], "x": x, "y": y}

    def _signed(self, body: Mapping[str, Any]) -> str:
        """Of a digest, which is 32 bytes for ES256."""
        digest = base64.urlsafe_b64decode(str(body.get("value")) + "==")
        if body.get("alg") != "ES256" or len(digest) != 32:
            raise KeyVaultError("the vault answered 400 BadParameter")
        algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
        signature = self.key.sign(digest, algorithm)
        self.key.public_key().verify(signature, digest, algorithm)
        return _text(b"".join(number.to_bytes(32, "big") for number in utils.decode_dss_signature(signature)))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
