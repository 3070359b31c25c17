"""What ARM's 401 means, and where to sign in instead: every room that reads one asks here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfinfra.azure.answers import reason
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

AGAIN = "sign in again: `az login`"
_LONGEST = 300


def token_refused(cloud: Cloud, answer: Mapping[str, Any] | AzureError) -> CredentialsError:
    """The error for an answer of 401: ARM's own sentence, and where to sign in. `answer` is its body, or the exception
    that azure-core makes of it."""
    said = _said(answer)
    whose = f" of tenant {cloud.tenant_id}" if wanted_tenants(said) and cloud.tenant_id else ""
    why = f": {_sentence(said)}" if said else ""
    return CredentialsError(f"{cloud.arm_endpoint} does not accept your token{whose}{why}", hint=way_in(said))


def wanted_tenants(said: str) -> tuple[str, ...]:
    """The tenants of whom ARM would take a token, by what it says of one that is another's; () where it says none.

    "The access token is from the wrong issuer 'https://sts.windows.net/A/'. It must match the tenant
    'https://sts.windows.net/B/' associated with this subscription. …", or "… one of the tenants 'https://…/B/,
    https://…/C/' …" (code InvalidAuthenticationTokenTenant; Azure/LogicAppsUX#9068, Azure/azure-sdk-for-net#49391).
    """
    must = said.partition("It must match")[2].partition("associated with")[0]
    return tuple(dict.fromkeys(re.findall(r"https?://[^/'\s,]+/([^/'\s,]+)", must)))


def way_in(said: str) -> str:
    """How to get a token that ARM takes, by what it says of the one that it did not take."""
    tenants = wanted_tenants(said)
    if not tenants:
        return AGAIN
    which = tenants[0] if len(tenants) == 1 else f"<one of {', '.join(tenants)}>"
    return (
        f"sign in to the subscription's tenant: `az login --tenant {which}`, or, where you are signed in there already,"
        " `az account set --subscription` with its id; a service principal sets AZURE_TENANT_ID"
    )


def _said(answer: Mapping[str, Any] | AzureError) -> str:
    """ARM's own message, on one line."""
    if not isinstance(answer, Mapping):
        return reason(answer)
    error = answer.get("error")
    text = error.get("message") if isinstance(error, Mapping) else error
    return " ".join(str(text or "").split())


def _sentence(said: str) -> str:
    """What it says of the token, without its advice, of which there is a shorter form."""
    short = said.partition(" Please use")[0].partition(" Note, ")[0]
    return short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"
