"""What is at a path that a manifest names. Names that the system does not even look up (too long, with a NUL, behind a
folder that may not be entered) name nothing: there pathlib raises, up to Python 3.13."""

from __future__ import annotations

import os
from pathlib import Path


def is_there(path: Path) -> bool:
    """Whether anything is there."""
    return os.path.exists(path)  # noqa: PTH110  see above


def is_file(path: Path) -> bool:
    """Whether a file is there, or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113  see above


def is_folder(path: Path) -> bool:
    """Whether a folder is there, or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112  see above


def real(path: Path) -> Path:
    """The absolute path without links; a link that leads back to itself stays, where Path.resolve would raise."""
    return Path(os.path.realpath(path))
