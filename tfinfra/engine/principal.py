"""Asks azure-native whom it acts as, before it writes anything: it has a chain of credentials of its own, and tfinfra's
caller could not reach what another principal has made."""

from __future__ import annotations

from tfinfra.arm.credential_chain import way_to_a_token, why_no_token
from tfinfra.errors import CredentialsError

_OF_CREDENTIALS = ("DefaultAzureCredential", "AADSTS", "access token", "authentication failed", "az login")
_WAY = "sign in as one of them in both ways: `az account show` and the AZURE_* variables say who is signed in"


def check_principal(wanted: str) -> None:
    """Within a Pulumi program. Raises CredentialsError where the provider gets no token, or one of another principal
    than the object id `wanted`; what else goes wrong stays the engine's to tell."""
    from pulumi_azure_native import authorization

    try:
        found = authorization.get_client_config()
    except Exception as error:
        why = _credential_fault(str(error))
        if why is None:
            raise
        way = way_to_a_token(str(error), _WAY)
        raise CredentialsError(f"Pulumi's azure-native provider gets no token: {why}", hint=way) from error
    if found.object_id.lower() != wanted.lower():
        message = (
            f"two callers: tfinfra is signed in as the principal {wanted}, but Pulumi's azure-native provider as"
            f" {found.object_id} (application {found.client_id}, tenant {found.tenant_id}); nothing was made"
        )
        raise CredentialsError(message, hint=_WAY)


def _credential_fault(text: str) -> str | None:
    """What is wrong with the credentials, None where the error is about anything else."""
    if not any(word.lower() in text.lower() for word in _OF_CREDENTIALS):
        return None
    return why_no_token(text)
