"""A small environment: an interpreter of this machine, packages with their RECORD, and bytecode."""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

SITE = "lib/python3.11/site-packages"


def install(
    environment: Path, name: str, files: Mapping[str, bytes], programs: Mapping[str, bytes] | None = None
) -> Path:
    """Installs a package of one version as uv does, with a RECORD, and bytecode that it does not list; its RECORD."""
    site = environment / SITE
    info = f"{name}-1.0.dist-info"
    scripts = {f"../../../bin/{program}": content for program, content in (programs or {}).items()}
    rows = []
    for path, content in {**files, **scripts, f"{info}/METADATA": f"Name: {name}\n".encode()}.items():
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        rows.append([path, f"sha256={digest}", str(len(content))])
        if path.endswith(".py"):
            cached = target.parent / "__pycache__" / f"{target.stem}.cpython-311.pyc"
            cached.parent.mkdir(exist_ok=True)
            cached.write_bytes(b"bytecode of " + content)
    record = site / info / "RECORD"
    with record.open("w") as file:
        csv.writer(file, lineterminator="\n").writerows([*rows, [f"{info}/RECORD", "", ""]])
    for program in programs or {}:
        (environment / "bin" / program).chmod(0o755)
    return record


def environment_in(folder: Path) -> Path:
    """Two packages that share a file, one of them with a program and names that are hard to write."""
    environment = folder / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to(sys.executable)
    shared = {"nvidia/__init__.py": b""}
    install(environment, "alpha", {"alpha/__init__.py": b"x = 1\n", "alpha/a, b.txt": b"data", **shared})
    install(environment, "beta_one", {"beta.py": b"y = 2\n", **shared}, {"beta": b"#!/bin/sh\n"})
    return environment
