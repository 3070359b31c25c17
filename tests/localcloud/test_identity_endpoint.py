"""The identity endpoint gives tokens of the local cloud to who knows its secret, in both of Azure's ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from tests.localcloud.calls import KEY
from tfinfra.arm.token_claims import claims_of
from tfinfra.localcloud.arm.rbac.directory import OWNERS
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import AUDIENCE, TENANT, Layout
from tfinfra.localcloud.metadata.identity_endpoint import (
    APP_SERVICE,
    IMDS,
    IdentityEndpoint,
    managed_identity,
    person,
    service_principal,
)
from tfinfra.localcloud.metadata.identity_endpoint import CALLERS as KINDS

OTHER = "00000000-0000-0000-0000-0000000000aa"
ELSEWHERE = "00000000-0000-0000-0000-00000000bead"
ARM_SCOPE = f"{AUDIENCE}/.default"


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[IdentityEndpoint]:
    layout = Layout(tmp_path)
    layout.signing_key.write_bytes(KEY)
    with IdentityEndpoint(layout, person()) as served:
        yield served


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential of this machine's user is in the chain's way."""
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


def claims(scope: str) -> dict[str, Any]:
    """Those of the token that azure-identity's chain finds."""
    from azure.identity import DefaultAzureCredential

    return claims_of(DefaultAzureCredential().get_token(scope).token)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("way", ["variables", "machine_variables"], ids=["as in App Service", "as on a machine"])
def test_the_chain_of_credentials_finds_it(
    way: str, endpoint: IdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in getattr(endpoint, way).items():
        monkeypatch.setenv(name, value)
    found = claims(ARM_SCOPE)
    assert (found["oid"], found["tid"], found["aud"]) == (tokens.OWNER_OID, TENANT, AUDIENCE)
    assert claims(f"{tokens.STORAGE}.default")["aud"] == tokens.STORAGE
    assert claims(f"{tokens.GRAPH}/.default")["aud"] == tokens.GRAPH


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("way", ["variables", "machine_variables"], ids=["as in App Service", "as on a machine"])
def test_who_asks_for_another_identity_gets_no_token(
    way: str, endpoint: IdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by an AZURE_CLIENT_ID that was left over; the one of the identity that is there is taken."""
    for name, value in {**getattr(endpoint, way), "PATH": "/nowhere", "AZURE_TOKEN_CREDENTIALS": "prod"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_CLIENT_ID", OTHER)
    with pytest.raises(ClientAuthenticationError):
        claims(ARM_SCOPE)
    monkeypatch.setenv("AZURE_CLIENT_ID", endpoint.caller.claims["appid"])
    assert claims(ARM_SCOPE)["oid"] == tokens.OWNER_OID


CALLERS: dict[str, tuple[Callable[[], Any], dict[str, Any], set[str]]] = {
    "a person": (person, {"idtyp": "user", "scp": "user_impersonation"}, {"upn"}),
    "a service principal": (lambda: service_principal(OTHER), {"idtyp": "app", "oid": OTHER}, {"appid"}),
    "a managed identity": (lambda: managed_identity(OTHER), {"idtyp": "app", "oid": OTHER}, {"appid", "xms_mirid"}),
    "somebody of another tenant": (
        lambda: person(tenant=ELSEWHERE),
        {"tid": ELSEWHERE, "iss": f"https://sts.windows.net/{ELSEWHERE}/"},
        set(),
    ),
}


@pytest.mark.parametrize(("caller", "values", "names"), CALLERS.values(), ids=CALLERS.keys())
def test_a_token_says_who_the_caller_is(
    caller: Callable[[], Any], values: dict[str, Any], names: set[str], endpoint: IdentityEndpoint
) -> None:
    endpoint.caller = caller()
    query = {"api-version": "2019-08-01", "resource": AUDIENCE}
    status, body = endpoint.answer(APP_SERVICE, query, {"x-identity-header": endpoint.variables["IDENTITY_HEADER"]})
    found = claims_of(body["access_token"])
    assert status == 200
    assert {name: found[name] for name in values} == values
    assert names <= found.keys()
    assert ("upn" in found) == (found["idtyp"] == "user")


def test_the_local_cloud_takes_its_owners_token_and_no_other_tenants(endpoint: IdentityEndpoint) -> None:
    query = {"api-version": "2019-08-01", "resource": AUDIENCE.rstrip("/")}
    headers = {"x-identity-header": endpoint.variables["IDENTITY_HEADER"]}
    taken = endpoint.answer(APP_SERVICE, query, headers)[1]
    now = float(taken["expires_on"]) - 60
    assert tokens.principal(KEY, taken["access_token"], now) == tokens.OWNER_OID
    endpoint.caller = person(tenant=ELSEWHERE)
    assert tokens.principal(KEY, endpoint.answer(APP_SERVICE, query, headers)[1]["access_token"], now) is None


WRONG: dict[str, tuple[str, dict[str, str], dict[str, str], int]] = {
    "no header": (APP_SERVICE, {}, {"x-identity-header": ""}, 401),
    "another's header": (APP_SERVICE, {}, {"x-identity-header": "guessed"}, 401),
    "another path": ("/token", {}, {}, 404),
    "an audience that nobody knows": (APP_SERVICE, {"resource": "https://vault.azure.net"}, {}, 400),
    "no audience": (APP_SERVICE, {"resource": ""}, {}, 400),
    "another version": (APP_SERVICE, {"api-version": "2017-09-01"}, {}, 400),
    "a machine's way without the secret": (IMDS, {"api-version": "2018-02-01"}, {"metadata": "true"}, 404),
    "a machine's way with another's secret": (
        f"/guessed{IMDS}",
        {"api-version": "2018-02-01"},
        {"metadata": "true"},
        401,
    ),
}


@pytest.mark.parametrize(("path", "query", "headers", "status"), WRONG.values(), ids=WRONG.keys())
def test_nobody_else_gets_one(
    path: str, query: dict[str, str], headers: dict[str, str], status: int, endpoint: IdentityEndpoint
) -> None:
    asked = {"api-version": "2019-08-01", "resource": AUDIENCE, **query}
    shown = {"x-identity-header": endpoint.variables["IDENTITY_HEADER"], **headers}
    given, body = endpoint.answer(path, asked, shown)
    assert given == status
    assert "access_token" not in body


def test_a_machines_way_needs_its_header(endpoint: IdentityEndpoint) -> None:
    secret = endpoint.machine_variables["AZURE_POD_IDENTITY_AUTHORITY_HOST"].rpartition("/")[2]
    query = {"api-version": "2018-02-01", "resource": AUDIENCE}
    asked = {
        "no header": {},
        "forwarded": {"metadata": "true", "x-forwarded-for": "10.0.0.4"},
        "right": {"metadata": "true"},
    }
    given = {name: endpoint.answer(f"/{secret}{IMDS}", query, headers)[0] for name, headers in asked.items()}
    assert given == {"no header": 401, "forwarded": 401, "right": 200}


def test_a_caller_of_each_kind_is_one_of_the_clouds_owners_where_nothing_else_is_said() -> None:
    """A grant says what kind of principal it is for: an application cannot go by the object id of a person."""
    known = {kind: OWNERS[make().oid] for kind, make in KINDS.items()}
    assert known == {"person": "User", "service-principal": "ServicePrincipal", "managed-identity": "ServicePrincipal"}
