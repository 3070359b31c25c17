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


def state_folder() -> Path:
    """Runs, Pulumi state, the local cloud. TFINFRA_STATE_DIR overrides. Raises UsageError where it is not the user's
    own."""
    return _own("TFINFRA_STATE_DIR", platformdirs.user_state_dir("tfinfra"), _STATE_WAY_OUT)


def cache_folder() -> Path:
    """What can be made again: the Pulumi CLI, locks, wheels, training environments. TFINFRA_CACHE_DIR overrides. Raises
    UsageError where it, or what stands in it, is not the user's own."""
    folder = _own("TFINFRA_CACHE_DIR", platformdirs.user_cache_dir("tfinfra"), _CACHE_WAY_OUT)
    _refusing(lambda: require_own_tree(folder, 1), _CACHE_WAY_OUT)
    for name in _RUN_FROM:
        _refusing(lambda name=name: require_own_tree(folder / name, 1), _CACHE_WAY_OUT)  # type: ignore[misc]
    return folder


def config_folder() -> Path:
    """compute_targets.yaml of the platform team. TFINFRA_CONFIG_DIR overrides."""
    return _folder("TFINFRA_CONFIG_DIR", platformdirs.user_config_dir("tfinfra"))


def prices_file() -> Path:
    """The prices of `tfinfra catalog refresh`."""
    return state_folder() / "prices.json"


def made_private() -> tuple[Path, ...]:
    """The folders that others could read until this process looked at them."""
    return tuple(_CHANGED)


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).absolute()


_RUN_FROM = ("environments", "pulumi", "pulumi/plugins", "wheels", "python", "bundle-parts", "bundle-site", "locks")
_CACHE_WAY_OUT = (
    "remove it, or what of it is not yours: all in it can be made again; or name another folder: TFINFRA_CACHE_DIR"
)
_STATE_WAY_OUT = "name a folder of your own: TFINFRA_STATE_DIR; or, if all in it is yours: `chmod -R go-w` it"


def _own(variable: str, default: str, way_out: str) -> Path:
    """The folder, made private. One that cannot be made is left to whoever needs it: most verbs do not."""
    folder = _folder(variable, default)
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
