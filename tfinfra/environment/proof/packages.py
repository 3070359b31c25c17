"""What the installed packages say of their own files: each one's RECORD (packaging.python.org, "Recording installed
projects"), and conda's list of what it put there."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

SITES = "lib/python3*/site-packages"
_RECORD, _NAME = "RECORD", re.compile(r"(.+?)-[^-]+\.dist-info")
_DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64}


@dataclass(frozen=True)
class RecordedFile:
    """A file by its path in the environment, which may begin with ".." where a RECORD names one outside of it. `digest`
    is hexadecimal, "" where the package has none: of its own RECORD, of bytecode. `algorithm` is hashlib's name."""

    path: str
    algorithm: str
    digest: str


@dataclass(frozen=True)
class InstalledPackage:
    """One distribution; `fault` says why its list of files cannot be used, "" where it can."""

    name: str
    record: str
    files: tuple[RecordedFile, ...]
    fault: str = ""


def site_folders(environment: Path) -> tuple[str, ...]:
    """The folders of packages, relative to the environment."""
    return tuple(sorted(str(path.relative_to(environment)) for path in environment.glob(SITES)))


def installed_packages(environment: Path) -> tuple[InstalledPackage, ...]:
    """All that pip, uv and conda have installed there. What conda installed is taken from conda's own list: the RECORD
    that comes with such a package is of the machine that made it."""
    of_conda = tuple(_of_conda(path, environment) for path in sorted(environment.glob("conda-meta/*.json")))
    known = {file.path for package in of_conda for file in package.files}
    infos = [path for site in site_folders(environment) for path in sorted((environment / site).glob("*.dist-info"))]
    records = [str((path / _RECORD).relative_to(environment)) for path in infos]
    return of_conda + tuple(_of_pip(record, environment) for record in records if record not in known)


def _of_pip(record: str, environment: Path) -> InstalledPackage:
    folder = PurePosixPath(record).parent
    found = _NAME.fullmatch(folder.name)
    name = found[1].replace("_", "-").lower() if found else folder.name
    try:
        text = (environment / record).read_text("utf-8")
        return InstalledPackage(name, record, tuple(_rows(text, folder.parent)))
    except OSError as error:
        return InstalledPackage(name, record, (), f"cannot be read: {error.strerror}")
    except (ValueError, csv.Error) as error:
        return InstalledPackage(name, record, (), f"is no list of files: {error}")


def _rows(text: str, site: PurePosixPath) -> Iterator[RecordedFile]:
    """Raises ValueError for what is no RECORD."""
    for row in csv.reader(io.StringIO(text)):
        if not row:
            continue
        if len(row) != 3 or not row[0]:
            raise ValueError(f"a line of it is {','.join(row)!r}")
        path = os.path.normpath(site / row[0])
        algorithm, _, digest = row[1].partition("=")
        known = row[1] and not path.endswith(".pyc")  # a build makes bytecode anew, also what a wheel brings
        yield RecordedFile(path, algorithm if known else "", _hexadecimal(algorithm, digest) if known else "")


def _hexadecimal(algorithm: str, text: str) -> str:
    if algorithm not in _DIGESTS:
        raise ValueError(f"it has a digest of the kind {algorithm!r}")
    try:
        digest = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"{text!r} is no digest") from error
    if len(digest) != _DIGESTS[algorithm]:
        raise ValueError(f"{text!r} is no digest of the kind {algorithm}")
    return digest.hex()


def _of_conda(meta: Path, environment: Path) -> InstalledPackage:
    record = str(meta.relative_to(environment))
    try:
        content = json.loads(meta.read_text("utf-8"))
        files = {os.path.normpath(str(name)): "" for name in content.get("files", [])}
        files |= dict(map(_conda_path, content.get("paths_data", {}).get("paths", [])))
        kept = tuple(RecordedFile(path, "sha256" if digest else "", digest) for path, digest in files.items())
        return InstalledPackage(str(content["name"]), record, (*kept, RecordedFile(record, "", "")))
    except OSError as error:
        return InstalledPackage(meta.stem, record, (), f"cannot be read: {error.strerror}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return InstalledPackage(meta.stem, record, (), f"is no list of files: {error}")


def _conda_path(row: dict[str, Any]) -> tuple[str, str]:
    """A file's path and its digest as it was installed; "" where conda has none, of links and of bytecode, which is
    made anew."""
    path = os.path.normpath(str(row["_path"]))
    plain = row.get("path_type") == "hardlink" and not path.endswith(".pyc")
    # With a prefix in the package, the digest that counts is the one after the prefix was replaced.
    digest = row.get("sha256_in_prefix") or ("" if row.get("prefix_placeholder") else row.get("sha256"))
    return path, str(digest or "") if plain else ""
