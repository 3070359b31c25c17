"""Azure as another machine sees it, played by the local cloud: an endpoint, its CA and a token are all there is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from tests.azure import fake_daemon
from tests.azure.arm_calls import put
from tests.azure.fake_daemon import COMPUTE_NAME, KEEP_NAME, RUN, layout_of, make
from tests.lifecycle.fakes import raised_by
from tests.localcloud.calls import ACCOUNT, SUB
from tfinfra.azure import stores
from tfinfra.azure.clients import resource_client
from tfinfra.azure.deletion.delete_group import delete_group
from tfinfra.azure.deletion.groups import group_exists, list_runs, untagged_groups
from tfinfra.azure.identity import environments
from tfinfra.azure.identity.credential import default_credential
from tfinfra.azure.identity.environments import Environment, Undescribed, environment_at
from tfinfra.azure.stores import run_share, run_store
from tfinfra.cloud import Cloud, Pace
from tfinfra.clouds import azure_subscription, cloud_to_provision
from tfinfra.errors import CredentialsError, NotFeasible, TeardownIncomplete
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.sweep import down_expired
from tfinfra.localcloud.common.state_folder import AUDIENCE, SUBSCRIPTION
from tfinfra.localcloud.common.tokens import OWNER_OID
from tfinfra.model import Target
from tfinfra.system.clock import unix_time

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults  # fixtures
OTHER = "words-abc123"
GPUS = Target("gpus", "azure", "eastus", "Standard_D8s_v5", 64, subscription_id=SUBSCRIPTION)
ODD = {
    f"tfinfra-{RUN}-compute-7": {},
    "tfinfra-lost00-abc123-keep": {"team": "vision"},
    f"tfinfra-{OTHER}-keep": {"tfinfra-run": RUN},
    "somebodys": {},
    "tagged-by-hand": {"tfinfra-run": "the team's runs", "tfinfra-expires-at": "2020-01-01T00:00:00Z"},
}


@pytest.fixture
def odd_groups(cloud: Cloud) -> Iterator[None]:
    """Groups that are not a run's, whatever they are called."""
    for name, tags in ODD.items():
        put(cloud, f"{SUB}/resourceGroups/{name}", "2024-03-01", {"location": "eastus", "tags": tags})
    yield
    for name in ODD:
        resource_client(cloud).resource_groups.begin_delete(name, polling_interval=0.05).wait()


@pytest.fixture
def elsewhere(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of another machine."""
    layout = layout_of(cloud)
    variables = {
        "TFINFRA_ARM_ENDPOINT": cloud.arm_endpoint,
        "TFINFRA_ARM_CA": str(layout.ca),
        "TFINFRA_ARM_PACE": "0.05",
        "TFINFRA_ARM_TOKEN_FILE": str(layout.token),
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def make_store(cloud: Cloud) -> None:
    account: dict[str, Any] = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    put(cloud, ACCOUNT, "2024-01-01", {**account, "properties": {}})


def test_a_group_without_the_runs_tag_is_never_touched(cloud: Cloud, odd_groups: None) -> None:
    make(cloud)
    assert {g.name for g in list_runs(cloud)} == {KEEP_NAME, COMPUTE_NAME}
    assert set(untagged_groups(cloud)) == ODD.keys() - {"somebodys", "tagged-by-hand"}
    for name in ODD:
        with pytest.raises(TeardownIncomplete, match=f"{name} is left alone"):
            delete_group(cloud, name, RUN, timeout=5)
    with pytest.raises(TeardownIncomplete, match="is tagged for digits-abc123"):
        delete_group(cloud, KEEP_NAME, OTHER, timeout=5)
    assert all(group_exists(cloud, name) for name in (*ODD, KEEP_NAME))


def test_arm_says_where_a_runs_store_is(cloud: Cloud, elsewhere: dict[str, str]) -> None:
    make(cloud)
    there = azure_subscription(SUBSCRIPTION)
    assert run_store(there, KEEP_NAME) is None
    make_store(cloud)
    assert run_store(there, KEEP_NAME) is None
    put(cloud, f"{ACCOUNT}/blobServices/default/containers/run", "2024-01-01", {"properties": {}})
    url = run_store(there, KEEP_NAME)
    assert url is not None
    assert url.startswith("file://") and url.endswith("/blob/run")
    assert run_store(there, "tfinfra-gone00-abc123-keep") is None


SHARES: dict[str, tuple[list[dict[str, object]], str | None]] = {
    "the account that has nothing but files": ([{"kind": "FileStorage", "service": "file"}], "https://a.file/shared"),
    "no share": ([{"kind": "StorageV2", "service": "file"}], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize("sentence", SHARES)
def test_arm_says_where_a_runs_share_is(sentence: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, expected = SHARES[sentence]
    listed = [
        {
            "name": "a",
            "kind": a["kind"],
            "properties": {"primaryEndpoints": {a["service"]: f"https://a.{a['service']}/"}},
        }
        for a in accounts
    ]
    monkeypatch.setattr(stores, "get_json", lambda *asked, **query: {"value": listed})
    assert run_share(cloud, KEEP_NAME) == expected


PACES: dict[str, tuple[str, Pace | None]] = {
    "wherever it answers, Azure has Azure's pace": ("", Pace()),
    "a rehearsal goes faster": ("0.1", Pace(poll=0.5, retries=10, backoff=0.8 * 0.1, timer=2.0, look=0.1)),
    "nobody goes without a pause": ("0", None),
    "nobody goes slower": ("2", None),
    "no number": ("fast", None),
}


@pytest.mark.parametrize(("said", "pace"), PACES.values(), ids=PACES.keys())
def test_the_pace_is_the_clouds_whatever_its_host_is(
    said: str, pace: Pace | None, elsewhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_ARM_PACE", said)
    if pace is None:
        with pytest.raises(NotFeasible, match=f"TFINFRA_ARM_PACE is '{said}'"):
            azure_subscription(SUBSCRIPTION)
        return
    there = azure_subscription(SUBSCRIPTION)
    policies = resource_client(there)._config.retry_policy
    assert there.pace == pace
    assert (policies.total_retries, policies.backoff_factor) == (10, pace.backoff)


def test_no_run_begins_with_a_token_that_pulumis_provider_cannot_take(elsewhere: dict[str, str]) -> None:
    with pytest.raises(CredentialsError, match="TFINFRA_ARM_TOKEN_FILE") as caught:
        cloud_to_provision(GPUS, False, None, None)
    assert "az login" in str(caught.value.hint)


@pytest.fixture
def signed_in(elsewhere: dict[str, str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file of tokens: by a credential as azure-identity finds one."""
    monkeypatch.delenv("TFINFRA_ARM_TOKEN_FILE")
    monkeypatch.setattr("tfinfra.azure.identity.credential.default_credential", lambda _: cloud.credential())


def test_a_run_begins_at_an_endpoint_of_the_callers_own_that_says_what_cloud_it_is(
    cloud: Cloud, signed_in: None
) -> None:
    there = cloud_to_provision(GPUS, False, None, None)
    settings = dict(there.provider_settings)
    assert settings["metadataHost"] == cloud.arm_endpoint.removeprefix("https://")
    assert settings["useDefaultAzureCredential"] == "true"
    assert "environment" not in settings
    assert there.token_scope == f"{AUDIENCE}/.default"
    assert (there.principal_id, there.principal_type) == (OWNER_OID, "User")
    assert (there.stack_endpoint, there.arm_audience) == (cloud.arm_endpoint, AUDIENCE)
    assert (cloud.stack_endpoint, cloud.arm_audience) == (None, None)  # it passes for the public one


def test_both_chains_of_credentials_have_the_same_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache of a desktop's, and not Azure PowerShell, that azidentity asks elsewhere or not at all."""
    chain = cast("Any", default_credential(environments.PUBLIC))
    names = {getattr(one, "_credential_name", type(one).__name__) for one in chain.credentials}
    assert names <= {
        *("EnvironmentCredential", "WorkloadIdentityCredential", "ManagedIdentityCredential"),
        *("AzureCliCredential", "AzureDeveloperCliCredential"),
    }
    for nothing in ("AzurePowerShellCredential", "SomethingElse"):
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", nothing)
        with pytest.raises(CredentialsError, match=f"AZURE_TOKEN_CREDENTIALS is {nothing}"):
            default_credential(environments.PUBLIC)


def test_none_begins_where_the_endpoint_does_not_say_it(
    signed_in: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFINFRA_ARM_ENDPOINT", "https://127.0.0.1:9")
    with pytest.raises(NotFeasible, match=r"no answer from https://127\.0\.0\.1:9, .*refused") as caught:
        cloud_to_provision(GPUS, False, None, None)
    assert "HTTPS_PROXY" in str(caught.value.hint)


def test_an_endpoint_that_did_not_answer_once_is_asked_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> NoReturn:
        raise OSError("no answer")

    with monkeypatch.context() as away:
        away.setattr(environments, "_metadata", lost)
        environments._described.cache_clear()
        assert environment_at(cloud.arm_endpoint, cloud.ca_file) == Undescribed(cloud.arm_endpoint, "no answer", True)
    assert isinstance(environment_at(cloud.arm_endpoint, cloud.ca_file), Environment)


SOVEREIGN = {
    "https://management.azure.com": ("public", None, "core.windows.net"),
    "https://management.usgovcloudapi.net": (
        "usgovernment",
        "https://login.microsoftonline.us",
        "core.usgovcloudapi.net",
    ),
    "https://management.chinacloudapi.cn": ("china", "https://login.chinacloudapi.cn", "core.chinacloudapi.cn"),
}


@pytest.mark.parametrize(("endpoint", "known"), SOVEREIGN.items(), ids=SOVEREIGN)
def test_known_clouds_are_not_asked(endpoint: str, known: tuple[str, str | None, str]) -> None:
    there = environment_at(endpoint, None)
    assert isinstance(there, Environment)
    assert (there.name, there.authority, there.storage_suffix) == known
    assert there.scope == f"{endpoint}/.default"
    assert there.own_audience is None


def test_a_token_file_without_a_token_is_a_credentials_error(
    elsewhere: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (None, "not a token"):
        file = tmp_path / "token"
        if text:
            file.write_text(text)
        monkeypatch.setenv("TFINFRA_ARM_TOKEN_FILE", str(file))
        with pytest.raises(CredentialsError, match="TFINFRA_ARM_TOKEN_FILE holds no token"):
            azure_subscription(SUBSCRIPTION)


def tfinfra(folder: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command on a machine that has nothing but these variables."""
    import os

    own = {"TFINFRA_STATE_DIR": str(folder / "state"), "TFINFRA_CONFIG_DIR": str(folder / "config"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tfinfra.cli.main", *arguments]
    environment = {**os.environ, **variables, **own}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_verbs_need_no_state_and_leave_none_but_the_note_of_a_failure(
    cloud: Cloud, elsewhere: dict[str, str], odd_groups: None, tmp_path: Path
) -> None:
    make(cloud)
    listed = tfinfra(tmp_path, elsewhere, "runs", "--cloud", "azure")
    assert f"looking at Azure subscription {SUBSCRIPTION} (AZURE_SUBSCRIPTION_ID)" in listed.stderr
    assert [line.split()[:2] for line in listed.stdout.splitlines()[1:]] == [[RUN, "unknown"]]
    swept = tfinfra(tmp_path, elsewhere, "down", "--expired", "--cloud", "azure")
    assert swept.returncode == 0, swept.stderr
    assert "tfinfra-lost00-abc123-keep is left alone" in swept.stderr
    assert group_exists(cloud, COMPUTE_NAME)
    foreign = tfinfra(tmp_path, elsewhere, "down", "--all", "--cloud", "azure")
    assert f"{RUN} is left alone: it is ada's" in foreign.stderr
    ended = tfinfra(tmp_path, elsewhere, "down", "digits")
    assert (ended.returncode, ended.stdout) == (10, ""), ended.stderr  # compute-7 is named so and not tagged
    assert "left alone: it is named as this run's and not tagged so" in ended.stderr
    assert f"{KEEP_NAME}: at an unknown cost: kept, because the timer in it" in ended.stderr
    assert (group_exists(cloud, COMPUTE_NAME), group_exists(cloud, KEEP_NAME)) == (False, True)
    assert tfinfra(tmp_path, elsewhere, "down", "lost00-abc123").returncode == 2
    assert all(group_exists(cloud, name) for name in ODD)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["state", "state/last.json"]  # why the last of them failed, for a report


def test_a_sweep_takes_what_is_past_its_time_and_nothing_else(
    cloud: Cloud, elsewhere: dict[str, str], odd_groups: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(cloud)
    tags = {"tfinfra-run": RUN, "tfinfra-owner": "ada", "tfinfra-expires-at": "2050-01-01T00:00:00Z"}
    put(cloud, f"{SUB}/resourceGroups/{COMPUTE_NAME}", "2024-03-01", {"location": "eastus", "tags": tags})
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    for year, gone in ((2049, set()), (2051, {COMPUTE_NAME}), (2100, {COMPUTE_NAME})):
        said: list[str] = []
        clock = partial(unix_time, f"{year}-01-01T00:00:00Z")
        error = raised_by(partial(down_expired, CloudOptions("azure"), said.append, clock))
        for told in ("compute-7: at an unknown cost: left alone", "keep: at an unknown cost: kept, because the timer"):
            assert (told in str(error)) == (year == 2100)
        assert {name for name in (COMPUTE_NAME, KEEP_NAME) if group_exists(cloud, name) is False} == gone
        if year == 2051:
            assert f"{RUN}: {COMPUTE_NAME} has expired and is deleted (verified)" in said
            assert f"{RUN}: {KEEP_NAME} stays until 2099-01-01T00:00:00Z" in said
    assert all(group_exists(cloud, name) for name in ODD)
    assert not (tmp_path / "state").exists()
