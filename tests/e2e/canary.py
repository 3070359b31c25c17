"""Looks for a value in every byte that can be reached, in the forms in which programs write values down."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil


def forms(value: str) -> dict[str, bytes]:
    """Plain, as JSON and URLs escape it, hexadecimal, base64 at each of its three alignments, and each of these from
    back to front."""
    data = value.encode()
    found = {
        "plain": data,
        "json": json.dumps(value)[1:-1].encode(),
        "url": quote(value, safe="").encode(),
        "form": quote_plus(value).encode(),
        "hex": data.hex().encode(),
        **{f"base64 at {shift}": _base64(data, shift) for shift in range(3)},
    }
    return {**found, **{f"{name}, reversed": form[::-1] for name, form in found.items()}}


def _base64(data: bytes, shift: int) -> bytes:
    """What all texts in base64 have in common that hold `data` behind `shift` other bytes."""
    text = base64.b64encode(bytes(shift) + data)
    return text[-(-shift * 4 // 3) : len(text) - 4]


def in_files(folders: Iterable[Path], value: str, since: float = 0.0) -> list[str]:
    """Where below `folders` the value stands, in the name or the bytes of a file changed after `since`."""
    wanted = forms(value)
    return [hit for folder in folders for path in _files(folder, since) for hit in _hits(path, wanted)]


def _files(folder: Path, since: float) -> Iterator[Path]:
    if folder.is_file():
        yield folder
    for where, _, names in os.walk(folder):
        for path in (Path(where, name) for name in names):
            try:
                if path.is_file() and path.lstat().st_mtime >= since:
                    yield path
            except OSError:  # it has gone meanwhile
                continue


def _hits(path: Path, wanted: dict[str, bytes]) -> list[str]:
    try:
        data = os.fsencode(path) + b"\n" + path.read_bytes()
    except OSError:
        return []
    return [f"{path} ({name})" for name, form in wanted.items() if form in data]


def in_command_lines(value: str) -> list[str]:
    """The processes of this machine that have the value on their command line."""
    wanted = forms(value)
    lines = {process.pid: _line(process) for process in psutil.process_iter()}
    return [f"{pid} ({n})" for pid, line in lines.items() for n, form in wanted.items() if form in line]


def _line(process: psutil.Process) -> bytes:
    try:
        return "\0".join(process.cmdline()).encode("utf-8", "surrogateescape")
    except psutil.Error:
        return b""


def holders(value: str) -> list[psutil.Process]:
    """The processes that have the value in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if value in process.environ().values():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
