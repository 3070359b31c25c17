"""Whose token it is: read out of the token itself, unverified, as ARM reads it.

Source of the claims: learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token, unverified; {} where `token` is none."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def principal_type(claims: Mapping[str, Any]) -> str:
    """The kind of principal that a token stands for, as a role assignment names it. ARM refuses one of another kind
    (UnmatchedPrincipalType, Azure/modern-web-app-pattern-dotnet#129). A token that does not say counts as a
    person's."""
    return _type(claims) or "User"


def kind(claims: Mapping[str, Any]) -> str:
    """The same for a person to read; `xms_mirid` names a managed identity's resource."""
    if claims.get("xms_mirid"):
        return "a managed identity"
    known = {"User": "a person", "ServicePrincipal": "a service principal"}
    return known.get(_type(claims) or "", "of a kind that its token does not tell")


def _type(claims: Mapping[str, Any]) -> str | None:
    """The kind of principal by its token: `idtyp`, if the token has it; else only a person's token has scopes or a user
    name."""
    stated = {"app": "ServicePrincipal", "user": "User"}.get(str(claims.get("idtyp", "")).lower())
    if stated is not None:
        return stated
    if any(claims.get(name) for name in ("scp", "upn", "unique_name", "preferred_username")):
        return "User"
    of_app = any(claims.get(name) for name in ("appid", "azp", "xms_mirid"))
    return "ServicePrincipal" if of_app else None
