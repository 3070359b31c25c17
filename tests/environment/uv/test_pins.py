"""What tfinfra brings beside the locks comes by version and hash, and the hash is looked at."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from tfinfra.bundle.shared import CONDA_DISTRIBUTIONS, DISTRIBUTIONS
from tfinfra.environment.recipe import UV_VERSION
from tfinfra.environment.uv import pins, tools

ROOT = Path(__file__).resolve().parents[3]
OURS = ("uv", *DISTRIBUTIONS.values(), *CONDA_DISTRIBUTIONS.values())


def _hashes(text: str) -> set[str]:
    return set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", text))


@pytest.mark.parametrize("name", OURS)
def test_a_pin_is_the_one_of_tfinfras_own_lock(name: str) -> None:
    """Change requirements/run.lock, then copy its lines to tfinfra/environment/uv/pins.lock."""
    wanted = f"\n{name.replace('_', '-')}=={pins.version_of(name)} "
    lock = (ROOT / "requirements/run.lock").read_text()
    assert lock.count(wanted) == 1
    block = re.match(r"[^\n]*\n(?:    --hash[^\n]*\n)+", lock[lock.index(wanted) + 1 :])
    assert block is not None
    assert _hashes(pins.requirements((name,))) == _hashes(block[0])


def test_uv_is_pinned_once() -> None:
    assert pins.version_of("uv") == UV_VERSION
    with pytest.raises(KeyError):
        pins.requirements(("numpy",))


def test_every_pin_has_hashes() -> None:
    for name in ("pip", *OURS):
        lines = pins.requirements((name,))
        assert len(re.findall(r"^\S", lines, re.MULTILINE)) == 1
        assert _hashes(lines)


@pytest.mark.parametrize("whole", [True, False])
def test_a_uv_with_another_hash_is_not_installed(whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / f"uv-{UV_VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr("uv/__init__.py", "")
        about = f"Metadata-Version: 2.1\nName: uv\nVersion: {UV_VERSION}\n"
        files.writestr(f"uv-{UV_VERSION}.dist-info/METADATA", about)
        files.writestr(f"uv-{UV_VERSION}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        files.writestr(f"uv-{UV_VERSION}.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest() if whole else "0" * 64
    lock = tmp_path / "pins.lock"
    lock.write_text(f"uv=={UV_VERSION} \\\n    --hash=sha256:{digest}\n")
    monkeypatch.setattr(pins, "FILE", lock)
    pins.blocks.cache_clear()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    folder = tmp_path / "target"
    done = tools._pip_into(folder)
    pins.blocks.cache_clear()
    assert (done.returncode == 0) is whole, done.stderr
    assert (folder / "uv/__init__.py").exists() is whole
    assert whole or "DO NOT MATCH THE HASHES" in done.stderr


def test_whatever_the_checkouts_scripts_install_has_a_hash() -> None:
    text = re.sub(r"\\\n\s*", "", (ROOT / "bin/_prepare.sh").read_text())
    installs = [line.strip() for line in text.splitlines() if "pip install" in line]
    assert len(installs) == 4
    assert all("--require-hashes" in line or "--build-constraints" in line for line in installs)
    lock = (ROOT / "requirements/build.lock").read_text()
    packages = re.findall(r"^(\S+==\S+)[^\n]*\\\n(    --hash=sha256:[0-9a-f]{64})", lock, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-z]", lock, re.MULTILINE)) >= 6
    assert any(name.startswith("hatchling==") for name, _ in packages)
