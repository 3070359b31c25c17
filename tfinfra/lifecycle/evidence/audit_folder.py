"""runs/<run>/audit/ on disk: written through no link, whole or not at all file by file, and read the same way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from tfinfra.evidence.names import FOLDER, SUMS
from tfinfra.evidence.sums import BadSums, read_sums
from tfinfra.store.landing import Landing, Unplaceable


def write_folder(results: Path, files: Mapping[str, bytes]) -> None:
    """Lands the files in audit/ of a run's folder, and removes what an earlier evidence has left there. Raises OSError,
    Unplaceable."""
    with Landing(results) as landing:
        stale = _own(results) - set(files)
        for name, data in files.items():
            landing.land(f"{FOLDER}/{name}", partial(_fill, data))
        for name in stale:
            with suppress(Unplaceable):  # whoever wrote that name there did not mean a file of the evidence
                landing.remove(f"{FOLDER}/{name}")


def listed(results: Path) -> dict[str, str]:
    """{name as seen from audit/: digest} as the sums there have it. Raises OSError, BadSums."""
    return read_sums((results / FOLDER / SUMS).read_bytes())


def _own(results: Path) -> set[str]:
    """The files of audit/ that the sums of an earlier evidence name."""
    try:
        found = listed(results)
    except (OSError, BadSums):
        return set()
    return {name for name in found if not name.startswith("../")} | {SUMS}


def _fill(data: bytes, path: Path) -> None:
    path.write_bytes(data)
