"""The wheel holds what the checkout has at its top: a run from an installed package needs templates/ and stacks/."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import tfinfra

ROOT = Path(__file__).parents[2]


def test_an_installed_wheel_finds_its_templates_and_stacks(wheel: Path, tmp_path: Path) -> None:
    assert wheel.name.startswith(f"tfinfra-{tfinfra.__version__}-")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "from tfinfra.system.resources import resource_folder as f; print(f('templates'), f('stacks'))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout.split()
    assert [Path(path).relative_to(tmp_path).parts[:3] for path in found] == [("site", "tfinfra", "_resources")] * 2
    for name, path in zip(("templates", "stacks"), found, strict=True):
        assert sorted(p.name for p in Path(path).iterdir() if p.suffix != "") == sorted(
            p.name for p in (ROOT / name).iterdir() if p.suffix != "" and p.name != "__pycache__"
        )
    assert (tmp_path / "site/tfinfra/py.typed").is_file()


def test_the_package_is_the_command() -> None:
    """`python -m tfinfra` answers as `tfinfra` does, and is called by its name in what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "tfinfra", "valdate"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, "`tfinfra" in done.stderr, "validate" in done.stderr) == (2, True, True)
    version = subprocess.run([sys.executable, "-m", "tfinfra", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.split()[-1] == tfinfra.__version__
