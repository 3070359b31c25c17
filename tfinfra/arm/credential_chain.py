"""What a chain of credentials says that gave no token, and what helps: azure-identity's here, azidentity's in the
provider. Both name each link that they tried in a text of their own, of which little matters to a reader.

Source of the texts: azure-identity, azure/identity/_credentials/chained.py, azure_cli.py, environment.py; azidentity's
chained_token_credential.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tfinfra.arm.sign_in_advice import entra_sentence, way_in
from tfinfra.text.wording import shortened

VARIABLES = "the AZURE_* variables"
_NAMES = {
    "EnvironmentCredential": VARIABLES,
    "WorkloadIdentityCredential": "workload identity",
    "ManagedIdentityCredential": "managed identity",
    "AzureCliCredential": "az",
    "AzureCLICredential": "az",
    "AzureDeveloperCliCredential": "azd",
    "AzureDeveloperCLICredential": "azd",
}
_LINK = re.compile(rf"^\s*({'|'.join(_NAMES)})(?: authentication failed)?:[ \t]*", re.MULTILINE)
_ABSENT = re.compile(
    r"unavailable|not fully configured|missing environment variable|not found on path|could not be found"
    r"|no (?:client|tenant) ID specified|no token file specified|no managed identity endpoint",
    re.IGNORECASE,
)
"""What a link says that is not set up."""
_OTHER = re.compile(r"has not been assigned|identity not found|no user assigned", re.IGNORECASE)
"""What a managed identity's endpoint says to a caller who names an identity that it does not have."""
_TOKEN = re.compile(r"eyJ[\w-]{6,}[\w.-]*")
_HANGS = "Failed to invoke the Azure CLI"
"""What azure-identity says where `az` has not answered in the 10 s that it waits."""
_LONGEST = 300
_WHO = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")
_PROOFS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_PASSWORD")
NOBODY = "nobody is signed in here"

_UNREACHED = re.compile(
    r"failed to establish a new connection|name resolution|name or service not known|no such host|connection refused"
    r"|max retries exceeded|certificate_verify_failed|certificate signed by unknown authority|timed out|proxyconnect",
    re.IGNORECASE,
)
_NO_WAY = (
    "there is no way to where one signs in: look at the network and at HTTPS_PROXY, and, where a network has a CA of"
    " its own, at REQUESTS_CA_BUNDLE and SSL_CERT_FILE"
)
_OF_LINK = {
    VARIABLES: "they go before `az login`: correct them, or unset them",
    "managed identity": "AZURE_CLIENT_ID and IDENTITY_ENDPOINT must be of an identity of this machine, or unset",
    "az": "`az account get-access-token` must work by itself; `az login` signs in",
    "azd": "`azd auth login`",
}


def why_no_token(text: str) -> str:
    """What matters of the text: Entra's own sentence, else that of the link which was set up and failed, else that
    there is none. No token that a tool printed is in it."""
    said = entra_sentence(text)
    if said is not None:
        return _shown(said)
    links = _links(text)
    telling = _telling(links)
    if telling is not None:
        return f"{telling}: {_shown(links[telling])}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return NOBODY if links else _shown(lines[0] if lines else "")


def way_to_a_token(text: str, otherwise: str) -> str:
    """What mends it, `otherwise` where the text does not say what is wrong."""
    if _UNREACHED.search(text):
        return _NO_WAY
    telling = _telling(_links(text))
    return way_in(text, otherwise if telling is None else _OF_LINK.get(telling, otherwise))


def half_set(environ: Mapping[str, str]) -> str | None:
    """What a service principal's variables lack, None where none or all are there. A client's id alone is no half: a
    managed identity may be named by it."""
    have = [name for name in (*_WHO, *_PROOFS) if environ.get(name)]
    proven = any(name in _PROOFS for name in have)
    lacking = [*(name for name in _WHO if name not in have), *(() if proven else _PROOFS[:1])]
    if not lacking or (len(have) < len(_WHO) and not proven):
        return None
    return f"{' and '.join(have)} {'is' if len(have) == 1 else 'are'} set, {' and '.join(lacking)} not"


def _links(text: str) -> dict[str, str]:
    """What each link that was tried says, by its name to people."""
    parts = _LINK.split(text)[1:]
    return {_NAMES[name]: said for name, said in zip(parts[::2], parts[1::2], strict=True)}


def _telling(links: Mapping[str, str]) -> str | None:
    """The link that was set up and failed: the last, which ended the chain or was the last hope."""
    return next(
        (name for name in reversed(list(links)) if _OTHER.search(said := links[name]) or not _ABSENT.search(said)), None
    )


def _shown(said: str) -> str:
    """Its first line that says something, short and without tokens."""
    line = next((line.strip() for line in said.splitlines() if line.strip()), "it says nothing")
    if line == _HANGS:
        return "it does not answer"
    line = _TOKEN.sub("***", line.removeprefix("ERROR: "))
    return shortened(line, _LONGEST)
