"""A lock as a value, and as the JSON in the cache that keeps it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.model import PackageSources, from_json, to_json
from tfinfra.system.whole_file import write_whole


@dataclass(frozen=True)
class Lock:
    """A training environment, exactly. `key` is the hash of everything else here.

    `platform` is "<system>-<machine>" where the environment is for this kind of machine, else a uv platform;
    `packages` and `tools` (what Horovod is built with) are requirements texts with hashes; `horovod` is Horovod's
    version, None without it; `tensorflow` the package that TensorFlow comes from; `recipe` the build's version. `conda`
    holds what conda installs before `packages`; where Python is among it, that is the interpreter.
    `source_builds` names the packages that are built from source where they are installed, `sources` where packages
    come from, as the target says.
    """

    key: str
    recipe: int
    platform: str
    python_version: str
    tensorflow: str
    framework_version: str
    packages: str
    horovod: str | None
    openmpi: str | None
    tools: str
    gpu: bool
    conda: tuple[CondaPackage, ...] = ()
    source_builds: tuple[str, ...] = ()
    sources: PackageSources = field(default_factory=PackageSources)

    @property
    def has_conda_python(self) -> bool:
        return any(package.name == "python" for package in self.conda)


def digest_of_value(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:20]


def read_lock(path: Path) -> Lock | None:
    """A lock that was written like this, None where there is none or it is of another shape. One that has a key of
    before mirrors did not matter has its key of today: versions that were solved once stay."""
    try:
        lock = from_json(Lock, json.loads(path.read_text("utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return keyed(lock) if lock.key in (keyed(lock).key, _key(lock, with_sources=True)) else None


def write_lock(path: Path, lock: Lock) -> Lock:
    write_whole(path, f"{json.dumps(to_json(lock), indent=1)}\n".encode())
    return lock


_ONE_FILE_EACH = re.compile(r"([^\n]+==[^\s\\]+ \\\n    --hash=sha256:[0-9a-f]{64}\n)*")


def keyed(lock: Lock) -> Lock:
    """The lock with its key. Where one file of each package is named, it does not matter from which mirror it comes."""
    return replace(lock, key=_key(lock, with_sources=not _ONE_FILE_EACH.fullmatch(lock.packages + lock.tools)))


def _key(lock: Lock, *, with_sources: bool) -> str:
    content = {name: value for name, value in asdict(lock).items() if name != "key"}
    if not lock.source_builds:  # as of locks that were made before there were any
        del content["source_builds"]
    if lock.sources == PackageSources() or not with_sources:
        del content["sources"]
    return digest_of_value(content)
