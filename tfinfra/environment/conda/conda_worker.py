"""`python -m tfinfra.environment.conda.conda_worker solve|install`: the one place that knows py-rattler's solver and
installer. JSON in, JSON out; see conda_packages.py for both shapes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import rattler
from rattler.exceptions import GatewayError, InvalidChannelError, InvalidMatchSpecError, SolverError

# What every node offers at least: the glibc that the locks' uv platform names, and a kernel of that age.
_LINUX = {"__unix": "0", "__linux": "4.18", "__glibc": "2.28"}
_MACOS = {"__unix": "0", "__osx": "13.0"}
_ARCHSPEC = {"linux-64": "x86_64", "osx-64": "x86_64", "linux-aarch64": "aarch64", "osx-arm64": "m1"}


def main() -> None:
    """Ends without the interpreter's own shutdown, in which rattler's threads abort the process."""
    payload = json.load(sys.stdin)
    verbs = {"solve": _solve, "install": _install}
    print(json.dumps(asyncio.run(verbs[sys.argv[1]](payload))), flush=True)
    os._exit(0)


async def _solve(payload: dict[str, Any]) -> dict[str, Any]:
    try:
        records = await rattler.solve(
            sources=payload["channels"],
            specs=[rattler.MatchSpec(spec) for spec in payload["specs"]],
            constraints=[rattler.MatchSpec(spec) for spec in payload["constraints"]],
            platforms=[rattler.Subdir(payload["subdir"]), rattler.Subdir("noarch")],
            virtual_packages=_virtual_packages(payload["subdir"], payload["cuda"]),
            gateway=rattler.Gateway(cache_dir=Path(payload["cache"], "repodata"), client=_client()),
        )
    except InvalidMatchSpecError as error:
        return _error("spec", error)
    except (GatewayError, InvalidChannelError, OSError) as error:
        return _error("channel", error)
    except SolverError as error:
        return _error("unsolvable", error)
    names = ("name", "version", "build", "build_number", "subdir", "depends", "channel", "url", "sha256")
    contents = [json.loads(record.to_json()) for record in records]
    packages = [{**{name: content[name] for name in names}, "noarch": content.get("noarch")} for content in contents]
    return {"packages": sorted(packages, key=lambda package: str(package["name"]))}


async def _install(payload: dict[str, Any]) -> dict[str, Any]:
    records = [_record(package, payload["local"]) for package in payload["packages"]]
    try:
        await rattler.install(
            records, payload["folder"], cache_dir=Path(payload["cache"], "pkgs"), show_progress=False, client=_client()
        )
    except Exception as error:  # noqa: BLE001  rattler has no common base: whatever it is, the builder shows it
        return _error("install", error)
    return {}


def _client() -> rattler.Client:
    return rattler.Client()


def _virtual_packages(subdir: str, cuda: str | None) -> list[rattler.GenericVirtualPackage]:
    base = dict(_MACOS if subdir.startswith("osx") else _LINUX)
    given = {**base, **({"__cuda": cuda} if cuda else {})}
    found = [_virtual(name, version, "0") for name, version in given.items()]
    return [*found, _virtual("__archspec", "1", _ARCHSPEC[subdir])]


def _virtual(name: str, version: str, build: str) -> rattler.GenericVirtualPackage:
    return rattler.GenericVirtualPackage(
        rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build)
    )


def _record(package: dict[str, Any], local: dict[str, str]) -> rattler.RepoDataRecord:
    name = PurePosixPath(unquote(urlsplit(package["url"]).path)).name
    record = rattler.PackageRecord(
        package["name"],
        package["version"],
        rattler.BuildString(package["build"]),
        package["build_number"],
        package["subdir"],
        noarch=rattler.NoArchType(package["noarch"]),
        depends=package["depends"],
        sha256=bytes.fromhex(package["sha256"]),
    )
    url = local.get(name, package["url"])
    return rattler.RepoDataRecord(record, name, url, package["channel"])


def _error(kind: str, error: Exception) -> dict[str, Any]:
    return {"error": {"kind": kind, "text": str(error).strip() or repr(error)}}


if __name__ == "__main__":
    main()
