"""Bearer tokens of the local cloud: JSON Web Tokens signed with a key that never leaves the state folder.

The clients of Azure and the nodes' agents handle them as they handle Entra's: issuer, audience and times are there.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import json
from typing import Any

from tfinfra.localcloud.layout import AUDIENCE, TENANT

# As Entra's: azurite takes no token of another issuer.
ISSUER = f"https://sts.windows.net/{TENANT}/"
STORAGE = "https://storage.azure.com/"
OWNER_OID = "00000000-0000-0000-0000-00000000beef"
PIPELINE_OID = "00000000-0000-0000-0000-00000000c1c1"
"""A service principal with the owner's rights: what a rehearsal's caller is where "app" is asked for."""
CALLERS = {"user": OWNER_OID, "app": PIPELINE_OID}


def audience_of(resource: str) -> str:
    """The audience of a token that is asked for `resource` (as the metadata endpoint has it, or a scope without its
    ".default"): Blob's, else ARM's, which has other names than its own here."""
    return STORAGE if resource.rstrip("/") == STORAGE.rstrip("/") else AUDIENCE


def mint(key: bytes, oid: str, now: float, seconds: int, audience: str = AUDIENCE) -> str:
    """A token for the principal `oid` at `audience`, valid from `now` (Unix seconds, a minute of slack before) for
    `seconds`."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": audience,
        "iat": int(now),
        "nbf": int(now) - 60,
        "exp": int(now) + seconds,
        "oid": oid,
        "idtyp": "user" if oid == OWNER_OID else "app",
        "tid": TENANT,
    }
    if oid == OWNER_OID:
        claims["upn"] = getpass.getuser()
    head = _part({"alg": "HS256", "typ": "JWT"}) + "." + _part(claims)
    return head + "." + _encode(_sign(key, head))


def principal(key: bytes, token: str, now: float) -> str | None:
    """The `oid` that `token` proves, None where it was not signed here, is not for ARM, or is not valid now."""
    head, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_encode(_sign(key, head)), signature):
        return None
    try:
        claims = claims_of(token)
    except ValueError:
        return None
    valid = claims["iss"] == ISSUER and claims["aud"] == AUDIENCE and claims["nbf"] <= now < claims["exp"]
    return str(claims["oid"]) if valid else None


def claims_of(token: str) -> dict[str, Any]:
    """The claims, unverified. Raises ValueError where `token` is none of ours."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _sign(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _part(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
