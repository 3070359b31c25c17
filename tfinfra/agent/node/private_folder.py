"""A folder of this user's own where everybody may write: another user may have made it first."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tfinfra.agent.node_errors import NodeFault

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def own_folder(path: Path) -> Path:
    """Makes `path` for this user alone (0700), or takes the one that is theirs already.

    Raises NodeFault where it is a link, no folder, or somebody else's: they could change what is made in it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise NodeFault(f"cannot make {path} ({error.strerror}): have root remove what is there") from error
    if not stat.S_ISDIR(found.st_mode):
        raise NodeFault(f"{path} is a link, not a folder: have root remove it, for others could change where it leads")
    if found.st_uid != os.geteuid():
        raise NodeFault(f"{path} belongs to another user (uid {found.st_uid}): have root remove it")
    if found.st_mode & _OTHERS:
        path.chmod(0o700)
    return path
