"""A job without a secret: a CI system vouches for it, with assertions and tokens that live for seconds here. Entra and
ARM are the local cloud's, which refuse what has expired."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from tests.azure import fake_daemon
from tests.azure.fake_daemon import admin, layout_of
from tfinfra.azure.deletion.groups import list_runs
from tfinfra.azure.identity import federation as asking
from tfinfra.azure.identity.federation import AUDIENCE, FederatedCredential, federation
from tfinfra.cloud import Cloud
from tfinfra.clouds import azure_subscription
from tfinfra.engine.provider.assertion_relay import AssertionRelay
from tfinfra.errors import CredentialsError
from tfinfra.lifecycle import wiring
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.localcloud.common.tokens import PIPELINE_APPLICATION, PIPELINE_OID
from tfinfra.localcloud.metadata.ci_endpoint import CiEndpoint
from tfinfra.localcloud.plugin.provider_configuration import by_assertion
from tfinfra.store.waiting import store_trouble

cloud = fake_daemon.cloud  # fixture
SECONDS = 2
Job = Callable[..., Mapping[str, str]]


@pytest.fixture
def ci(cloud: Cloud) -> Iterator[CiEndpoint]:
    """Assertions live for two seconds, and so do the tokens that they are exchanged for."""
    cloud.ensure()
    admin(cloud, "PUT", "directory", {"token_seconds": SECONDS + 1})
    with CiEndpoint(layout_of(cloud), SECONDS) as served:
        yield served
    admin(cloud, "DELETE", "directory")


@pytest.fixture
def job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Puts this process into a job with these variables, of another machine than the cloud's."""

    def begin(variables: Mapping[str, str]) -> Mapping[str, str]:
        for name in os.environ:
            if name.startswith(("AZURE", "ACTIONS_ID", "SYSTEM_", "IDENTITY_")):
                monkeypatch.delenv(name)
        where = {"TFINFRA_ARM_ENDPOINT": cloud.arm_endpoint, "TFINFRA_ARM_CA": str(layout_of(cloud).ca)}
        for name, value in {**where, **variables}.items():
            monkeypatch.setenv(name, value)
        return variables

    return begin


def outlives(there: Cloud, ci: CiEndpoint) -> bool:
    """Whether ARM takes every one of many requests, for twice as long as a token lives, and several were had."""
    before, until = ci.given, time.monotonic() + 2 * SECONDS
    while time.monotonic() < until:
        list_runs(there)
        time.sleep(0.05)
    return ci.given >= before + 2


@pytest.mark.parametrize("system", ["github", "pipelines"])
def test_a_job_outlives_its_tokens(system: str, cloud: Cloud, ci: CiEndpoint, job: Job) -> None:
    job(getattr(ci, system))
    there = azure_subscription(SUBSCRIPTION)
    assert (there.principal_id, there.principal_type) == (PIPELINE_OID, "ServicePrincipal")
    assert outlives(there, ci)


def test_the_provider_signs_in_by_the_assertions_that_its_client_gets(cloud: Cloud, ci: CiEndpoint, job: Job) -> None:
    variables = job(ci.pipelines)
    settings = dict(azure_subscription(SUBSCRIPTION).provider_settings)
    assert settings["useOidc"] == "true"
    assert "useDefaultAzureCredential" not in settings
    known = federation(variables)
    assert known is not None
    relay = AssertionRelay(known)
    try:
        told = {**relay.variables, "ARM_TENANT_ID": known.tenant, "clientId": settings["clientId"]}
        assert ci.pipelines["SYSTEM_ACCESSTOKEN"] not in told.values()

        def setting(name: str, *names: str) -> str:
            return told.get(name) or next((told[n] for n in names if n in told), "")

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(layout_of(cloud).ca))
            credential = by_assertion(cloud.arm_endpoint, known.tenant, setting)
        first = credential.get_token(cloud.token_scope.replace("//.default", "/.default")).token
        time.sleep(SECONDS + 1)
        assert credential.get_token(cloud.token_scope.replace("//.default", "/.default")).token != first
        ci.refusals[:] = [403]
        time.sleep(SECONDS + 1)
        with pytest.raises(Exception, match=r"502 with response: .*Azure Pipelines' token URL gives no assertion"):
            credential.get_token("https://storage.azure.com/.default")
    finally:
        relay.close()


def test_a_job_that_outlives_its_only_assertion_is_told_what_to_write(
    cloud: Cloud, ci: CiEndpoint, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "STORE_PATIENCE", 0.1)
    file = tmp_path / "assertion"
    file.write_text(ci.assertion(AUDIENCE))
    names = {name: ci.github[name] for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")}
    job({**names, "AZURE_FEDERATED_TOKEN_FILE": str(file)})
    there = azure_subscription(SUBSCRIPTION)
    time.sleep(SECONDS + 1.1)
    with pytest.raises(CredentialsError, match="AADSTS700024: Client assertion is not within its valid") as caught:
        list_runs(there)
    for way in ("id-token: write", "SYSTEM_ACCESSTOKEN", "written anew"):
        assert way in str(caught.value.hint)
    with pytest.raises(Exception, match="AADSTS700024") as refused:
        wiring.open_run_store(there, "https://account.blob.core.windows.net/run").get("outcome.json")
    told = store_trouble(refused.value)
    assert isinstance(told, CredentialsError)
    assert told.message.startswith("no token for the run's store: AADSTS700024")
    assert "id-token: write" in told.message
    file.write_text(ci.assertion(AUDIENCE))
    assert list_runs(there) == ()


def test_a_token_url_that_fails_for_a_moment_is_asked_again(
    cloud: Cloud, ci: CiEndpoint, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(ci.github)
    monkeypatch.setattr(asking, "_PAUSE", 0.01)
    ci.refusals[:] = [503, 429, 500]
    assert azure_subscription(SUBSCRIPTION).principal_id == PIPELINE_OID
    ci.refusals[:] = [503] * 4
    with pytest.raises(CredentialsError, match="GitHub's token URL gives no assertion: HTTP status 503"):
        azure_subscription(SUBSCRIPTION)


def test_a_token_that_holds_outlives_a_token_url_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is renewed five minutes before its end, and not asked for at each request from then on."""
    moments = [0.0, 3299.0, 3301.0, 3310.0, 3599.0, 3601.0]
    had: list[float] = []

    def new(*_: object) -> AccessToken:
        had.append(moments[0])
        if len(had) > 1:
            raise ClientAuthenticationError("no answer")
        return AccessToken("first", 3600)

    known = federation(WHO | GITHUB)
    assert known is not None
    credential = FederatedCredential(known, now=lambda: moments[0])
    monkeypatch.setattr(credential, "_new", new)
    while len(moments) > 1:
        assert credential.get_token("scope").token == "first"
        moments.pop(0)
    assert had == [0.0, 3301.0, 3599.0]
    with pytest.raises(ClientAuthenticationError):
        credential.get_token("scope")


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "the job's token is wrong": ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}, "HTTP status 401"),
    "plain HTTP": ({"ACTIONS_ID_TOKEN_REQUEST_URL": "http://example.org/"}, "its address is not https"),
    "nobody answers": ({"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/"}, "refused"),
    "another application": ({"AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000001"}, "AADSTS700016"),
    "another tenant": ({"AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001"}, "AADSTS90002"),
}


@pytest.mark.parametrize(("changed", "told"), REFUSED.values(), ids=REFUSED)
def test_no_token_is_an_error_of_credentials(
    changed: dict[str, str], told: str, ci: CiEndpoint, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.01)
    job({**ci.github, **changed})
    with pytest.raises(CredentialsError, match=told):
        azure_subscription(SUBSCRIPTION)


WHO = {"AZURE_CLIENT_ID": PIPELINE_APPLICATION, "AZURE_TENANT_ID": "t"}
GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://a/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "b"}
PIPELINES = {"SYSTEM_OIDCREQUESTURI": "https://c/", "SYSTEM_ACCESSTOKEN": "d"}
CONNECTION = {
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "e",
    "AZURESUBSCRIPTION_CLIENT_ID": "f",
    "AZURESUBSCRIPTION_TENANT_ID": "g",
}
FILE = {"AZURE_FEDERATED_TOKEN_FILE": "/run/token"}
VOUCHED: dict[str, tuple[dict[str, str], str | None]] = {
    "nothing is said": ({}, None),
    "a job of GitHub that names no application": (GITHUB, None),
    "a job of GitHub": (WHO | GITHUB, "GitHub's token URL"),
    "a job of GitHub without the permission": (WHO, None),
    "a job with a secret": (WHO | GITHUB | {"AZURE_CLIENT_SECRET": "s"}, None),
    "a job with a certificate": (WHO | GITHUB | {"AZURE_CLIENT_CERTIFICATE_PATH": "s"}, None),
    "another way is chosen": (WHO | GITHUB | {"AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"}, None),
    "this way is chosen": (
        WHO | GITHUB | {"AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential"},
        "GitHub's token URL",
    ),
    "a job in a cluster": (WHO | GITHUB | FILE, "the file /run/token"),
    "a task of Azure Pipelines": (PIPELINES | CONNECTION, "Azure Pipelines' token URL"),
    "a step of Azure Pipelines without a connection": (WHO | PIPELINES, None),
    "a step that names its application itself": (
        WHO | PIPELINES | {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "e"},
        "Azure Pipelines' token URL",
    ),
}


@pytest.mark.parametrize(("environ", "by"), VOUCHED.values(), ids=VOUCHED)
def test_who_vouches_for_a_job(environ: dict[str, str], by: str | None) -> None:
    known = federation(environ)
    assert (known.by if known else None) == by
