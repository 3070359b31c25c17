"""A conda channel of one package, `python`, that holds no file: where no channel of the user's gives Python, conda's
solver and installer learn from it which Python the environment has, and uv brings the interpreter itself."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tfinfra.environment.conda.conda_packages import CondaPackage
from tfinfra.system.ownership import make_private

_BUILD = "standalone"


def write_channel(folder: Path, version: str) -> CondaPackage:
    """Writes the channel of Python `version` (three parts) to `folder`; its one package."""
    file = f"python-{version}-{_BUILD}.tar.bz2"
    data = _archive(version)
    entry = {**_index(version), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    subdir = folder / "noarch"
    make_private(subdir)
    (subdir / file).write_bytes(data)
    (subdir / "repodata.json").write_text(
        json.dumps({"info": {"subdir": "noarch"}, "packages": {file: entry}}), "utf-8"
    )
    url = folder.as_uri()
    return CondaPackage(
        "python", version, _BUILD, 0, "noarch", None, (), url, f"{url}/noarch/{file}", str(entry["sha256"])
    )


def is_standalone(package: CondaPackage) -> bool:
    return package.name == "python" and package.build == _BUILD


def _index(version: str) -> dict[str, object]:
    return {
        "name": "python",
        "version": version,
        "build": _BUILD,
        "build_number": 0,
        "subdir": "noarch",
        "depends": [],
        "timestamp": 0,
    }


def _archive(version: str) -> bytes:
    out = io.BytesIO()
    content = {"info/index.json": _index(version), "info/paths.json": {"paths": [], "paths_version": 1}}
    with tarfile.open(fileobj=out, mode="w:bz2") as tar:
        for name, value in content.items():
            data = json.dumps(value).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
