"""How a run's PULUMI_HOME gets the shared plugins, and what the plugin is told."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from tests.azure.answering import azure
from tfinfra.engine.provider import settings
from tfinfra.engine.provider.plugin_folder import link_plugins, plugins_folder
from tfinfra.engine.provider.settings import provider_config, provider_variables
from tfinfra.engine.tool.tool_environment import tool_variables


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))


def test_every_run_sees_the_shared_folder_and_acquires_nothing_by_itself(tmp_path: Path) -> None:
    for run in ("one", "two", "two"):
        variables = tool_variables(tmp_path / run, {})
        assert (Path(variables["PULUMI_HOME"]) / "plugins").readlink() == plugins_folder()
        assert variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_the_tool_is_told_who_a_user_is_whom_the_machine_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not {"USER", "HOME"} & tool_variables(tmp_path, {}).keys()
    monkeypatch.setattr("os.getuid", lambda: 54321)
    told = tool_variables(tmp_path, {"HOME": "/home/ada"})
    assert (told["USER"], told["HOME"]) == ("uid-54321", "/home/ada")
    assert tool_variables(tmp_path, {})["HOME"] == str(tmp_path / "home")


def test_a_link_follows_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link_plugins(tmp_path)
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "moved"))
    link_plugins(tmp_path)
    assert (tmp_path / "plugins").readlink() == plugins_folder()


def test_an_empty_folder_gives_way_and_a_full_one_stays(tmp_path: Path) -> None:
    for name in ("empty", "full"):
        (tmp_path / name / "plugins").mkdir(parents=True)
    (tmp_path / "full" / "plugins" / "somebodys").touch()
    link_plugins(tmp_path / "empty")
    link_plugins(tmp_path / "full")
    assert (tmp_path / "empty" / "plugins").is_symlink()
    assert (tmp_path / "full" / "plugins" / "somebodys").exists()


def test_the_plugin_takes_the_chain_of_credentials_that_tfinfra_takes(tmp_path: Path) -> None:
    settings = (("useDefaultAzureCredential", "true"), ("environment", "public"))
    cloud = replace(azure(), provider_settings=settings)
    assert provider_config(cloud) == {
        "azure-native:subscriptionId": cloud.subscription_id,
        "azure-native:tenantId": "tenant",
        "azure-native:useDefaultAzureCredential": "true",
        "azure-native:environment": "public",
    }
    environ = {"ARM_USE_MSI": "true", "ARM_METADATA_HOSTNAME": "other", "ARM_PARTNER_ID": "p", "AZURE_CLIENT_ID": "c"}
    assert provider_variables(cloud, tmp_path, environ) == {"ARM_USE_MSI": "", "ARM_METADATA_HOSTNAME": ""}


def test_a_ca_of_arms_own_comes_to_those_that_are_trusted_already(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("OURS")
    (tmp_path / "theirs.pem").write_text("THEIRS")
    cloud = replace(azure(), ca_file=tmp_path / "ca.pem")
    variables = provider_variables(cloud, tmp_path, {"SSL_CERT_FILE": str(tmp_path / "theirs.pem")})
    assert Path(variables["SSL_CERT_FILE"]).read_text().split() == ["THEIRS", "OURS"]


def test_where_no_ca_is_trusted_arms_own_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("OURS")
    monkeypatch.setattr(settings, "_SYSTEM", ())
    nowhere = ssl.get_default_verify_paths()._replace(cafile="")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    variables = provider_variables(replace(azure(), ca_file=tmp_path / "ca.pem"), tmp_path, {})
    assert Path(variables["SSL_CERT_FILE"]).read_text() == "OURS"
