"""What something in a file system is that is neither a file nor a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def kind_of(mode: int) -> str:
    """ "a pipe" of a `st_mode`; "no file" of what has no word here."""
    return _KINDS.get(stat.S_IFMT(mode), "no file")


def kind_at(path: Path) -> str:
    """The same of what lies at `path`, links followed. Never raises."""
    try:
        return kind_of(os.stat(path).st_mode)  # noqa: PTH116  Path's own method raises for some names
    except (OSError, ValueError):
        return "no file"
