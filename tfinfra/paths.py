"""Where tfinfra keeps things on the user's machine: state, cache and configuration folders. State and cache are the
user's own: they are made so, and nothing is used that another user owns or may write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs

from tfinfra.errors import UsageError
from tfinfra.ownership import NotOwn, make_own, require_own_tree

_CHANGED: dict[Path, None] = {}
_LOOKED_AT: set[tuple[Path, int, int]] = set()
"""Caches in which all is well: a large one takes a while to look through, and a verb asks for it many times."""


def state_folder() -> Path:
    """Runs, Pulumi state, the local cloud. TFINFRA_STATE_DIR overrides. Raises UsageError where it is not the user's
    own."""
    return _own("TFINFRA_STATE_DIR", platformdirs.user_state_dir("tfinfra"), _STATE_WAY_OUT)


def cache_folder() -> Path:
    """What can be made again: the Pulumi CLI, locks, wheels, training environments. TFINFRA_CACHE_DIR overrides. Raises
    UsageError where it, or what stands in it, is not the user's own."""
    variable, default = "TFINFRA_CACHE_DIR", platformdirs.user_cache_dir("tfinfra")
    folder = _folder(variable, default)
    if folder.is_dir() and _state(folder) not in _LOOKED_AT:
        # Before it is made private, after which nobody could tell who was in it
        _refusing(lambda: require_own_tree(folder, _DEPTH), _CACHE_WAY_OUT)
    _own(variable, default, _CACHE_WAY_OUT)
    if folder.is_dir():
        _LOOKED_AT.add(_state(folder))
    return folder


def config_folder() -> Path:
    """compute_targets.yaml of the platform team. TFINFRA_CONFIG_DIR overrides."""
    return _folder("TFINFRA_CONFIG_DIR", platformdirs.user_config_dir("tfinfra"))


def prices_file() -> Path:
    """The prices of `tfinfra catalog refresh`."""
    return state_folder() / "prices.json"


def made_private() -> tuple[Path, ...]:
    """The folders that others could read until this process looked at them, each told once."""
    found = tuple(_CHANGED)
    _CHANGED.clear()
    return found


def _state(folder: Path) -> tuple[Path, int, int]:
    """Changes with the folder's owner, mode and entries."""
    status = folder.stat()
    return folder, status.st_ino, status.st_ctime_ns


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).absolute()


_DEPTH = 2
"""Down to each environment, wheel and version: below, only who may write those could."""
_CACHE_WAY_OUT = (
    "remove it, or what of it is not yours: all in it can be made again; or name another folder: TFINFRA_CACHE_DIR"
)
_STATE_WAY_OUT = "name a folder of your own: TFINFRA_STATE_DIR; or, if all in it is yours: `chmod -R go-w` it"


def _own(variable: str, default: str, way_out: str) -> Path:
    """The folder, private where it is there: who looks only makes none, and who writes makes it so (ownership.py)."""
    folder = _folder(variable, default)
    if not folder.is_dir():
        return folder
    try:
        if _refusing(lambda: make_own(folder), way_out):
            _CHANGED[folder] = None
    except OSError:
        return folder
    return folder


def _refusing(look: Callable[[], bool | None], way_out: str) -> bool | None:
    try:
        return look()
    except NotOwn as why:
        raise UsageError(f"{why}: what is in it may be somebody else's work", hint=way_out) from why
