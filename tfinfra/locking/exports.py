"""The packages of a lock in the forms of other tools: pip's, uv's, and those that read a bill of materials."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tfinfra.environment.uv.package_files import PackageFile
from tfinfra.locking.document import LockedConda, LockedEnvironment, LockedPackage, ManifestLock
from tfinfra.locking.environment import requirements_text


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
    """A bill of materials, CycloneDX 1.6: Python and each package with the hash of the file that is installed."""
    held = lock.environment
    python: dict[str, Any] = {
        "type": "platform",
        "bom-ref": "python",
        "name": "cpython",
        "version": held.python.version,
    }
    packages = [_component(one) for one in held.packages]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "machine-learning-model", "bom-ref": "run", "name": name},
            "tools": {"components": [{"type": "application", "name": "tfinfra", "version": lock.tfinfra.version}]},
            "properties": [{"name": "tfinfra:lock", "value": lock.digest}],
        },
        "components": [python, *packages, *map(_conda_component, held.conda), *_horovod(held)],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(package: LockedPackage) -> dict[str, Any]:
    purl = f"pkg:pypi/{package.name}@{quote(package.version, safe='')}?file_name={quote(package.file, safe='')}"
    return _library(package.name, package.version, purl, package.sha256)


def _conda_component(package: LockedConda) -> dict[str, Any]:
    words = {"build": package.build, "channel": package.channel, "subdir": package.subdir}
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in words.items())
    purl = f"pkg:conda/{package.name}@{quote(package.version, safe='')}?{query}"
    return _library(package.name, package.version, purl, package.sha256)


def _horovod(held: LockedEnvironment) -> list[dict[str, Any]]:
    """Horovod is built from its source package: the hash is that of the source."""
    if held.horovod is None:
        return []
    purl = f"pkg:pypi/horovod@{held.horovod.version}?file_name=horovod-{held.horovod.version}.tar.gz"
    return [_library("horovod", held.horovod.version, purl, held.horovod.sdist)]


def _library(name: str, version: str, purl: str, sha256: str) -> dict[str, Any]:
    digest = sha256.removeprefix("sha256:")
    hashes = [{"alg": "SHA-256", "content": digest}]
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "hashes": hashes}
