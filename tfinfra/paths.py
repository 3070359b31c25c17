"""Where tfinfra keeps things on the user's machine: state, cache and configuration folders."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def state_folder() -> Path:
    """Runs, Pulumi state, the local cloud. TFINFRA_STATE_DIR overrides."""
    return _folder("TFINFRA_STATE_DIR", platformdirs.user_state_dir("tfinfra"))


def cache_folder() -> Path:
    """What can be made again: the Pulumi CLI, locks, wheels, training environments. TFINFRA_CACHE_DIR overrides."""
    return _folder("TFINFRA_CACHE_DIR", platformdirs.user_cache_dir("tfinfra"))


def config_folder() -> Path:
    """compute_targets.yaml of the platform team. TFINFRA_CONFIG_DIR overrides."""
    return _folder("TFINFRA_CONFIG_DIR", platformdirs.user_config_dir("tfinfra"))


def prices_file() -> Path:
    """The prices of `tfinfra catalog refresh`."""
    return state_folder() / "prices.json"


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).absolute()
