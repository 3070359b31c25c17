"""A locked project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.locking import locks


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifest of a project that was locked a moment ago."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    locks.without_index_or_engine(monkeypatch)
    folder = tmp_path / "project"
    folder.mkdir()
    found = locks.project(folder)
    locks.lock(found)
    monkeypatch.chdir(folder)
    return found
