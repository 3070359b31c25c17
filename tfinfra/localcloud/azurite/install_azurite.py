"""azurite in the cache, at one version, installed by npm where the machine has Node: it and all that it needs, each
package by its hash in the lock file beside this one.

The lock file is made by npm from the package.json beside it: `npm install --package-lock-only --omit=optional
--ignore-scripts --omit-lockfile-registry-resolved`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tfinfra.errors import NotFeasible, ProvisioningError
from tfinfra.system.ownership import make_private
from tfinfra.system.process.commands import finished

# The newest release that runs on every Node still in use; later ones want Node 21 and 22.
VERSION = "3.35.0"
_MAIN = Path("node_modules/azurite/dist/src/blob/main.js")
_LOCK = ("package.json", "package-lock.json")
_NPM = ("npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_SECONDS = 900.0


def ensure_azurite(cache: Path, progress: Callable[[str], None]) -> Path:
    """azurite's blob server (a program for Node), installed into `cache` once. Raises NotFeasible where there is no
    Node, ProvisioningError where npm fails."""
    lock = Path(__file__).with_name(_LOCK[1]).read_bytes()
    folder = cache / f"azurite-{VERSION}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if shutil.which("node") is None:
        raise NotFeasible(
            "a run store on azurite needs Node, which is not on PATH",
            hint="install Node 18 or later with npm, or leave out --local-store: folders need nothing",
        )
    if not (folder / _MAIN).exists():
        import filelock

        make_private(cache)
        with filelock.FileLock(cache / f"{folder.name}.lock"):
            if not (folder / _MAIN).exists():
                _install(folder, progress)
    return folder / _MAIN


def _install(folder: Path, progress: Callable[[str], None]) -> None:
    if shutil.which("npm") is None:
        raise NotFeasible("azurite is installed by npm, which is not on PATH", hint="install npm beside Node")
    progress(f"installing azurite {VERSION} (about 190 MB; once)")
    staging = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    for name in _LOCK:
        shutil.copyfile(Path(__file__).with_name(name), staging / name)
    try:
        done = finished(
            _NPM,
            timeout=_SECONDS,
            cwd=staging,
        )
    except subprocess.TimeoutExpired as error:
        raise ProvisioningError(f"npm did not install azurite within {_SECONDS:.0f} s") from error
    if done.returncode:
        raise ProvisioningError(f"npm could not install azurite {VERSION}:\n{done.stderr.strip()[-2000:]}")
    staging.rename(folder)
