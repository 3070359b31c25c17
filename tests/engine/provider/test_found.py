"""The real Pulumi engine finds the plugin that tfinfra installs: nothing is attached, nothing is on PATH."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import test_engine
from tests.engine.provider.archives import archive
from tests.stacks.plans import FLEXIBLE
from tests.stacks.recording import RUN, config, write
from tfinfra.azure.deletion.groups import group_exists
from tfinfra.cloud import Cloud
from tfinfra.engine.provider.install import ensure_provider
from tfinfra.engine.pulumi import Engine
from tfinfra.engine.tool.toolchain import find_cli
from tfinfra.errors import CredentialsError, ProvisioningError
from tfinfra.localcloud.daemon.daemon_client import Endpoint

pytestmark = pytest.mark.engine

cloud, endpoint = test_engine.cloud, test_engine.endpoint  # fixtures


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with Pulumi and an empty cache; the folder that a mirror is in."""
    tool = find_cli()
    assert tool is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(tool)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFINFRA_PROVIDER_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


@pytest.fixture
def bare(cloud: Cloud, endpoint: Endpoint, tmp_path: Path) -> Iterator[Engine]:
    """An engine for a cloud that brings no plugin along."""
    there = replace(cloud, provider_command=None, provider_settings=(("environment", "public"),))
    made = Engine(there, write(FLEXIBLE, tmp_path / "deploy"), RUN, tmp_path / "state")
    yield made
    made.close()


def plugin(endpoint: Endpoint, seen: Path) -> bytes:
    """A program that notes its variables and becomes the local cloud's plugin, as the engine starts it."""
    where = ["--endpoint", endpoint.url, "--ca", str(endpoint.layout.ca), "--token-file", str(endpoint.layout.token)]
    command = shlex.join([sys.executable, "-m", "tfinfra.localcloud.plugin", *where, "--machines", "fake"])
    return f'#!/bin/sh\nenv >{shlex.quote(str(seen))}\nexec {command} "$@"\n'.encode()


def test_an_installed_plugin_is_found_and_told_nothing_by_the_variables_of_other_tools(
    machine: Path, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("ARM_CLIENT_ID", "somebody")
    archive(machine, program=plugin(endpoint, tmp_path / "seen"))
    said: list[str] = []
    ensure_provider(said.append)
    keep = request.getfixturevalue("bare").up("keep", config("keep"))
    assert keep["store"]["container"] == "run"
    variables = dict(line.partition("=")[::2] for line in (tmp_path / "seen").read_text().splitlines())
    assert variables["ARM_CLIENT_ID"] == ""
    authority = (tmp_path / "state" / "ca-bundle.pem").read_text()
    assert variables["SSL_CERT_FILE"] == str(tmp_path / "state" / "ca-bundle.pem")
    assert endpoint.layout.ca.read_text() in authority


def test_without_it_the_engine_says_so_and_makes_nothing(machine: Path, bare: Engine, cloud: Cloud) -> None:
    with pytest.raises(ProvisioningError, match="no resource plugin"):
        bare.up("keep", config("keep"))
    assert not group_exists(cloud, f"tfinfra-{RUN}-keep")


def test_a_provider_that_acts_as_another_is_refused_before_the_first_write(
    cloud: Cloud, endpoint: Endpoint, tmp_path: Path
) -> None:
    ours = replace(cloud, principal_id="11111111-1111-1111-1111-111111111111")
    made = Engine(ours, write(FLEXIBLE, tmp_path / "deploy"), RUN, tmp_path / "state")
    try:
        with pytest.raises(CredentialsError, match=r"1111, .*beef .*nothing was made") as caught:
            made.up("keep", config("keep"))
    finally:
        made.close()
    assert "az account show" in str(caught.value.hint)
    assert not group_exists(cloud, f"tfinfra-{RUN}-keep")
