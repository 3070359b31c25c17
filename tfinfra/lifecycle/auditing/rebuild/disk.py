"""How much of the auditor's disk a rebuild may take: a package of a few megabytes may unpack to any size, and its hash
says nothing of that."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tfinfra.auditing.rebuild.recipe import MOST_BYTES

LEFT = 1 << 30
"""Bytes of the disk that stay free for all others."""
_PAUSE = 0.1
_GIB = 2**30


def watch_disk(folder: Path, end: Callable[[str], None], pause: float = _PAUSE) -> None:
    """From here on, until this process ends: `end` is called with the reason, in a thread of its own, once the disk of
    `folder` has lost more than any environment takes, or is nearly full. Who wrote there is not asked."""
    begin = shutil.disk_usage(folder).free

    def look() -> None:
        while (why := taken_too_much(begin, shutil.disk_usage(folder).free)) is None:
            time.sleep(pause)
        end(why)

    threading.Thread(target=look, daemon=True).start()


def taken_too_much(begin: int, now: int) -> str | None:
    """Why a build ends, by the bytes that were free when it began and are now; None where it may go on."""
    if begin - now > MOST_BYTES:
        return f"it was ended when {MOST_BYTES // _GIB} GiB of the disk had gone: no environment takes as much"
    if now < LEFT:
        return f"it was ended when less than {LEFT // _GIB} GiB of the disk was free (TMPDIR names another)"
    return None
