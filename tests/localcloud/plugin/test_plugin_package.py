"""The stand-in as an installed provider: packed as the real one is, started by its program, told all by Configure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from tfinfra.arm.azure_native import BINARY, archive_name
from tfinfra.localcloud.plugin.package import package
from tfinfra.localcloud.plugin.provider_configuration import installed
from tfinfra.localcloud.plugin.provider_errors import ProviderError

SUBSCRIPTION = {"subscriptionId": "00000000-0000-0000-0000-000000000000"}


def unpacked(folder: Path) -> Path:
    with tarfile.open(package(folder / "mirror", 0.03)) as archive:
        archive.extractall(folder / "plugin folder", filter="data")
    return folder / "plugin folder" / BINARY


def test_the_archive_is_named_as_the_vendor_names_it_and_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = package(tmp_path / "a"), package(tmp_path / "b")
    assert first.name == second.name == archive_name()
    assert archive_name().startswith(f"pulumi-resource-azure-native-v3.29.0-{sys.platform}-")
    assert first.read_bytes() == second.read_bytes()


def test_its_program_serves_from_any_folder_and_ends_with_the_engine_that_started_it(tmp_path: Path) -> None:
    elsewhere = tmp_path / "deploy"
    (elsewhere / "tfinfra").mkdir(parents=True)
    (elsewhere / "tfinfra" / "__init__.py").write_text("raise SystemExit('the folder of a user was imported')")
    script = f"{str(unpacked(tmp_path))!r} 127.0.0.1:1 -v=3 & echo $!; wait".replace("'", '"')
    with subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, cwd=elsewhere, text=True) as engine:
        assert engine.stdout is not None
        pid, port = int(engine.stdout.readline()), int(engine.stdout.readline())
        program = psutil.Process(pid)
        assert port > 0
        assert program.is_running()
        os.kill(engine.pid, signal.SIGKILL)
        psutil.wait_procs([program], timeout=10)
        assert not program.is_running()


REFUSED: dict[str, tuple[Mapping[str, str], str]] = {
    "no subscription": (
        {"useDefaultAzureCredential": "true"},
        "A Subscription ID must be configured when authenticating using the Default Azure Credential.",
    ),
    "nobody at the metadata host": (
        {**SUBSCRIPTION, "metadataHost": "127.0.0.1:1"},
        "failed to get Azure environment metadata from https://127.0.0.1:1: ",
    ),
    "an environment that it does not know": (
        {**SUBSCRIPTION, "environment": "china"},
        "the stand-in for azure-native knows no environment 'china'; set metadataHost",
    ),
}


@pytest.mark.parametrize(("variables", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_a_configuration_that_leads_nowhere_is_refused(variables: Mapping[str, str], told: str) -> None:
    with pytest.raises(ProviderError) as caught:
        installed(1.0, {})(variables)
    assert str(caught.value).startswith(told)


def test_the_environment_says_what_the_configuration_leaves_out() -> None:
    environ = {"ARM_SUBSCRIPTION_ID": "from-the-environment", "ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}
    assert installed(1.0, environ)({}).subscription == "from-the-environment"
    assert installed(1.0, environ)({"subscriptionId": "given"}).subscription == "given"
