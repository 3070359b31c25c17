"""Which Pulumi is taken, and what is said where there is none. Nothing is downloaded or built here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.engine import toolchain
from tfinfra.errors import TfinfraError

VERSIONS = {
    "3.258.0": True,
    "3.300.1": True,
    "3.258.0-alpha.1": True,
    "3.257.9": False,
    "4.0.0": False,
    "not a version": False,
}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and nothing on PATH."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def _tool(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho v{version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("version", "taken"), VERSIONS.items())
def test_one_on_path_is_taken_if_it_is_no_older_and_of_the_same_major(version: str, taken: bool, empty: Path) -> None:
    tool = _tool(empty / "bin/pulumi", version)
    assert toolchain.find_cli() == (tool if taken else None)


def test_ones_own_comes_before_any_other(empty: Path) -> None:
    _tool(empty / "bin/pulumi", toolchain.VERSION)
    own = _tool(empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi", toolchain.VERSION)
    assert toolchain.find_cli() == own
    assert toolchain.ensure_cli(lambda _: None) == own


def test_without_the_vendors_site_and_without_go_the_error_says_what_to_do(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_install", lambda folder: None)
    with pytest.raises(TfinfraError) as caught:
        toolchain.ensure_cli(lambda _: None)
    assert "there is no Go" in str(caught.value)
    assert "tfinfra setup" in str(caught.value.hint)


def test_what_the_installer_brings_is_put_in_place_once(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_install", lambda folder: _tool(folder / "x", toolchain.VERSION))
    said: list[str] = []
    made = toolchain.ensure_cli(said.append)
    assert made == toolchain.find_cli()
    assert said
