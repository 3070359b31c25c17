"""Bearer tokens of the local cloud: JSON Web Tokens signed with a key that never leaves the state folder.

The clients of Azure and the nodes' agents handle them as they handle Entra's: issuer, audience and times are there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timezone
from typing import Any

from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state_folder import AUDIENCE, TENANT
from tfinfra.system.ownership import user_name

# As Entra's: azurite takes no token of another issuer.
ISSUER = f"https://sts.windows.net/{TENANT}/"
STORAGE = "https://storage.azure.com/"
GRAPH = "https://graph.tfinfra.local/"
"""Audiences besides ARM's, which is AUDIENCE."""
OWNER_OID = "00000000-0000-0000-0000-00000000beef"
PIPELINE_OID = "00000000-0000-0000-0000-00000000c1c1"
"""A service principal with the owner's rights: a rehearsal's caller where TFINFRA_LOCAL_CALLER is "app"."""
PIPELINE_APPLICATION = "00000000-0000-0000-0000-00000000a991"
"""The application of that service principal: its client id."""
CALLERS = {"user": OWNER_OID, "app": PIPELINE_OID}


def audience_of(resource: str) -> str:
    """The audience of a token for `resource` (as the metadata endpoint has it, or a scope without its
    ".default"): Blob's, else ARM's, which has other names than its own here."""
    return STORAGE if resource.rstrip("/") == STORAGE.rstrip("/") else AUDIENCE


def issuer(tenant: str) -> str:
    return f"https://sts.windows.net/{tenant}/"


def mint(key: bytes, oid: str, now: float, seconds: int, audience: str = AUDIENCE, *, tenant: str = TENANT) -> str:
    """A token of `tenant` for the principal `oid` at `audience`, valid from `now` (Unix seconds, a minute of slack
    before) for `seconds`."""
    claims: dict[str, Any] = {
        "iss": issuer(tenant),
        "aud": audience,
        "iat": int(now),
        "nbf": int(now) - 60,
        "exp": int(now) + seconds,
        "oid": oid,
        "idtyp": "user" if oid == OWNER_OID else "app",
        "tid": tenant,
    }
    if oid == OWNER_OID:
        claims["upn"] = user_name()
    return signed(key, claims)


def signed(key: bytes, claims: dict[str, Any]) -> str:
    """The claims as a token of this cloud."""
    head = _part({"alg": "HS256", "typ": "JWT"}) + "." + _part(claims)
    return head + "." + _encode(_sign(key, head))


def principal(key: bytes, token: str, now: float) -> str | None:
    """The `oid` that `token` proves to this tenant, None where it was not signed here, is not for ARM, or is not valid
    now."""
    try:
        proven = proven_claims(key, token, now)
    except ArmRefusal:
        return None
    return str(proven["oid"]) if proven["tid"] == TENANT else None


def proven_claims(key: bytes, token: str, now: float) -> dict[str, Any]:
    """The claims of a token for ARM, of whatever tenant. Raises ArmRefusal (401) in ARM's words: Azure/pcs-cli#357,
    JetBrains/azure-tools-for-intellij#16, microsoft/PlanetaryComputer#343."""
    claims = claims_of(token) if is_genuine(key, token) else {}
    if not claims or claims["nbf"] > now or claims["iss"] != issuer(claims["tid"]):
        raise refused("InvalidAuthenticationToken", "The access token is invalid.")
    if claims["aud"] != AUDIENCE:
        raise refused(
            "InvalidAuthenticationTokenAudience",
            f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should exactly "
            f"match with one of the allowed audiences '{AUDIENCE}'.",
        )
    if claims["exp"] <= now:
        raise refused(
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{_date(claims['exp'])}' is earlier than current UTC time "
            f"'{_date(now)}'.",
        )
    return claims


def wrong_tenant(tenant: str) -> ArmRefusal:
    """What ARM says of a token of `tenant` at a subscription of another one (Azure/LogicAppsUX#9068)."""
    return refused(
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer '{issuer(tenant)}'. It must match the tenant '{ISSUER}' associated "
        f"with this subscription. Please use the authority (URL) 'https://login.windows.net/{TENANT}' to get the "
        "token. Note, if the subscription is transferred to another tenant there is no impact to the services, but "
        "information about new tenant could take time to propagate (up to an hour). If you just transferred your "
        "subscription and see this error message, please try back later.",
    )


def refused(code: str, message: str) -> ArmRefusal:
    """An answer of 401, which names where tokens come from."""
    where = f'Bearer authorization_uri="https://login.windows.net/{TENANT}", error="invalid_token"'
    return ArmRefusal(401, code, message, {"WWW-Authenticate": where})


def is_genuine(key: bytes, token: str) -> bool:
    """Whether the token was signed here, whatever it says."""
    head, _, signature = token.rpartition(".")
    return hmac.compare_digest(_encode(_sign(key, head)).encode(), signature.encode("utf-8", "surrogatepass"))


def _date(seconds: float) -> str:
    """As ARM writes it: 5/13/2024 6:05:58 PM."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    clock = f"{moment.hour % 12 or 12}:{moment:%M:%S %p}"
    return f"{moment.month}/{moment.day}/{moment.year} {clock}"


def _sign(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _part(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
