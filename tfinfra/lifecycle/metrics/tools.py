"""Pythons with a tool of others, each in an environment of its own in the cache: nothing of a manifest is in it, and
nothing of it is in tfinfra's."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from tfinfra.engine.provider.work_folder import work_folder
from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.uv.tools import Tools, find_uv
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress


def tool_python(name: str, packages: Sequence[str], progress: Progress) -> Path:
    """The interpreter of the environment that holds these requirements, as wheels; it is made once. Raises TfinfraError
    where the packages cannot be had."""
    of = f"{platform.python_version()} {sys.executable} {' '.join(packages)}"
    folder = cache_folder() / "tools" / f"{name}-{hashlib.sha256(of.encode()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if python.exists():
        return python
    make_private(folder.parent)
    waits = f"another process makes an environment with {packages[0]}: waiting for it"
    with exclusive(folder.with_name(f"{name}.lock"), lambda: progress(waits)) as lock:
        if python.exists():
            return python
        progress(f"making an environment with {packages[0]} (once)")
        tools = Tools(find_uv(cache_folder()), folder.parent / "log", (lock,))
        with work_folder(folder.with_name(f"{name}.work")) as work:
            draft = work / "draft"
            tools.uv_run(["venv", "--quiet", "--python", sys.executable, draft], "making an environment")
            into: list[str | Path] = ["--python", draft / "bin" / "python"]
            install = ["pip", "install", "--quiet", "--only-binary", ":all:", *into, *packages]
            tools.uv_run(install, f"installing {name}")
            draft.rename(folder)
    return python
