"""The report file of an internal error: what went wrong, for who mends it, and nothing from the environment."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.text.masking import redact
from tfinfra.version import __version__


def write_report(error: BaseException, arguments: Sequence[str], folder: Path | None = None) -> Path:
    """Writes the traceback to a new file of `folder` (None: the state folder's `reports`), readable by its owner alone,
    and returns its path. Raises OSError, and UsageError for a state folder that is none."""
    if folder is None:
        folder = state_folder() / "reports"
        make_private(folder)
    trace = "".join(traceback.format_exception(error))
    versions = f"tfinfra {__version__}, Python {platform.python_version()}, {platform.platform()}"
    begin = f"tfinfra-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-"
    number, path = tempfile.mkstemp(suffix=".txt", prefix=begin, dir=folder)
    with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(redact(f"{versions}\narguments: {' '.join(arguments)}\n\n{trace}"))
    return Path(path)
