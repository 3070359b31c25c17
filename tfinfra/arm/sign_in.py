"""What ARM's 401 and Entra's refusals say, and where to sign in instead: the clients, the engine and the checklist ask
here."""

from __future__ import annotations

import re

AGAIN = "sign in again: `az login`"
_LONGEST = 400


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
    """How to get a token that ARM takes, by what it says of the one that it did not take; `otherwise` where it names no
    tenant."""
    tenants = wanted_tenants(said)
    if not tenants:
        return otherwise
    which = tenants[0] if len(tenants) == 1 else f"<one of {', '.join(tenants)}>"
    return (
        f"sign in to the subscription's tenant: `az login --tenant {which}`, or, where you are signed in there already,"
        " `az account set --subscription` with its id; a service principal sets AZURE_TENANT_ID"
    )


def entra_sentence(text: str) -> str | None:
    """The first sentence of what Entra says in a text ("AADSTS…"): its description goes on for a page, and ends in ids
    of the request. None where Entra has no part in it."""
    found = re.search(r"AADSTS\d+[^\n]*", text)
    return first_sentence(found[0].partition(" Trace ID")[0]) if found else None


def first_sentence(text: str) -> str:
    line = " ".join(text.split())
    found = re.match(r"(.+?[.!])(?:\s|$)", line)
    short = found[1] if found else line
    return short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…"
