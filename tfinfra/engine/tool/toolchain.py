"""Finds the Pulumi command line tool, or has it made (toolmaking). The one in the cache counts only while it is what
was put there: its SHA-256 is on record beside it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tfinfra.engine.tool.tool_environment import tool_version
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import cache_folder

VERSION = "3.258.0"
"""The Python SDK's own version; the newest whose checksum the Go checksum database serves."""

_RECORD = "pulumi.json"


def find_cli() -> Path | None:
    """The tool: tfinfra's own, else one on PATH that is no older; None where it has to be made.

    Its own comes first, because asking a strange one for its version takes longer than `tfinfra --help`.
    """
    cached = _cached()
    if _is_ours(cached):
        return cached
    found = shutil.which("pulumi")
    if found is None:
        return None
    numbers = tuple(int(part) for part in (tool_version(found) or "").split("-")[0].split(".") if part.isdigit())
    least = tuple(int(part) for part in VERSION.split("."))
    # Of the SDK's major version, and not older than the SDK
    fits = len(numbers) == 3 and numbers[0] == least[0] and numbers >= least
    return Path(found) if fits else None


def ensure_cli(progress: Callable[[str], None], *, unchecked: bool = False) -> Path:
    """The tool, made first where there is none (built from source: about four minutes on two cores, once a machine).

    `unchecked` permits an archive of the vendor's whose SHA-256 is not known. `progress` gets one line for each step.
    Raises NotFeasible with the way out where it cannot be made.
    """
    found = find_cli()
    if found is not None:
        return found
    from filelock import FileLock, Timeout

    from tfinfra.engine.tool.toolmaking import make

    target = _cached()
    make_private(target.parent)
    lock = FileLock(target.parent.parent / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("another tfinfra is making the Pulumi command line tool: waiting for it")
        lock.acquire()
    try:
        if not _is_ours(target):
            if target.exists():
                progress(f"{target} is not the Pulumi that was put there: it is made again")
            source = make(target, VERSION, progress, unchecked=unchecked)
            _record(target, source)
        return target
    finally:
        lock.release()


def source_of(tool: Path) -> str | None:
    """Where tfinfra's own tool is from, in words; None of another."""
    if tool != _cached():
        return None
    return str((_recorded(tool) or {}).get("source", "")) or None


def _cached() -> Path:
    return cache_folder() / "pulumi" / VERSION / "bin" / "pulumi"


def _is_ours(tool: Path) -> bool:
    """Is it, byte for byte, what was put there? One of an earlier tfinfra has no record: it is asked for its version,
    and recorded as it is."""
    if not tool.is_file():
        return False
    recorded = _recorded(tool)
    if recorded is not None:
        return recorded.get("sha256") == _digest_now(tool)
    if tool_version(str(tool)) != VERSION:
        return False
    with contextlib.suppress(OSError):  # a cache that cannot be written is asked again the next time
        _record(tool, "an earlier tfinfra, which kept no record")
    return True


def _record(tool: Path, source: str) -> None:
    record = tool.with_name(_RECORD)
    draft = record.with_name(f"{_RECORD}.{os.getpid()}")
    draft.write_text(json.dumps({"sha256": _digest_now(tool), "source": source}) + "\n", encoding="utf-8")
    draft.replace(record)


def _recorded(tool: Path) -> dict[str, object] | None:
    """None where nothing is on record; a record that cannot be read fits no tool."""
    try:
        found = json.loads(tool.with_name(_RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest_now(tool: Path) -> str:
    status = tool.stat()
    return _digest(tool, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache
def _digest(tool: Path, *_stamp: int) -> str:
    """Once a process: 0.1 s."""
    return sha256_of(tool)
