"""Who asks ARM: read out of the token that the credential gives."""

from __future__ import annotations

import base64
import json
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
        raise CredentialsError(f"no token for {cloud.arm_endpoint}: {error.message.splitlines()[0]}") from error
    body = token.split(".")[1] if token.count(".") == 2 else ""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) or b"{}")
    return found
