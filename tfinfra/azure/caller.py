"""Who asks ARM: read out of the token that the credential gives."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError


def object_id(cloud: Cloud) -> str:
    """The caller's object id in the directory. Raises CredentialsError where there is no token."""
    return str(claims(cloud).get("oid", ""))


def claims(cloud: Cloud) -> dict[str, Any]:
    """The claims of the caller's token for ARM, unverified. Raises CredentialsError where there is no token."""
    from azure.core.exceptions import ClientAuthenticationError

    try:
        token = cloud.credential().get_token(cloud.token_scope).token
    except ClientAuthenticationError as error:
        raise CredentialsError(f"no token for {cloud.arm_endpoint}: {why_refused(error)}") from error
    return claims_of(token)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token, unverified; {} where `token` is none."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) or b"{}")
    return found


def principal_type(claims: Mapping[str, Any]) -> str:
    """The kind of principal that a token stands for, as a role assignment names it. ARM refuses one of another kind
    (UnmatchedPrincipalType, Azure/modern-web-app-pattern-dotnet#129).

    `idtyp` says it where it is there; else only a person's token has scopes or a user name.
    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """
    told = {"app": "ServicePrincipal", "user": "User"}.get(str(claims.get("idtyp", "")).lower())
    if told is not None:
        return told
    if any(claims.get(name) for name in ("scp", "upn", "unique_name", "preferred_username")):
        return "User"
    of_app = any(claims.get(name) for name in ("appid", "azp", "xms_mirid"))
    return "ServicePrincipal" if of_app else "User"


def why_refused(error: BaseException) -> str:
    """What matters of an error of azure-identity, whose text names each credential that was tried: Entra's own
    sentence, else the first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    entra = next((line[line.index("AADSTS") :] for line in lines if "AADSTS" in line), None)
    if entra is not None:
        return entra.partition(" Trace ID")[0]
    return lines[0] if lines else type(error).__name__
