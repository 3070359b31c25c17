"""What a Configure request makes of the plugin: which ARM it asks, as whom.

The local cloud attaches the plugin to the engine and says all of that itself. Installed as Pulumi's own provider is,
the plugin takes it from the request and the environment, as azure-native does
(provider/pkg/provider/auth_azidentity.go, provider/pkg/azure/cloud).
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.plugin.arm_client import ArmClient
from tfinfra.localcloud.plugin.azcore_pipeline import Pacing
from tfinfra.localcloud.plugin.provider_errors import ProviderError
from tfinfra.localcloud.plugin.transport import Transport

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

Variables = Mapping[str, str]
METADATA_VERSION = "2022-09-01"
_METADATA_SECONDS = 30.0
_NO_SUBSCRIPTION = "A Subscription ID must be configured when authenticating using the Default Azure Credential."
_NO_GRAPH = "The provider configuration must include a value for microsoftGraphEndpoint"


@dataclass(frozen=True)
class ProviderConfiguration:
    """One configured provider. `claims` are the caller's, out of a token."""

    arm: ArmClient
    subscription: str
    location: str | None
    claims: Callable[[], Mapping[str, Any]]

    def client_config(self) -> dict[str, str]:
        """Who the caller is, as azure-native's getClientConfig says it."""
        claims = self.claims()
        return {
            "clientId": str(claims.get("appid", "")),
            "objectId": str(claims.get("oid", "")),
            "subscriptionId": self.subscription,
            "tenantId": str(claims.get("tid", "")),
        }


@dataclass(frozen=True)
class CloudEndpoints:
    """The URLs of one Azure, as its metadata endpoint gives them; `graph` is "" where it gives none."""

    arm: str
    audience: str
    login: str
    graph: str


def attached(arm: ArmClient, token: Callable[[], str]) -> Callable[[Variables], ProviderConfiguration]:
    """What configures a plugin that was given its ARM when it was started. `token` gives the caller's.

    Each update configures the plugin anew and cancels at its end what it started; the next one is served all the same.
    """

    def configure(variables: Variables) -> ProviderConfiguration:
        arm.pacing.stopped.clear()
        subscription, location = variables.get("subscriptionId", ""), variables.get("location")
        return ProviderConfiguration(arm, subscription, location, lambda: claims_of(token()))

    return configure


def installed(pace: float, environ: Mapping[str, str] = os.environ) -> Callable[[Variables], ProviderConfiguration]:
    """What configures a plugin that the engine found by itself: all is in the request, else in the environment."""

    def configure(variables: Variables) -> ProviderConfiguration:
        def setting(name: str, *names: str) -> str:
            return variables.get(name) or next((environ[n] for n in names if environ.get(n)), "")

        subscription = setting("subscriptionId", "ARM_SUBSCRIPTION_ID")
        use_default = setting("useDefaultAzureCredential", "ARM_USE_DEFAULT_AZURE_CREDENTIAL") == "true"
        if use_default and not subscription:
            raise ProviderError(_NO_SUBSCRIPTION)
        host = setting("metadataHost", "ARM_METADATA_HOSTNAME")
        name = setting("environment", "ARM_ENVIRONMENT", "AZURE_ENVIRONMENT")
        cloud = endpoints_of(host) if host else public_endpoints(name)
        tenant = setting("tenantId", "ARM_TENANT_ID")
        if not use_default and setting("useOidc", "ARM_USE_OIDC") == "true":
            credential = by_assertion(cloud.login, tenant, setting)
        else:
            credential = _credential(use_default, cloud.login, tenant)
        arm = ArmClient(cloud.arm, Transport(cloud.arm, _tokens(credential, cloud.audience)), Pacing(pace))

        def claims() -> Mapping[str, Any]:
            """Of the caller's token for Graph: getClientConfig reads no other (auth_getclientconfig.go)."""
            if not cloud.graph:
                raise ProviderError(_NO_GRAPH)
            return claims_of(_tokens(credential, cloud.graph.rstrip("/"))())

        return ProviderConfiguration(arm, subscription, variables.get("location"), claims)

    return configure


def public_endpoints(name: str) -> CloudEndpoints:
    """Azure's public cloud. Raises ProviderError for another name: other clouds are known by their metadata alone."""
    if name.lower() not in ("", "public", "azurecloud"):
        raise ProviderError(f"the stand-in for azure-native knows no environment '{name}'; set metadataHost")
    management = "https://management.azure.com"
    return CloudEndpoints(
        management, f"{management}/", "https://login.microsoftonline.com", "https://graph.microsoft.com"
    )


def endpoints_of(host: str) -> CloudEndpoints:
    """What `https://<host>/metadata/endpoints` says. Raises ProviderError where it does not answer.

    The CA is the system's, or SSL_CERT_FILE's, as for Go's TLS.
    """
    address = host.removeprefix("https://").rstrip("/")
    try:
        document = _metadata(address)
        authentication = document["authentication"]
        return CloudEndpoints(
            arm=str(document["resourceManager"]).rstrip("/"),
            audience=str(authentication["audiences"][0]),
            login=str(authentication["loginEndpoint"]),
            graph=str(document.get("microsoftGraphResourceId") or ""),
        )
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        message = f"failed to get Azure environment metadata from https://{address}: {error}"
        raise ProviderError(message) from error


def _metadata(address: str) -> Any:
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(address, timeout=_METADATA_SECONDS, context=context)
    try:
        connection.request("GET", f"/metadata/endpoints?api-version={METADATA_VERSION}")
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"performing request: expected 200 OK but got {response.status} {response.reason}")
    return json.loads(text)


def _credential(use_default: bool, login: str, tenant: str) -> TokenCredential:
    """The caller's: the chain of Go's DefaultAzureCredential where the configuration asks for it, else the CLI's."""
    import logging

    from azure.identity import AzureCliCredential, DefaultAzureCredential

    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)  # what it says is in the error
    if not use_default:
        return AzureCliCredential(tenant_id=tenant)
    return DefaultAzureCredential(
        authority=login,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_powershell_credential=True,
        exclude_broker_credential=True,
    )


def by_assertion(login: str, tenant: str, setting: Callable[..., str]) -> TokenCredential:
    """As newOidcCredential makes it: each token with a new assertion of a URL that is asked in GitHub's way. Raises
    ProviderError for a setting that is missing. The CA is SSL_CERT_FILE's, as for Go's TLS."""
    from azure.identity import ClientAssertionCredential

    client = setting("clientId", "ARM_CLIENT_ID")
    url = setting("oidcRequestUrl", "ACTIONS_ID_TOKEN_REQUEST_URL")
    token = setting("oidcRequestToken", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    named = {"Tenant ID": tenant, "Client ID": client, "OIDC token or request URL and token": url and token}
    if missing := next((name for name, value in named.items() if not value), None):
        raise ProviderError(f"A {missing} must be configured when authenticating with OIDC.")
    audience = setting("oidcAudience", "ARM_OIDC_AUDIENCE") or "api://AzureADTokenExchange"
    trust = os.environ.get("SSL_CERT_FILE") or True
    ask = partial(_assertion, url, token, audience)
    return ClientAssertionCredential(
        tenant, client, ask, authority=login, connection_verify=trust, use_env_settings=False
    )


def _assertion(url: str, token: str, audience: str) -> str:
    from azure.core.exceptions import ClientAuthenticationError

    query = urlencode({**dict(parse_qsl(urlsplit(url).query)), "audience": audience})
    request = Request(urlsplit(url)._replace(query=query).geturl(), headers={"Authorization": f"Bearer {token}"})  # noqa: S310  the job's own
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_METADATA_SECONDS) as answer:
            return str(json.loads(answer.read())["value"])
    except HTTPError as error:
        said = error.read().decode("utf-8", "replace")
        raise ClientAuthenticationError(f"GitHub OIDC: {error.code} with response: {said}") from error
    except OSError as error:
        raise ClientAuthenticationError(f"GitHub OIDC: couldn't request token: {error}") from error


def _tokens(credential: TokenCredential, audience: str) -> Callable[[], str]:
    """Tokens for `audience`, whose scope has two slashes where the audience ends with one, as in azcore."""
    from azure.core.exceptions import ClientAuthenticationError

    def token() -> str:
        try:
            return str(credential.get_token(f"{audience}/.default").token)
        except ClientAuthenticationError as error:
            name = type(credential).__name__
            raise ProviderError(f"{name}: failed to acquire a token.\n{error.message}") from error

    return token
