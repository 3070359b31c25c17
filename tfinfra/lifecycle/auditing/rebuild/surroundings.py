"""What a rebuild's processes are started with: enough for package tools to reach the auditor's own indexes, and nothing
that anybody could use as somebody."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from tfinfra.system.process.inherited_variables import has_password

_KEPT = re.compile(
    r"PATH|LANG|LANGUAGE|LC_\w+|TZ|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(HTTP|HTTPS|ALL|NO)_PROXY",
    re.IGNORECASE,
)
_OF_COMPILERS = re.compile(r"CC|CXX|(C|CPP|CXX|LD)FLAGS")
"""Two builds by other flags hold other bytes."""
_OWN_FOLDERS = {
    "HOME": "home",
    "TMPDIR": "tmp",
    "XDG_CONFIG_HOME": "home/.config",
    "XDG_CACHE_HOME": "home/.cache",
    "XDG_DATA_HOME": "home/.local/share",
    "XDG_STATE_HOME": "home/.local/state",
    "UV_CACHE_DIR": "uv",
    "TFINFRA_CACHE_DIR": "cache",
    "TFINFRA_STATE_DIR": "state",
    "TFINFRA_CONFIG_DIR": "config",
}
_CLOSED = {
    "UV_NO_CONFIG": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_KEYRING_PROVIDER": "disabled",
    "UV_SYSTEM_CERTS": "true",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "XDG_CONFIG_DIRS": os.devnull,
}


def surroundings(given: Mapping[str, str], folder: Path, index: str, *, builds: bool) -> dict[str, str]:
    """The variables of a process that writes below `folder` alone: its home, its caches and its configuration are
    there, no file of pip's or uv's settings is read, and no Python is fetched. `index` is the URL of the auditor's
    usual index; with `builds` the compiler's settings stay."""
    kept = {
        name: value
        for name, value in given.items()
        if (_KEPT.fullmatch(name) or (builds and _OF_COMPILERS.fullmatch(name))) and not has_password(value)
    }
    own = {name: str(folder / place) for name, place in _OWN_FOLDERS.items()}
    return {**kept, **own, **_CLOSED, "UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index}


def make_folders(folder: Path) -> None:
    """The folders that `surroundings` names."""
    for place in _OWN_FOLDERS.values():
        (folder / place).mkdir(parents=True, exist_ok=True, mode=0o700)
