"""What ARM's 401 means to a client that reads one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfinfra.arm.sign_in_advice import wanted_tenants, way_in, without_advice
from tfinfra.azure.answers import reason
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError


def token_refused(cloud: Cloud, answer: Mapping[str, Any] | AzureError) -> CredentialsError:
    """The error for an answer of 401: ARM's own sentence, and where to sign in. `answer` is its body, or the exception
    that azure-core makes of it."""
    if isinstance(answer, Mapping):
        error = answer.get("error")
        message = error.get("message") if isinstance(error, Mapping) else error
        said = " ".join(str(message or "").split())
    else:
        said = reason(answer)
    whose = f" of tenant {cloud.tenant_id}" if wanted_tenants(said) and cloud.tenant_id else ""
    why = f": {without_advice(said)}" if said else ""
    return CredentialsError(f"{cloud.arm_endpoint} does not accept your token{whose}{why}", hint=way_in(said))
