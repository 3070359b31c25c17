"""An identity endpoint on loopback, for rehearsals of what runs with `cloud: azure`: a caller that knows its address
and its secret gets tokens of the local cloud, as a person, a service principal or a managed identity.

azure-identity's DefaultAzureCredential finds it as it finds the ones of Azure, in Python and in Go, by the environment:

    IDENTITY_ENDPOINT, IDENTITY_HEADER     App Service's way
        learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    AZURE_POD_IDENTITY_AUTHORITY_HOST      that of a machine (IMDS), where it is read; the secret is in the path
        learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token

`python -m tfinfra.localcloud.metadata.identity_endpoint --state FOLDER` serves one for the daemon of that state folder.
"""

from __future__ import annotations

import argparse
import hmac
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import AUDIENCE, SUBSCRIPTION, TENANT, Layout
from tfinfra.system.loopback_server import LoopbackServer
from tfinfra.system.ownership import user_name

APP_SERVICE, IMDS = "/msi/token", "/metadata/identity/oauth2/token"
VERSIONS = {APP_SERVICE: "2019-08-01", IMDS: "2018-02-01"}
NO_IDENTITY = {
    APP_SERVICE: "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    IMDS: "Identity not found",
}
"""The answers to a request for another identity than the one that exists, as by an AZURE_CLIENT_ID that was left over
(Azure-Samples/azure-search-openai-demo#2148, Azure/azure-sdk-for-net#37278)."""
SECONDS = 3600
_AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"  # the application that a person signs in by: `az login`
_IDENTITY = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/builders/providers/Microsoft.ManagedIdentity"


@dataclass(frozen=True)
class RehearsedCaller:
    """The caller that the tokens prove: an object id of `tenant` and the claims that say its kind.

    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """

    oid: str
    claims: Mapping[str, str]
    tenant: str = TENANT


def person(oid: str = tokens.OWNER_OID, tenant: str = TENANT) -> RehearsedCaller:
    """A user who has signed in by the Azure CLI, by default the cloud's owner."""
    claims = {"idtyp": "user", "scp": "user_impersonation", "upn": user_name(), "appid": _AZURE_CLI}
    return RehearsedCaller(oid, claims, tenant)


def service_principal(oid: str = tokens.PIPELINE_OID, tenant: str = TENANT) -> RehearsedCaller:
    return RehearsedCaller(oid, {"idtyp": "app", "appid": tokens.PIPELINE_APPLICATION}, tenant)


def managed_identity(oid: str = tokens.PIPELINE_OID, tenant: str = TENANT) -> RehearsedCaller:
    """The user-assigned identity of a machine that runs tfinfra."""
    resource = f"{_IDENTITY}/userAssignedIdentities/builder"
    return RehearsedCaller(oid, {"idtyp": "app", "appid": tokens.PIPELINE_APPLICATION, "xms_mirid": resource}, tenant)


CALLERS: dict[str, Callable[..., RehearsedCaller]] = {
    "person": person,
    "service-principal": service_principal,
    "managed-identity": managed_identity,
}


class IdentityEndpoint:
    """Serves within its `with`. `variables` are the environment by which a caller finds it."""

    def __init__(self, layout: Layout, caller: RehearsedCaller) -> None:
        self._layout = layout
        self.caller = caller
        self._secret = secrets.token_urlsafe(24)
        self._server = LoopbackServer(self._respond, "identity")

    @property
    def variables(self) -> dict[str, str]:
        """App Service's way."""
        return {"IDENTITY_ENDPOINT": f"{self._server.origin}{APP_SERVICE}", "IDENTITY_HEADER": self._secret}

    @property
    def machine_variables(self) -> dict[str, str]:
        """The way of a virtual machine."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"{self._server.origin}/{self._secret}"}

    def __enter__(self) -> IdentityEndpoint:
        self._server.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.__exit__(*raised)

    @contextmanager
    def acting(self, caller: RehearsedCaller) -> Iterator[None]:
        """Within it, tokens prove another caller."""
        self.caller, before = caller, self.caller
        try:
            yield
        finally:
            self.caller = before

    def serve(self) -> None:
        """Serves until the process ends."""
        self._server.serve()

    def _respond(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        if method != "GET":
            return 405, _refusal(None, 405, "method_not_allowed", f"{method} is not allowed")
        return self.answer(parts.path, dict(parse_qsl(parts.query)), headers)

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """(status, body) of a GET. `headers` have lower-case names."""
        way, is_known = self._way(path, headers)
        if way is None:
            return 404, _refusal(way, 404, "not_found", f"there is nothing at {path}")
        if not is_known:
            return 401, _refusal(way, 401, "unauthorized_client", "the header that proves the caller is wrong")
        if query.get("api-version") != VERSIONS[way]:
            return 400, _refusal(way, 400, "invalid_request", f"api-version must be {VERSIONS[way]}")
        if query.get("client_id") not in (None, self.caller.claims.get("appid")):
            return 400, _refusal(way, 400, "invalid_request", NO_IDENTITY[way])
        # a resource may lack the slash at its end
        resource = query.get("resource", "")
        known = (AUDIENCE, tokens.STORAGE, tokens.GRAPH)
        audience = next((one for one in known if resource.rstrip("/") == one.rstrip("/")), None)
        if audience is None:
            reason = f"AADSTS500011: The resource principal named {resource} was not found in the tenant."
            return 400, _refusal(way, 400, "invalid_resource", reason)
        return 200, self._token(resource, audience)

    def _way(self, path: str, headers: Mapping[str, str]) -> tuple[str | None, bool]:
        """Which of the two ways a path is, and whether the caller knows the secret."""
        if path == APP_SERVICE:
            return APP_SERVICE, _same(headers.get("x-identity-header", ""), self._secret)
        secret, found, rest = path[1:].partition("/")
        if f"/{rest}" != IMDS or not found:
            return None, False
        direct = headers.get("metadata", "").lower() == "true" and "x-forwarded-for" not in headers
        return IMDS, direct and _same(secret, self._secret)

    def _token(self, resource: str, audience: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            **self.caller.claims,
            "iss": f"https://sts.windows.net/{self.caller.tenant}/",
            "aud": audience,
            "iat": now,
            "nbf": now - 60,
            "exp": now + SECONDS,
            "oid": self.caller.oid,
            "tid": self.caller.tenant,
        }
        return {
            "access_token": tokens.signed(self._layout.signing_key.read_bytes(), claims),
            "expires_on": str(now + SECONDS),
            "expires_in": str(SECONDS),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": self.caller.claims.get("appid", ""),
        }


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())


def _refusal(way: str | None, status: int, error: str, reason: str) -> dict[str, Any]:
    if way == APP_SERVICE:
        return {"statusCode": status, "message": reason, "correlationId": secrets.token_hex(16)}
    return {"error": error, "error_description": reason}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tfinfra.localcloud.metadata.identity_endpoint", description=__doc__
    )
    parser.add_argument("--state", type=Path, required=True, help="the local cloud's folder: <TFINFRA_STATE_DIR>/cloud")
    parser.add_argument("--as", dest="kind", choices=CALLERS, default="person", help="whose tokens are given out")
    parser.add_argument("--oid", help="the caller's object id (default: the cloud's owner of that kind)")
    parser.add_argument("--tenant", default=TENANT, help="the caller's tenant (default: the cloud's own)")
    options = parser.parse_args()
    given = {"tenant": options.tenant, **({"oid": options.oid} if options.oid else {})}
    endpoint = IdentityEndpoint(Layout(options.state), CALLERS[options.kind](**given))
    for name, value in endpoint.variables.items():
        print(f"export {name}={shlex.quote(value)}", flush=True)
    endpoint.serve()


if __name__ == "__main__":
    main()
