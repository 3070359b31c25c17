"""Who signed in by `az login`: the Azure CLI is a script here, which says what the real one says."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tfinfra.azure.identity.credential import caller_claims, default_credential
from tfinfra.azure.identity.environments import PUBLIC
from tfinfra.errors import CredentialsError

SCOPE = "https://management.azure.com/.default"


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a CLI that is the only link of the chain."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    return tmp_path / "az"


def script(path: Path, text: str) -> None:
    path.write_text(f'#!/bin/sh\necho "$@" >"$0.told"\n{text}\n')
    path.chmod(0o755)


def test_the_caller_is_whom_az_names(az: Path, tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"oid": "1f", "upn": "ada@example.org"}).encode()).decode().rstrip("=")
    said = {"accessToken": f"h.{claims}.s", "expires_on": 4_102_444_800, "tokenType": "Bearer"}
    (tmp_path / "said.json").write_text(json.dumps(said))
    script(az, f"cat {tmp_path / 'said.json'}")
    assert caller_claims(default_credential(PUBLIC), SCOPE)["upn"] == "ada@example.org"
    told = (tmp_path / "az.told").read_text()
    assert told.startswith("account get-access-token")
    assert "--resource https://management.azure.com" in told


FAILS = {
    "nobody has signed in": ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", "az login"),
    "there is no az": (None, "nobody is signed in here"),
}


@pytest.mark.parametrize(("text", "words"), FAILS.values(), ids=FAILS.keys())
def test_no_run_begins_where(text: str | None, words: str, az: Path) -> None:
    if text is not None:
        script(az, text)
    with pytest.raises(CredentialsError, match=words) as caught:
        caller_claims(default_credential(PUBLIC), SCOPE)
    assert "az login" in str(caught.value.hint)
