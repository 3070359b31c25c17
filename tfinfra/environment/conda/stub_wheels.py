"""Wheels that stand for what conda installs while uv solves: an index need not have conda's versions. They are never
installed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from tfinfra.environment.conda.locked_package import CondaPackage


def write_stubs(folder: Path, conda: Mapping[str, CondaPackage]) -> None:
    """A wheel without modules and requirements for each of `conda` (pip's name → package), for uv's --find-links."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, package in conda.items():
        stem = f"{name.replace('-', '_')}-{package.version}"
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
            info = f"{stem}.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {package.version}\n")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
