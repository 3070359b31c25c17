"""The Python that runs a pack: the pack's own environment, else one that is made for what it needs, in the cache. It is
not tfinfra's: pulumi-policy and tfinfra want different versions of the same packages."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tfinfra.compiler.packages.read_files import nested_names
from tfinfra.compiler.packages.requirements_file import read_lines
from tfinfra.compiler.packages.text_files import decoded
from tfinfra.compiler.user_paths import read_bounded, real
from tfinfra.engine.policy.pack import NO_ENVIRONMENT, Pack, refused
from tfinfra.environment.uv.tools import Tools, find_uv
from tfinfra.errors import TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import cache_folder

LOCK = Path(__file__).with_name("pulumi_policy.lock")
"""What a pack gets that says nothing of what it needs, each package with its hashes."""
_MOST = 10_000_000  # bytes of a file of requirements
_NAMES_IT = re.compile(r"pulumi[-_.]policy", re.I)


def packs_folder() -> Path:
    """Where environments of packs are kept, and packs are put together for the engine."""
    folder = cache_folder() / "policy"
    make_private(folder)
    return folder


def pack_python(pack: Pack, progress: Callable[[str], None]) -> Path:
    """The interpreter of the pack. Raises ManifestError where its packages cannot be had."""
    if pack.virtualenv is not None:
        own = pack.virtualenv / "bin" / "python"
        if own.exists():
            return own
    needs = _needs(pack)
    folder = packs_folder() / f"environment-{_key(needs)}"
    python = folder / "bin" / "python"
    if not python.exists():
        progress(f"making the environment of the policy pack {pack.folder.name}")
        try:
            _make(needs, folder)
        except TfinfraError as error:
            hint = f"name an environment that has them in its {pack.folder.name}/PulumiPolicy.yaml (virtualenv)"
            why = f"needs packages that cannot be had: {error.message}"
            raise refused(NO_ENVIRONMENT, pack.folder, why, error.hint or hint, file=pack.requirements) from error
    return python


def _needs(pack: Pack) -> list[Path]:
    """The files that say what the pack needs, pulumi-policy in any case."""
    if pack.requirements is None:
        return [LOCK]
    names_it = any(_NAMES_IT.search(decoded(data)[0]) for data in _with_nested(pack.requirements).values())
    return [pack.requirements] if names_it else [pack.requirements, LOCK]


def _with_nested(first: Path) -> dict[Path, bytes]:
    """The bytes of a file of requirements, and of all that it names by -r and -c, relative to the naming one as pip
    has it. One that cannot be read has none: uv says what is wrong with it."""
    found: dict[Path, bytes] = {}
    waiting = [first]
    while waiting:
        file = waiting.pop()
        if real(file) in found:
            continue
        try:
            data = read_bounded(file, _MOST) or b""
        except (OSError, ValueError):
            data = b""
        found[real(file)] = data
        if file.suffix != ".toml":
            waiting += [file.parent / name for line in read_lines(decoded(data)[0]) for name in nested_names(line)]
    return found


def _key(needs: list[Path]) -> str:
    """The same for packs that need the same of the same Python."""
    digest = hashlib.sha256(f"{platform.python_version()} {sys.executable}".encode())
    for file in needs:
        for data in _with_nested(file).values():
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:16]


def _make(needs: list[Path], folder: Path) -> None:
    """A half-made one is never found."""
    tools = Tools(find_uv(cache_folder()), packs_folder() / "log")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        tools.uv_run(["venv", "--quiet", "--python", sys.executable, draft], "making an environment")
        # a lock's hashes are checked wherever there are any; what the pack names may have none
        wanted = [word for file in needs for word in ("--requirements", file)]
        install = ["pip", "install", "--quiet", "--python", draft / "bin" / "python", *wanted]
        tools.uv_run(install, "installing packages")
        if not folder.exists():
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
