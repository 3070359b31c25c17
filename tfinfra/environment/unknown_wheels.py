"""The modules of locked packages by their wheels, for packages whose name does not say what they hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from tfinfra.environment.installed_modules import InstalledModules, modules_of
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.recipe import package_name
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.solve import wheels_only
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import find_uv
from tfinfra.system.progress import Progress

_BLOCK = re.compile(r"^\S.*\n(?:[ \t]+.*\n?)*", re.MULTILINE)


def modules_of_wheels(lock: Lock, names: Collection[str], cache: Path, progress: Progress) -> InstalledModules | None:
    """What these packages of `lock` hold, unpacked into a folder that is gone afterwards; uv keeps the wheels for the
    environment's own build. None where that cannot be had: one of them has no wheel, or no index answers."""
    blocks = {package_name(block): block for block in _BLOCK.findall(lock.packages)}
    if not names or any(name not in blocks or name in lock.source_builds for name in names):
        return None
    progress(f"looking for the script's imports in {', '.join(sorted(names))}")
    with tempfile.TemporaryDirectory(prefix="tfinfra-wheels-") as folder:
        requirements, site = Path(folder, "packages.txt"), Path(folder, "site")
        requirements.write_text("".join(blocks[name] for name in names), "utf-8")
        arguments = [
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            *wheels_only(()),
            *page_options(lock.sources),
            "--python",
            sys.executable,
        ]
        arguments += ["--python-version", lock.python_version, "--target", str(site), "-r", str(requirements)]
        arguments += [] if lock.platform == this_platform() else ["--python-platform", lock.platform]
        command = [find_uv(cache, progress), *arguments]
        variables = {**tool_environment(), **source_variables(lock.sources, tool_environment())}
        done = subprocess.run(command, capture_output=True, check=False, cwd=os.sep, env=variables)
        return modules_of([site]).read() if done.returncode == 0 and site.is_dir() else None
