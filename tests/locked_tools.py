"""Tools of others that tests run, each in an environment of its own: they are no dependency of tfinfra. A lock in
requirements/ pins them, and uv installs them once per lock."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

from tfinfra.system.paths import cache_folder

_LOCKS = Path(__file__).resolve().parents[1] / "requirements"


def locked_tools(name: str) -> Path:
    """The bin folder of an environment with what requirements/<name>.lock names."""
    lock = _LOCKS / f"{name}.lock"
    key = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
            install = ["pip", "install", "-q", "--require-hashes", "-r", str(lock)]
            subprocess.run([*uv, *install, "--python", str(folder / "bin/python")], check=True)
            (folder / "whole").touch()
    return folder / "bin"
