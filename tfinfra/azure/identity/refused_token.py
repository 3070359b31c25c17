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
    said = _said(answer)
    whose = f" of tenant {cloud.tenant_id}" if wanted_tenants(said) and cloud.tenant_id else ""
    why = f": {without_advice(said)}" if said else ""
    return CredentialsError(f"{cloud.arm_endpoint} does not accept your token{whose}{why}", hint=way_in(said))


def _said(answer: Mapping[str, Any] | AzureError) -> str:
    """ARM's own message, on one line."""
    if not isinstance(answer, Mapping):
        return reason(answer)
    error = answer.get("error")
    text = error.get("message") if isinstance(error, Mapping) else error
    return " ".join(str(text or "").split())
