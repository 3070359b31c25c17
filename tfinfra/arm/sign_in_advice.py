"""What ARM's 401 and Entra's refusals say, and where to sign in instead, for the clients, the engine and the
checklist."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfinfra.text.wording import shortened

AGAIN = "sign in again: `az login`"
_LONGEST = 400
_SHORT = 300

# What mends Entra's refusals: learn.microsoft.com/entra/identity-platform/reference-error-codes
_ELSEWHERE = (
    "another `az login` alone does not help: a Conditional Access policy of the tenant forbids this sign-in. Do it from"
    " a device and a network that the policy takes, or act as a service principal, or ask who administers the tenant"
)
_FACTOR = "sign in anew where you can give the second factor: `az login --tenant <the tenant>`"
_EXPIRED = (
    "make a new one, `az ad app credential reset --id <AZURE_CLIENT_ID>`, and set AZURE_CLIENT_SECRET to its value"
)
_APPLICATION = (
    "AZURE_CLIENT_ID must be an application of the tenant AZURE_TENANT_ID: `az ad sp show --id <AZURE_CLIENT_ID>`"
)
_TENANT = "look at AZURE_TENANT_ID: `az account show --query tenantId` tells the tenant of who is signed in"
_FEDERATED = "the application's federated credential must name just this issuer, subject and audience"
_CLOUD = "the tenant does not know this ARM: TFINFRA_ARM_ENDPOINT must be of the cloud where you are signed in"
_OUTLIVED = (
    "the job has outlived the assertion that it signed in with; let tfinfra ask for a new one each time. GitHub:"
    " `permissions: id-token: write`, and AZURE_CLIENT_ID and AZURE_TENANT_ID in the job's `env` in place of"
    " azure/login. Azure Pipelines: `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` in the `env` of an AzureCLI task."
    " Elsewhere: AZURE_FEDERATED_TOKEN_FILE must name a file that is written anew before it expires"
)
_ENTRA: Mapping[str, str] = {
    **dict.fromkeys(("53000", "53001", "53002", "53003", "53004"), _ELSEWHERE),
    **dict.fromkeys(("50072", "50074", "50076", "50078", "50079"), _FACTOR),
    **dict.fromkeys(("50173", "70043", "70044", "700082", "700084"), AGAIN),
    **dict.fromkeys(("7000215", "7000222"), _EXPIRED),
    "700016": _APPLICATION,
    **dict.fromkeys(("90002", "900021", "900023"), _TENANT),
    **dict.fromkeys(("70021", "700211", "700212", "700213"), _FEDERATED),
    "700024": _OUTLIVED,
    "500011": _CLOUD,
}


def wanted_tenants(said: str) -> tuple[str, ...]:
    """The tenants of whom ARM would take a token, by what it says of one that is another's; () where it says none.

    "The access token is from the wrong issuer 'https://sts.windows.net/A/'. It must match the tenant
    'https://sts.windows.net/B/' associated with this subscription. …", or "… one of the tenants 'https://…/B/,
    https://…/C/' …" (code InvalidAuthenticationTokenTenant; Azure/LogicAppsUX#9068, Azure/azure-sdk-for-net#49391).
    """
    must = re.split(r"it must match", said, maxsplit=1, flags=re.IGNORECASE)[1:]
    named = re.split(r"associated with", must[0], maxsplit=1)[0] if must else ""
    return tuple(dict.fromkeys(re.findall(r"https?://[^/'\s,]+/([^/'\s,]+)", named)))


def way_in(said: str, otherwise: str = AGAIN) -> str:
    """How to get a token that ARM takes, by what ARM says of the one that it did not take, or Entra of the sign-in;
    `otherwise` where it names no tenant, no audience and none of the codes that are known."""
    tenants, audience = wanted_tenants(said), _wanted_audience(said)
    if tenants:
        which = tenants[0] if len(tenants) == 1 else f"<one of {', '.join(tenants)}>"
        return (
            f"sign in to the subscription's tenant: `az login --tenant {which}`, or, where you are signed in there"
            " already, `az account set --subscription` with its id; a service principal sets AZURE_TENANT_ID"
        )
    if audience is not None:
        return (
            f"the token must be for {audience}: `az account get-access-token --resource {audience}` gives one that is,"
            " once `az cloud show` is the cloud of this ARM"
        )
    code = re.search(r"AADSTS(\d+)", said)
    return _ENTRA.get(code[1], otherwise) if code else otherwise


def _wanted_audience(said: str) -> str | None:
    """ "The access token has been obtained for wrong audience or resource 'A'. It should exactly match with one of the
    allowed audiences 'B','C'." (code InvalidAuthenticationTokenAudience): B; None where it is not of audiences."""
    found = re.search(r"allowed audiences? '([^']+)'", said)
    return found[1] if found else None


def entra_sentence(text: str) -> str | None:
    """The first sentence of what Entra says in a text ("AADSTS…"): its description goes on for a page, and ends in ids
    of the request. None where Entra has no part in it."""
    found = re.search(r"AADSTS\d+[^\n]*", text)
    return first_sentence(found[0].partition(" Trace ID")[0]) if found else None


def first_sentence(text: str) -> str:
    line = " ".join(text.split())
    found = re.match(r"(.+?[.!])(?:\s|$)", line)
    short = found[1] if found else line
    return shortened(short, _LONGEST)


def without_advice(said: str) -> str:
    """What ARM says of a token, without its advice, of which `way_in` has a shorter form."""
    short = said.partition(" Please use")[0].partition(" Note, ")[0]
    return shortened(short, _SHORT)
