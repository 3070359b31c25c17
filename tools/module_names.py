"""`python -m tools.module_names PACKAGE…` renews what tfinfra/catalog/data/module_names.json says of packages: the
top-level modules of the newest release, and the packages that it brings.

Names are only added: an older release, which a manifest may pin, has what it had. What a release needs is in pip's
report, its files in the list that its wheel holds, of which the few parts that are needed are fetched.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tfinfra.environment.installed_modules import modules_of

TARGET = Path(__file__).resolve().parents[1] / "tfinfra/catalog/data/module_names.json"
_NOBODYS = ("tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "benchmark", "scripts", "tools")
"""Top-level names that wheels have by mistake."""
_WIDTH = 120
_PYTHON, _PLATFORM = "3.11", "manylinux_2_28_x86_64"

Part = Callable[[int, int], bytes]
"""The bytes of a remote file from the first offset to before the second."""


class Remote(io.RawIOBase):
    """A file elsewhere of which only what is read is fetched."""

    def __init__(self, size: int, part: Part) -> None:
        super().__init__()
        self._size, self._part, self._at = size, part, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        data = self._part(self._at, end) if end > self._at else b""
        self._at += len(data)
        return data


def remote(url: str) -> Remote:
    """The file at `url`, whose server answers requests for a part of it."""
    asked = urllib.request.Request(url, method="HEAD")  # noqa: S310  the URL is the package index's
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        size = int(answer.headers["Content-Length"])

    def part(start: int, end: int) -> bytes:
        wanted = urllib.request.Request(url, headers={"Range": f"bytes={start}-{end - 1}"})  # noqa: S310
        with urllib.request.urlopen(wanted) as answer:  # noqa: S310
            data: bytes = answer.read()
        if len(data) != end - start:
            raise ValueError(f"{url} cannot be read in parts")
        return data

    return Remote(size, part)


def modules_in(wheel: io.RawIOBase) -> list[str]:
    """The modules that scripts import of a wheel: top-level ones, and of a namespace those right below it."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        (record,) = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
        path = Path(folder) / record
        path.parent.mkdir()
        path.write_bytes(archive.read(record))
        packages = modules_of([Path(folder)]).packages
    shortest = {name for name in packages if not any(name.startswith(f"{other}.") for other in packages)}
    return sorted(name for name in shortest if name not in _NOBODYS and name.replace(".", "").isidentifier())


def brought(requires: Iterable[str]) -> list[str]:
    """The packages that a release needs on any platform, without its extras: its `Requires-Dist` lines."""
    needed = map(Requirement, requires)
    return sorted({canonicalize_name(one.name) for one in needed if "extra" not in str(one.marker or "")})


def report(package: str) -> dict[str, Any]:
    """What pip says of the newest release that nodes would get. Source: pip's documentation, "Installation Report"."""
    line = ["-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-"]
    line += ["--only-binary", ":all:", "--target", "unused", "--python-version", _PYTHON, "--platform", _PLATFORM]
    done = subprocess.run(
        [sys.executable, *line, "--", package], capture_output=True, encoding="utf-8", errors="replace", check=True
    )
    (found,) = json.loads(done.stdout)["install"]
    return dict(found)


def renewed(data: Mapping[str, Any], package: str, modules: Iterable[str], brings: Iterable[str]) -> dict[str, Any]:
    """The file's content with what is new of one package."""
    alike, others = {*data["called_alike"]}, dict(data["others"])
    usual = package.replace("-", "_")
    known = {*others.get(package, [usual] if package in alike else [])}
    every = sorted({*known, *modules})
    alike, others = alike - {package}, {name: row for name, row in others.items() if name != package}
    if every == [usual]:
        alike.add(package)
    else:
        others[package] = every
    rows = {**data["brings"], package: sorted({*data["brings"].get(package, ()), *brings})}
    return {**data, "brings": _sorted(rows), "called_alike": sorted(alike), "others": _sorted(others)}


def _sorted(rows: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(rows.items()))


def unknown(data: Mapping[str, Any]) -> list[str]:
    """Packages that others bring, and of which the file does not say what they have."""
    needed = {name for row in data["brings"].values() for name in row}
    return sorted(needed - {*data["called_alike"], *data["others"]})


def written(data: Mapping[str, Any]) -> str:
    """JSON in lines of 120, as many entries in each as it takes."""
    parts = [f' "{name}": {_value(value)}' for name, value in data.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _value(value: Any) -> str:
    whole = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (list, dict)):
        return whole
    rows = value.items() if isinstance(value, dict) else ((None, one) for one in value)
    texts = [f'"{name}": {json.dumps(one)}' if name is not None else json.dumps(one) for name, one in rows]
    opening, closing = whole[0], whole[-1]
    lines, line = list[str](), ""
    for text in texts:
        longer = f"{line}, {text}" if line else f"  {text}"
        if line and len(longer) + 1 > _WIDTH:
            lines.append(line)
            longer = f"  {text}"
        line = longer
    inside = ",\n".join([*lines, line])
    return f"{opening}\n{inside}\n {closing}"


def renew(packages: Iterable[str]) -> None:
    """Writes the file anew, and prints what is to be looked at by hand."""
    data = json.loads(TARGET.read_text(encoding="utf-8"))
    for given in packages:
        package = re.sub(r"[-_.]+", "-", given).lower()
        found = report(package)
        modules = modules_in(remote(found["download_info"]["url"]))
        data = renewed(data, package, modules, brought(found["metadata"].get("requires_dist", ())))
    TARGET.write_text(written(data), encoding="utf-8")
    sys.stdout.write("".join(f"nothing is known of what {name} has\n" for name in unknown(data)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.module_names", description=f"Renews rows of {TARGET}.")
    parser.add_argument("package", nargs="+", help="a package, as its index calls it")
    renew(parser.parse_args().package)
