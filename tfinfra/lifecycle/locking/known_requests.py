"""What a program asks of ARM, recorded once on this machine: that takes seconds, and the same program asks the same."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from tfinfra.arm.azure_native import VERSION as AZURE_NATIVE
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import UsageError
from tfinfra.locking.canonical import digest_of
from tfinfra.locking.now import Requests
from tfinfra.model import from_json, to_json
from tfinfra.system.installation import missing_run_packages
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress
from tfinfra.version import __version__


def requests_of(compiled: Compiled, progress: Progress, *, anew: bool = False) -> Requests | None:
    """As they were recorded here before, but where they are wanted `anew`, else as they are recorded now; None where
    only the light installation is here, which cannot do that. Raises ProvisioningError."""
    file = _file(compiled)
    known = None if anew or file is None else _known(file)
    if known is None and not missing_run_packages():
        from tfinfra.lifecycle.locking.bodies import recorded_requests

        progress("recording what the program asks of ARM")
        known = recorded_requests(compiled)
        with suppress(OSError):  # then the next one records it again
            _keep(file, known)
    return known


def _file(compiled: Compiled) -> Path | None:
    """Where they are kept, None where there is no cache that can be believed: a hook may run where nobody has a
    home."""
    try:
        return cache_folder() / "requests" / f"{_key(compiled)}.json"
    except UsageError:
        return None


def _key(compiled: Compiled) -> str:
    """Of all that goes into a recording: the program and its settings, the target, and tfinfra's own code and data,
    which in a checkout change without a new version."""
    target = to_json(compiled.spec.target)
    found = {"tree": dict(compiled.tree), "target": target, "tfinfra": __version__, "provider": AZURE_NATIVE}
    return digest_of({**found, "code": _code()}).removeprefix("sha256:")


def _code() -> list[str]:
    """A line for each of tfinfra's modules and tables, ARM's types among them. A hook waits for this: `Path.rglob`
    takes five times as long. In a checkout editors leave links to nowhere (`.#name.py`), and files go while others are
    looked at."""
    found, folders = list[str](), [os.fspath(Path(__file__).parents[2])]
    root = len(folders[0])
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".json")):
                    with suppress(OSError):
                        status = entry.stat()
                        found.append(f"{entry.path[root:]} {status.st_size} {status.st_mtime_ns}")
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return sorted(found)


def _known(file: Path) -> Requests | None:
    try:
        return from_json(Requests, json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(file: Path | None, requests: Requests) -> None:
    if file is None:
        return
    from tfinfra.lifecycle.record.run_record import write_json

    make_private(file.parent)
    write_json(file, to_json(requests))
