"""A conda channel of one package, `python`, that holds no file: where no channel of the user's gives Python, conda's
solver and installer learn from it which Python the environment has, and uv brings the interpreter itself."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.system.ownership import make_private

_BUILD = "standalone"


def write_channel(folder: Path, version: str) -> CondaPackage:
    """Writes the channel of Python `version` (three parts) to `folder`; its one package."""
    file = f"python-{version}-{_BUILD}.tar.bz2"
    index: dict[str, object] = {
        "name": "python",
        "version": version,
        "build": _BUILD,
        "build_number": 0,
        "subdir": "noarch",
        "depends": [],
        "timestamp": 0,
    }
    archive = io.BytesIO()
    content = {"info/index.json": index, "info/paths.json": {"paths": [], "paths_version": 1}}
    with tarfile.open(fileobj=archive, mode="w:bz2") as tar:
        for name, value in content.items():
            data = json.dumps(value).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    packed = archive.getvalue()
    digest = hashlib.sha256(packed).hexdigest()
    subdir = folder / "noarch"
    make_private(subdir)
    (subdir / file).write_bytes(packed)
    packages = {file: {**index, "sha256": digest, "size": len(packed)}}
    (subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": "noarch"}, "packages": packages}), "utf-8")
    url = folder.as_uri()
    return CondaPackage("python", version, _BUILD, 0, "noarch", None, (), url, f"{url}/noarch/{file}", digest)


def is_standalone(package: CondaPackage) -> bool:
    return package.name == "python" and package.build == _BUILD
