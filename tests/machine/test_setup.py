"""What `tfinfra setup` makes on a machine: a plugin that only Azure needs is tried for, and insisted on where named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.provider.archives import archive
from tfinfra.engine.tool import toolchain
from tfinfra.errors import TfinfraError
from tfinfra.machine import setup
from tfinfra.machine.setup import PluginWish, prepare_machine


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with Pulumi and training environments, and a mirror where nobody listens."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFINFRA_PROVIDER_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr(toolchain, "find_cli", lambda: Path("pulumi"))
    monkeypatch.setattr(setup, "default_requirements", tuple)


def test_what_cannot_be_reached_is_a_note(tmp_path: Path) -> None:
    said: list[str] = []
    assert prepare_machine(said.append, PluginWish())["provider"] is None
    assert any("cannot be reached" in line for line in said)
    assert any("only runs on Azure need" in line for line in said)


def test_what_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TfinfraError, match="there is no archive"):
        prepare_machine(lambda _: None, PluginWish(where=str(tmp_path)))


def test_a_file_that_was_named_is_installed(tmp_path: Path) -> None:
    file = archive(tmp_path / "mirror")
    made = prepare_machine(lambda _: None, PluginWish(where=str(file)))
    assert Path(made["provider"]).is_file()
