"""`audit --rebuild` on the command line: what is refused, with its way out, and what is told where nothing is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.auditing.clean import clean, the_key
from tfinfra.cli.main import main


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CACHE", "STATE", "CONFIG"):
        monkeypatch.setenv(f"TFINFRA_{name}_DIR", str(tmp_path / name.lower()))


def test_without_a_key_or_a_signature_nothing_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unsigned, signed = clean(tmp_path / "a"), clean(tmp_path / "b", the_key())
    assert main(["audit", str(signed), "--rebuild"]) == 2
    assert "--public-key FILE names a key" in capsys.readouterr().err
    key = tmp_path / "b" / "key.pub"
    assert main(["audit", str(unsigned), "--public-key", str(key), "--rebuild"]) == 11
    assert "no key that you trust has signed this evidence" in capsys.readouterr().err
    assert main(["audit", str(signed), "--public-key", str(key), "--allow-builds"]) == 2
    assert "there is no --rebuild" in capsys.readouterr().err


def test_what_cannot_be_built_is_counted_and_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = clean(tmp_path / "a", the_key())
    arguments = ["audit", str(run), "--public-key", str(tmp_path / "a" / "key.pub"), "--rebuild", "--json"]
    assert main(arguments) in (0, 11)
    document = json.loads(capsys.readouterr().out)
    of_rebuild = {one["rule"]: one["verdict"] for one in document["findings"] if one["rule"].startswith("TFA5")}
    assert of_rebuild["TFA510"] == "unverifiable"
    assert {one["rule"] for one in document["rules"]} >= {"TFA501", "TFA502", "TFA510", "TFA511", "TFA520"}
