"""The report file of an internal error: what went wrong, for who mends it, and nothing from the environment."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tfinfra.errors import TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.text.masking import redact
from tfinfra.version import __version__


def write_report(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Writes the traceback to a new file in the state folder's `reports`, or where that takes nothing among the
    temporary files, readable by its owner alone. Its path; None where neither takes it."""
    trace = "".join(traceback.format_exception(error))
    versions = f"tfinfra {__version__}, Python {platform.python_version()}, {platform.platform()}"
    text = redact(f"{versions}\narguments: {' '.join(arguments)}\n\n{trace}")
    for folder in (_reports, tempfile.gettempdir):
        with suppress(OSError, TfinfraError):
            return _written(Path(folder()), text)
    return None


def _reports() -> Path:
    folder = state_folder() / "reports"
    make_private(folder)
    return folder


def _written(folder: Path, text: str) -> Path:
    begin = f"tfinfra-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-"
    number, path = tempfile.mkstemp(suffix=".txt", prefix=begin, dir=folder)
    with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(path)
