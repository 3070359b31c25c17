"""Whether an environment is there: asked by all who use one, and loaded without what builds it."""

from __future__ import annotations

from pathlib import Path

from tfinfra.errors import ProvisioningError
from tfinfra.system.ownership import NotOwn, require_owner

MARKER = "tfinfra-environment.json"
"""Written last; it holds the lock."""


def is_whole(folder: Path) -> bool:
    """Whether it was built to its end, and its interpreter is still on this machine. Raises ProvisioningError where it
    belongs to another user than this one or root."""
    if not ((folder / MARKER).is_file() and (folder / "bin/python").exists()):
        return False
    for path in (folder, folder / MARKER, folder / "bin"):
        try:
            require_owner(path)
        except NotOwn as why:
            hint = f"remove {folder}: it is built again"
            raise ProvisioningError(f"{why}: the environment may be somebody else's work", hint=hint) from why
    return True
