"""Azure's Key Vault as a signer: its public key, and one request for each signature
(learn.microsoft.com/rest/api/keyvault/keys/sign/sign).

`Ask` is the seam: a request → the document that the vault answers with. `http_ask` is the real one; key_vault_fake.py
answers as a vault does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.errors import first_line
from tfinfra.evidence.dsse import Signer

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

API_VERSION = "7.4"
_NAMED = re.compile(r"azurekms://([^/]+)/([^/]+)(?:/([0-9a-f]{32}))?")
_SUFFIXES = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net", "managedhsm.azure.net")
"""Hosts of vaults in the clouds that are known: no token goes anywhere else."""

Ask = Callable[[str, str, Mapping[str, Any] | None], Any]
"""(method, path with its '/', body or None) → the document. Raises KeyVaultError."""


class KeyVaultError(Exception):
    """The vault does not sign; the text says why."""


@dataclass(frozen=True)
class VaultKey:
    """A key by the host of its vault, its name and its version ("" for the newest)."""

    host: str
    name: str
    version: str

    @property
    def scope(self) -> str:
        """Whom tokens for the vault are for."""
        return f"https://{self.host.partition('.')[2]}/.default"


def vault_key(url: str) -> VaultKey:
    """The key that azurekms://<vault>/<key>[/<version>] names. Raises KeyVaultError for a host that is no vault."""
    found = _NAMED.fullmatch(url)
    host = found[1].lower() if found else ""
    host = host if "." in host else f"{host}.{_SUFFIXES[0]}"
    if found is None or host.partition(".")[2] not in _SUFFIXES:
        raise KeyVaultError(f"{url} names no vault: its host ends in {' or '.join(_SUFFIXES)}")
    return VaultKey(host, found[2], found[3] or "")


def http_ask(key: VaultKey, credential: TokenCredential, *, patience: float = 0.8, **transport: Any) -> Ask:
    """The vault itself. It throttles: what azure-core tries again is, after `patience` seconds, twice that and so on,
    three times. `transport` are settings of azure-core's connections."""
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy, UserAgentPolicy

    policies = [
        UserAgentPolicy("tfinfra"),
        RetryPolicy(retry_total=3, retry_backoff_factor=patience, retry_backoff_max=5),
        BearerTokenCredentialPolicy(credential, key.scope),
    ]
    base = f"https://{key.host}"
    client: Any = PipelineClient(base, policies=policies, connection_timeout=5, read_timeout=15, **transport)
    return lambda method, path, body: _sent(client, method, f"{base}{path}", body)


def _sent(client: Any, method: str, url: str, body: Mapping[str, Any] | None) -> Any:
    from azure.core.exceptions import AzureError
    from azure.core.rest import HttpRequest

    try:
        response = client.send_request(HttpRequest(method, url, params={"api-version": API_VERSION}, json=body))
        document = response.json()
    except (AzureError, ValueError) as error:
        raise KeyVaultError(f"the vault did not answer: {first_line(error)}") from error
    if response.status_code != 200:
        said = document.get("error") if isinstance(document, dict) else None
        code = said.get("code") if isinstance(said, dict) else None
        raise KeyVaultError(f"the vault answered {response.status_code}{f' {code}' if code else ''}")
    return document


def vault_signer(url: str, key: VaultKey, ask: Ask) -> Signer:
    """Who signs with the key, which `url` names to a person. Raises KeyVaultError, also each time that it signs."""
    public, version = _public_key(key, ask(*_get(key)))

    def sign(data: bytes) -> bytes:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        body = {"alg": "ES256", "value": _text(hashlib.sha256(data).digest())}
        raw = _bytes(_field(ask("POST", f"/keys/{key.name}/{version}/sign", body), "value"))
        if len(raw) != 64:
            raise KeyVaultError("the vault answered with no signature of P-256")
        numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        signature = utils.encode_dss_signature(*numbers)
        try:
            public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise KeyVaultError("the vault's signature is not one of its key") from error
        return signature

    from cryptography.hazmat.primitives import serialization

    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Signer(sign, pem, url)


def _get(key: VaultKey) -> tuple[str, str, None]:
    return "GET", f"/keys/{key.name}/{key.version}", None


def _public_key(key: VaultKey, document: Any) -> tuple[Any, str]:
    """The key's public half, and the version that it is of."""
    from cryptography.hazmat.primitives.asymmetric import ec

    found = document.get("key") if isinstance(document, dict) else None
    if not isinstance(found, dict) or found.get("crv") != "P-256":
        raise KeyVaultError(f"{key.name} is no key of the curve P-256")
    x, y = (int.from_bytes(_bytes(_field(found, part)), "big") for part in ("x", "y"))
    version = _field(found, "kid").rstrip("/").rpartition("/")[2]
    if re.fullmatch(r"[0-9a-f]{32}", version) is None or (key.version and version != key.version):
        raise KeyVaultError(f"the vault names another version of {key.name}")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key(), version
    except ValueError as error:
        raise KeyVaultError(f"{key.name} is no key of the curve P-256") from error


def _field(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise KeyVaultError(f"the vault's answer has no {name}")
    return value


def _bytes(text: str) -> bytes:
    """Of Base64 as URLs have it, without its '='."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyVaultError("the vault's answer is not Base64") from error


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
