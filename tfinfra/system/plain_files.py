"""Plain files below a folder that others may have filled, opened for reading: nothing is opened through a link, and
what is no plain file is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from tfinfra.system.strange_trees import FOLDER

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_plain(folder: Path, name: str) -> BinaryIO | None:
    """The file `name` ("tasks/rank-0.log") below `folder`; None where there is none, or no plain one. The caller
    closes it."""
    *above, last = name.split("/")
    try:
        at = os.open(folder, FOLDER)
    except OSError:
        return None
    try:
        for part in above:
            inner = os.open(part, FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        opened = os.open(last, _FILE, dir_fd=at)
    except (OSError, ValueError):
        return None
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    return os.fdopen(opened, "rb")


def read_plain(folder: Path, name: str, most: int) -> bytes | None:
    """The bytes of such a file; None also where there are more than `most` of them, or it cannot be read."""
    file = open_plain(folder, name)
    if file is None:
        return None
    with file:
        try:
            data = file.read(most + 1)
        except OSError:
            return None
    return data if len(data) <= most else None
