"""A wheel written anew, so that it holds nothing but what is in it: members in the order of their names, without times,
and with a note of what has compiled them (packaging.python.org, "Binary distribution format")."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

from tfinfra.environment.proof.packages import SITES

NOTE = "tfinfra-compiler.txt"
_FIRST_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def write_anew(wheel: Path, note: str) -> None:
    """Replaces `wheel` by one that has the text `note` in its folder of metadata."""
    with zipfile.ZipFile(wheel) as old:
        members = {info.filename: old.read(info) for info in old.infolist() if not info.is_dir()}
        programs = {info.filename for info in old.infolist() if info.external_attr >> 16 & 0o100}
    record = next(name for name in members if name.endswith(".dist-info/RECORD"))
    members[record.replace("RECORD", NOTE)] = note.encode() + b"\n"
    members[record] = _record({name: content for name, content in members.items() if name != record}, record)
    staging = wheel.with_suffix(".new")
    with zipfile.ZipFile(staging, "w", zipfile.ZIP_STORED) as new:  # packed bytes are those of one release of zlib
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _FIRST_TIME)
            info.create_system = _UNIX
            info.external_attr = (0o100755 if name in programs else 0o100644) << 16
            new.writestr(info, members[name])
    staging.replace(wheel)


def note_of(environment: Path, package: str) -> str:
    """The note of an installed package, "" where it has none."""
    found = sorted(environment.glob(f"{SITES}/{package}-*.dist-info/{NOTE}"))
    return found[0].read_text("utf-8").strip() if found else ""


def _record(members: dict[str, bytes], record: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, content in sorted(members.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([record, "", ""])
    return text.getvalue().encode()
