"""Conda channels that are folders, made in a test: packages of a few bytes, as conda's own tools would pack them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Made:
    """A package to make: `files` maps a path to its content; `entry_points` are those of a noarch Python package."""

    name: str
    version: str
    files: dict[str, bytes]
    depends: tuple[str, ...] = ()
    noarch: str | None = None
    entry_points: tuple[str, ...] = ()
    executable: frozenset[str] = field(default=frozenset())


def module(name: str, version: str, depends: tuple[str, ...] = ("python >=3.9",)) -> Made:
    """A pure Python package of one module and one program, as conda has them: noarch, with its dist-info."""
    return Made(
        name,
        version,
        {
            f"site-packages/{name}.py": f"def main():\n    print('{name} {version}')\n".encode(),
            f"site-packages/{name}-{version}.dist-info/METADATA": (
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
            ),
        },
        depends,
        "python",
        (f"{name} = {name}:main",),
    )


def channel(folder: Path, *packages: Made, subdir: str = "linux-64") -> str:
    """Writes the packages and the indexes of a channel; its URL."""
    for place in (subdir, "noarch"):
        (folder / place).mkdir(parents=True, exist_ok=True)
        inside = [p for p in packages if ("noarch" if p.noarch else subdir) == place]
        entries = dict(_pack(folder / place, p, place) for p in inside)
        index = {"info": {"subdir": place}, "packages": entries, "packages.conda": {}, "repodata_version": 1}
        (folder / place / "repodata.json").write_text(json.dumps(index))
    return folder.as_uri()


def _pack(folder: Path, made: Made, subdir: str) -> tuple[str, dict[str, object]]:
    name = f"{made.name}-{made.version}-0.tar.bz2"
    index: dict[str, object] = {
        "name": made.name,
        "version": made.version,
        "build": "0",
        "build_number": 0,
        "depends": list(made.depends),
        "subdir": subdir,
        **({"noarch": made.noarch} if made.noarch else {}),
    }
    with tarfile.open(folder / name, "w:bz2", compresslevel=1) as tar:
        for path, data in {**_information(made, index), **made.files}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755 if path in made.executable else 0o644
            tar.addfile(entry, io.BytesIO(data))
    data = (folder / name).read_bytes()
    return name, {**index, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def _information(made: Made, index: dict[str, object]) -> dict[str, bytes]:
    paths = [
        {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
        }
        for path, data in made.files.items()
    ]
    link = {"noarch": {"type": "python", "entry_points": list(made.entry_points)}, "package_metadata_version": 1}
    return {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        **({"info/link.json": json.dumps(link).encode()} if made.noarch == "python" else {}),
    }
