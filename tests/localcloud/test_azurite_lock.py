"""azurite comes by its lock file: every package by its hash, no program of a package is run, nothing else is taken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tfinfra.errors import ProvisioningError
from tfinfra.localcloud.azurite import install_azurite

FOLDER = Path(install_azurite.__file__).parent


def test_every_package_of_the_lock_file_has_a_hash_and_no_host() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert packages["node_modules/azurite"]["version"] == install_azurite.VERSION
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    assert wanted == lock["packages"][""]["dependencies"] == {"azurite": install_azurite.VERSION}


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Node, and an npm that writes down how it was called; the folder that it writes to."""
    for name, text in {"node": "", "npm": f'echo "$@" > {tmp_path}/called; ls > {tmp_path}/seen; exit 7'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_npm_installs_what_the_lock_file_says_and_runs_no_script(npm: Path) -> None:
    with pytest.raises(ProvisioningError, match="could not install azurite"):
        install_azurite.ensure_azurite(npm / "cache", lambda _: None)
    words = (npm / "called").read_text().split()
    assert words[0] == "ci"
    assert "--ignore-scripts" in words
    assert (npm / "seen").read_text().split() == ["package-lock.json", "package.json"]


def test_another_lock_file_is_another_folder(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, npm / name)
    (npm / "package-lock.json").write_text((npm / "package-lock.json").read_text() + "\n")
    monkeypatch.setattr(install_azurite, "__file__", str(npm / "install_azurite.py"))
    with pytest.raises(ProvisioningError):
        install_azurite.ensure_azurite(npm / "cache", lambda _: None)
    (changed,) = (npm / "cache").glob("*.lock")
    monkeypatch.setattr(install_azurite, "__file__", str(FOLDER / "install_azurite.py"))
    with pytest.raises(ProvisioningError):
        install_azurite.ensure_azurite(npm / "cache", lambda _: None)
    assert len(list((npm / "cache").glob("*.lock"))) == 2, changed
