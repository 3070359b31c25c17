"""Who asks ARM: read out of the token that the credential gives."""

from __future__ import annotations

from typing import Any

from tfinfra.arm.caller import claims_of
from tfinfra.arm.sign_in import entra_sentence
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


def why_refused(error: BaseException) -> str:
    """What matters of an error of azure-identity, whose text names each credential that was tried: Entra's own
    sentence, else the first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return entra_sentence(str(error)) or (lines[0] if lines else type(error).__name__)
