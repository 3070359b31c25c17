"""An application that signs in by the word of a CI system or a cluster, without a secret of its own. What they vouch
with, an assertion, lives for minutes, and Entra wants one for each new token: so it is asked for again each time, and
no job outlives it (AADSTS700024).

GitHub: docs.github.com/actions/reference/security/oidc. Azure Pipelines: learn.microsoft.com/rest/api/azure/devops
/distributedtask/oidctoken/create. A file: learn.microsoft.com/entra/workload-id/workload-identity-federation.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tfinfra.errors import first_line
from tfinfra.system.loopback import is_loopback

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

AUDIENCE = "api://AzureADTokenExchange"
BY_ASSERTION = "useOidc"
"""azure-native's setting for this way in."""
_SECRETS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH")
_NARROWED = ("", "prod", "workloadidentitycredential")
"""The values of AZURE_TOKEN_CREDENTIALS that leave an assertion in, in lower case."""
_TRIES, _PAUSE, _PATIENCE = 4, 0.5, 20.0
_EARLY = 300.0
"""Seconds before its end at which a token is renewed, or half of its life where that is less."""
_AGAIN = 30.0
"""Seconds until the next try to renew a token that still holds, or half of what is left of its life: tries are slow."""


class NoAssertion(Exception):
    """Why there is none."""


@dataclass(frozen=True)
class Federation:
    """The application `client` of `tenant`, and who vouches for it. `assertion` gives a new proof and raises
    NoAssertion."""

    tenant: str
    client: str
    by: str
    assertion: Callable[[], str]


def federation(environ: Mapping[str, str]) -> Federation | None:
    """By what `environ` says; None where it names no application, or a secret of it, which needs nobody's word. A file
    that is named goes before the URLs that a CI system gives every job: it is the user's choice."""
    if any(environ.get(name) for name in _SECRETS):
        return None
    if environ.get("AZURE_TOKEN_CREDENTIALS", "").lower() not in _NARROWED:
        return None
    tenant, client = environ.get("AZURE_TENANT_ID"), environ.get("AZURE_CLIENT_ID")
    if tenant and client and (file := environ.get("AZURE_FEDERATED_TOKEN_FILE")):
        return Federation(tenant, client, f"the file {file}", partial(_read, Path(file)))
    url, token = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if tenant and client and url and token:
        return Federation(tenant, client, "GitHub's token URL", partial(_of_github, url, token))
    url, token = environ.get("SYSTEM_OIDCREQUESTURI"), environ.get("SYSTEM_ACCESSTOKEN")
    connection = environ.get("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID")
    client = environ.get("AZURESUBSCRIPTION_CLIENT_ID") or client
    tenant = environ.get("AZURESUBSCRIPTION_TENANT_ID") or tenant
    if tenant and client and url and token and connection:
        ask = partial(_of_pipelines, url, token, connection)
        return Federation(tenant, client, "Azure Pipelines' token URL", ask)
    return None


class FederatedCredential:
    """A TokenCredential that renews its tokens, each with a new assertion. `now` gives Unix seconds; `options` are
    azure-identity's: authority, transport."""

    def __init__(self, known: Federation, *, now: Callable[[], float] = time.time, **options: Any) -> None:
        self.federation = known
        self._now = now
        self._options = options
        self._tokens: dict[tuple[str, ...], tuple[AccessToken, float]] = {}
        self._lock = threading.Lock()

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """Raises azure.core's ClientAuthenticationError where there is neither a new token nor one that still holds."""
        from azure.core.exceptions import ClientAuthenticationError

        del tenant_id, enable_cae, kwargs
        with self._lock:
            held, renew = self._tokens.get(scopes, (None, 0.0))
            now = self._now()
            if held is not None and now < renew and claims is None:
                return held
            try:
                fresh = self._new(scopes, claims)
            except ClientAuthenticationError:
                if held is not None and now < held.expires_on and claims is None:
                    later = self._now()
                    self._tokens[scopes] = held, later + min(_AGAIN, (held.expires_on - later) / 2)
                    return held
                raise
            renew = fresh.expires_on - min(_EARLY, (fresh.expires_on - now) / 2)
            self._tokens[scopes] = fresh, renew
            return fresh

    def _new(self, scopes: tuple[str, ...], claims: str | None) -> AccessToken:
        """A credential of its own for each token: azure-identity's would give its old one until that has expired."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.identity import ClientAssertionCredential

        known = self.federation
        try:
            with ClientAssertionCredential(known.tenant, known.client, known.assertion, **self._options) as credential:
                return credential.get_token(*scopes, claims=claims)
        except ClientAuthenticationError:
            raise
        except NoAssertion as error:
            raise ClientAuthenticationError(message=f"{known.by} gives no assertion: {error}") from error
        except (AzureError, ValueError) as error:
            raise ClientAuthenticationError(message=f"no token for an assertion: {first_line(error)}") from error


def _read(file: Path) -> str:
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise NoAssertion(getattr(error, "strerror", None) or str(error)) from error
    if not found:
        raise NoAssertion("it is empty")
    return found


def _of_github(url: str, token: str) -> str:
    joint = "&" if "?" in url else "?"
    request = Request(f"{url}{joint}{urlencode({'audience': AUDIENCE})}", headers=_bearer(token))  # noqa: S310  checked where it is sent
    return _asked(request, "value")


def _of_pipelines(url: str, token: str, connection: str) -> str:
    query = urlencode({"api-version": "7.1", "serviceConnectionId": connection})
    headers = {**_bearer(token), "Content-Type": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
    request = Request(f"{url.rstrip('/')}?{query}", data=b"", headers=headers, method="POST")  # noqa: S310  as above
    return _asked(request, "oidcToken")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _asked(request: Request, member: str) -> str:
    """What the answer has under `member`; what passes is asked again a few times."""
    plain = urlsplit(request.full_url).scheme != "https"
    if plain and not is_loopback(request.full_url):
        raise NoAssertion("its address is not https")
    pause = _PAUSE
    for left in reversed(range(_TRIES)):
        try:
            return _once(request, member, loopback=plain)
        except HTTPError as error:
            why, passes = f"HTTP status {error.code}", error.code == 429 or error.code >= 500
        except (URLError, OSError) as error:
            why, passes = str(getattr(error, "reason", None) or error), True
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            why, passes = f"its answer has no '{member}'", False
            del error
        if not passes or not left:
            raise NoAssertion(why)
        time.sleep(pause)
        pause *= 2
    raise AssertionError


def _once(request: Request, member: str, *, loopback: bool) -> str:
    opener = build_opener(*([ProxyHandler({})] if loopback else []))
    with opener.open(request, timeout=_PATIENCE) as answer:
        found = json.loads(answer.read())[member]
    if not isinstance(found, str) or not found:
        raise ValueError(member)
    return found
