"""Who the caller is: read out of the token that the credential gives for ARM."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tfinfra.arm.credential_chain import half_set, way_to_a_token, why_no_token
from tfinfra.arm.sign_in_advice import AGAIN
from tfinfra.arm.token_claims import claims_of
from tfinfra.azure.identity.federation import federation
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def object_id(cloud: Cloud) -> str:
    """The caller's object id in the directory. Raises CredentialsError where there is no token."""
    return str(claims(cloud).get("oid", ""))


def claims(cloud: Cloud) -> dict[str, Any]:
    """The claims of the caller's token for ARM, unverified. Raises CredentialsError where there is no token."""
    return claims_of(token_for(cloud.credential(), cloud.token_scope, f"no token for {cloud.arm_endpoint}"))


def token_for(credential: TokenCredential, scope: str, what: str, otherwise: str = AGAIN) -> str:
    """The caller's token for `scope`. Raises CredentialsError, whose message begins with `what`, and whose hint is
    `otherwise` where the credential does not say what is wrong; OSError and ValueError where a file holds none."""
    from azure.core.exceptions import ClientAuthenticationError

    try:
        token = credential.get_token(scope).token
    except ClientAuthenticationError as error:
        chosen = os.environ.get("AZURE_TOKEN_CREDENTIALS")
        narrowed = f"AZURE_TOKEN_CREDENTIALS={chosen} leaves out all other ways" if chosen else None
        lacking = half_set(os.environ) if federation(os.environ) is None else None
        why = "; ".join(filter(None, (why_refused(error), lacking, narrowed)))
        raise CredentialsError(f"{what}: {why}", hint=way_to_a_token(str(error), otherwise)) from error
    except (TypeError, AttributeError, KeyError) as error:  # azure-identity trusts what `az` prints to have its form
        raise CredentialsError(f"{what}: what signs in here printed no token", hint=otherwise) from error
    if not isinstance(token, str):
        raise CredentialsError(f"{what}: what signs in here gave no token", hint=otherwise)
    return token


def why_refused(error: BaseException) -> str:
    """What matters of an error of azure-identity, whose text names each credential that was tried."""
    return why_no_token(str(error)) or type(error).__name__
