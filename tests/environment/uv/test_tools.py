"""The tools' surroundings: no other Python's settings, one setting of the package index for pip and uv."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import Tools, find_uv
from tfinfra.errors import ProvisioningError

CERTIFICATES = {"UV_SYSTEM_CERTS": "true"}


def test_other_pythons_settings_do_not_reach_the_tools() -> None:
    given = {"PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "HOME": "/root"}
    assert tool_environment(given) == {"HOME": "/root", **CERTIFICATES}


def test_pips_index_holds_for_uv_and_uvs_for_pip() -> None:
    assert tool_environment({"PIP_INDEX_URL": "https://a.example"})["UV_DEFAULT_INDEX"] == "https://a.example"
    assert tool_environment({"UV_DEFAULT_INDEX": "https://b.example"})["PIP_INDEX_URL"] == "https://b.example"


def test_uvs_own_setting_is_not_overridden() -> None:
    given = {"PIP_INDEX_URL": "https://a.example", "UV_DEFAULT_INDEX": "https://b.example"}
    assert tool_environment(given) == {**given, **CERTIFICATES}


def test_whose_certificates_count_may_be_said_otherwise() -> None:
    assert tool_environment({"UV_SYSTEM_CERTS": "false"})["UV_SYSTEM_CERTS"] == "false"


def test_a_failing_tool_is_shown_by_its_own_last_lines_only(tmp_path: Path) -> None:
    tools = Tools("uv", tmp_path / "log")
    tools.run(["/bin/sh", "-c", "echo before"], "the first")
    with pytest.raises(ProvisioningError) as caught:
        tools.run(["/bin/sh", "-c", "echo here; exit 3"], "the second")
    assert caught.value.message.startswith("the second failed with exit status 3")
    assert "here" in caught.value.message
    assert "before" not in caught.value.message
    assert str(tmp_path / "log") in str(caught.value.hint)


def test_a_uv_of_the_path_is_tried_without_the_callers_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv").write_text(f"#!/bin/sh\n/usr/bin/env >{tmp_path}/seen\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TFINFRA_AUDIT_PASSPHRASE", "a word")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "a secret")
    assert find_uv(tmp_path / "cache") == str(tmp_path / "uv")
    seen = (tmp_path / "seen").read_text()
    assert f"PATH={tmp_path}" in seen
    assert "a word" not in seen
    assert "a secret" not in seen
