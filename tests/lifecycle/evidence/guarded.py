"""Guardrails of a test's own that want something of evidence, and a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evidence.made import Key, a_key


def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audit: str) -> Path:
    """The user's configuration folder, with these guardrails."""
    folder = tmp_path / "config"
    folder.mkdir(exist_ok=True)
    (folder / "guardrails.yaml").write_text(f"audit: {audit}\n")
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(folder))
    return folder


def key_file(folder: Path, mode: int = 0o600) -> Key:
    """key.pem in the folder."""
    key = a_key()
    (folder / "key.pem").write_bytes(key.private)
    (folder / "key.pem").chmod(mode)
    return key
