"""The packages of a lock in the forms of other tools: pip's, uv's, and those that read a bill of materials."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from tfinfra.environment.uv.package_files import PackageFile
from tfinfra.evidence.cyclonedx import document, library
from tfinfra.evidence.packages import packages_of
from tfinfra.locking.document import LockedPackage, ManifestLock
from tfinfra.locking.environment import environment_lock, requirements_text
from tfinfra.model import to_json


class Gone(LookupError):
    """A file of a lock that its index does not have any more: `package` is its name and version."""

    def __init__(self, package: str) -> None:
        super().__init__(package)
        self.package = package


def requirements(lock: ManifestLock) -> str:
    """A requirements file for `pip install --require-hashes -r`."""
    held = lock.environment
    head = f"# {lock.manifest.path}: Python {held.python.version} on {held.platform}, {lock.digest}\n"
    return head + requirements_text(held.packages)


def pylock(lock: ManifestLock, files: Mapping[str, Iterable[PackageFile]]) -> str:
    """A pylock.toml (packaging.python.org, "pylock.toml") with the URLs that an index gives the lock's `files`. Raises
    Gone for a file that it does not have."""
    held = lock.environment
    minor = ".".join(held.python.version.split(".")[:2])
    lines = [
        f"# {lock.manifest.path}: {held.platform}, {lock.digest}",
        'lock-version = "1.0"',
        'created-by = "tfinfra"',
    ]
    lines.append(f"requires-python = {_text(f'=={minor}.*')}")
    for package in held.packages:
        lines += ["", "[[packages]]", f"name = {_text(package.name)}", f"version = {_text(package.version)}"]
        lines.append(_pylock_file(package, files.get(package.name, ())))
    return "\n".join(lines) + "\n"


def _pylock_file(package: LockedPackage, files: Iterable[PackageFile]) -> str:
    url = next((one.url for one in files if f"sha256:{one.sha256}" == package.sha256), None)
    if url is None:
        raise Gone(f"{package.name} {package.version}")
    size = f", size = {package.size}" if package.size is not None else ""
    digest = package.sha256.removeprefix("sha256:")
    table = f"{{ name = {_text(package.file)}, url = {_text(url)}{size}, hashes = {{ sha256 = {_text(digest)} }} }}"
    return f"wheels = [{table}]" if package.file.endswith(".whl") else f"sdist = {table}"


def _text(value: str) -> str:
    """A basic string of TOML: JSON's is one."""
    return json.dumps(value, ensure_ascii=False)


def cyclonedx(lock: ManifestLock, name: str) -> str:
    """A bill of materials, CycloneDX 1.6: each package with the hash of the file that is installed, or built from. It
    names them as the evidence of a run does."""
    packages = packages_of(to_json(environment_lock(lock.environment)))
    bill = document(
        {"type": "machine-learning-model", "bom-ref": "run", "name": name},
        [library(package) for package in packages],
        tfinfra=lock.tfinfra.version,
        metadata={"properties": [{"name": "tfinfra:lock", "value": lock.digest}]},
    )
    return json.dumps(bill, indent=2) + "\n"
