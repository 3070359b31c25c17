"""Finds `templates/`, `stacks/` and `examples/`: at the top of a checkout, inside the package in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resource_folder(name: str) -> Path:
    """The folder `name` ("templates", "stacks" or "examples"). Raises FileNotFoundError where the installation lacks
    it."""
    for base in (_PACKAGE / "_resources", _PACKAGE.parent):
        if (base / name).is_dir():
            return base / name
    raise FileNotFoundError(f"this installation of tfinfra lacks its '{name}' folder; reinstall it")
