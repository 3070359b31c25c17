"""The report file of an internal error: what went wrong, for who mends it, and nothing from the environment."""

from __future__ import annotations

import platform
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.text.masking import redact
from tfinfra.version import __version__


def write_report(error: Exception, arguments: Sequence[str]) -> Path:
    """Writes the traceback to a new file in the state folder's `reports` and returns its path."""
    folder = state_folder() / "reports"
    make_private(folder)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.monotonic_ns() % 10**6:06}.txt"
    trace = "".join(traceback.format_exception(error))
    versions = f"tfinfra {__version__}, Python {platform.python_version()}, {platform.platform()}"
    path.write_text(redact(f"{versions}\narguments: {' '.join(arguments)}\n\n{trace}"), encoding="utf-8")
    return path
