"""`tfinfra setup azure` as it is typed, against the ARM of the local cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.azure import fake_daemon
from tests.azure.arm_calls import send
from tests.azure.fake_daemon import admin
from tests.azure.test_prerequisites import ROLE
from tfinfra.cli.main import main
from tfinfra.cloud import Cloud

cloud, no_faults = fake_daemon.cloud, fake_daemon.no_faults  # fixtures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a target that is this machine's own cloud."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compute_targets.yaml").write_text("here: {cloud: local}\n")
    return tmp_path


def test_it_makes_the_role_and_says_so(cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert send(cloud, "DELETE", ROLE, "2022-04-01") == 200
    for made in (True, False):
        assert main(["setup", "azure", "--target", "here", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["made"] is made


def test_without_the_right_it_ends_with_5_and_the_line_for_an_owner(
    cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(cloud, "DELETE", ROLE, "2022-04-01") == 200
    fault = {"kind": "status", "method": "PUT", "path": "roleDefinitions", "status": 403, "message": "no"}
    admin(cloud, "POST", "faults", fault)
    assert main(["setup", "azure", "--target", "here"]) == 5
    assert "az role definition create --role-definition '{" in capsys.readouterr().err
    assert main(["setup", "azure", "--target", "here"]) == 0


@pytest.mark.parametrize("options", [[], ["--target", "a", "--subscription", "b"]])
def test_one_subscription_must_be_named(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "azure", *options]) == 2
    assert "--target T or --subscription ID" in capsys.readouterr().err
