"""Where uv looks for packages, and what else changes its answer: options for uv, and what a lock's key must know."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from tfinfra.model import PYPI, PackageSources
from tfinfra.text.credentials import hidden

# uv's settings that change where and how it works, not what it answers (uv's documentation, "Environment variables").
# What is not known here counts as changing the answer: a lock too many is made, and none is wrong.
_HARMLESS = re.compile(
    r"UV_(CACHE_DIR|COLOR|COMPILE_BYTECODE\w*|CONCURRENT_\w+|CREDENTIALS_DIR|DEBUG|ENV_FILE|GITHUB_TOKEN|HTTP_\w+"
    r"|INDEX_\w+_(USERNAME|PASSWORD)|INSECURE_HOST|INSTALL\w*|INTERNAL_\w+|ISOLATED|KEYRING_PROVIDER|LIBC|LINK_MODE"
    r"|LOCK_TIMEOUT|LOG_CONTEXT|MANAGED_PYTHON|NATIVE_TLS|NO_BINARY_CACHE|NO_CACHE|NO_ENV_FILE|NO_INSTALLER_METADATA"
    r"|NO_MANAGED_PYTHON|NO_MODIFY_PATH|NO_PROGRESS|NO_WRAP|OFFLINE|PREVIEW\w*|PROJECT_\w+|PUBLISH_\w+|PYPY_\w+"
    r"|PYTHON\w*|REQUEST_TIMEOUT|RUN_\w+|S3_\w+|SHOW_\w+|STACK_SIZE|SYSTEM_CERTS|SYSTEM_PYTHON|TEST_\w+|TOOL_\w+"
    r"|UNMANAGED_INSTALL|UPLOAD_\w+|VENV_\w+|WORKING_DIR\w*)"
)
_FILES = ("UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_EXCLUDE", "UV_CONFIG_FILE")
"""Settings that name files: their content counts."""


def source_variables(sources: PackageSources, environment: Mapping[str, str]) -> dict[str, str]:
    """uv's and pip's variables for the indexes that packages come from. What a target says comes before the settings in
    `environment`; an index that these name too keeps its user and password, and its name."""
    if sources == PackageSources():
        return {}
    known = {_bare(entry): entry for name in _INDEXES for entry in environment.get(name, "").split()}
    found: dict[str, str] = {}
    if url := sources.index_url:
        found["UV_DEFAULT_INDEX"] = known.get(_bare(url), url)
        found["PIP_INDEX_URL"] = _url(found["UV_DEFAULT_INDEX"])
    if urls := [known.get(_bare(url), url) for url in sources.extra_index_urls]:
        found["UV_INDEX"] = " ".join(urls)
        found["PIP_EXTRA_INDEX_URL"] = " ".join(map(_url, urls))
    return found


def default_index(environment: Mapping[str, str]) -> str:
    """The index that uv asks where a target names none, without who asks."""
    named = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    return _bare(named) if named else PYPI


def other_indexes(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The indexes and pages that uv asks beside it by this machine's settings, without who asks."""
    names = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
    return tuple(_bare(entry) for name in names for entry in environment.get(name, "").replace(",", " ").split())


def page_options(sources: PackageSources) -> list[str]:
    """uv's and pip's options for the pages that link to wheels."""
    return [word for url in sources.find_links for word in ("--find-links", url)]


_INDEXES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"),
)


def _url(entry: str) -> str:
    """The URL of an index that may have a name (name=URL)."""
    return re.sub(r"^[A-Za-z0-9._-]+=(?=https?://)", "", entry)


def _bare(entry: str) -> str:
    """The URL without who asks, and without the '/' at its end."""
    scheme, _, rest = _url(entry).partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")


def answering_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Of the variables that uv is started with those that change what it answers, and digests of the files that
    configure it; {} on a machine without any."""
    found = {
        name: hidden(value)  # a new password is no new answer
        for name, value in environment.items()
        if name.startswith("UV_") and value and not _HARMLESS.fullmatch(name)
    }
    files = [path for name in _FILES for path in environment.get(name, "").split()]
    if not environment.get("UV_NO_CONFIG") and not environment.get("UV_CONFIG_FILE"):
        files += _configuration_files(environment)
    for path in files:
        try:
            found[f"file {path}"] = hashlib.sha256(Path(os.sep, path).read_bytes()).hexdigest()
        except (OSError, ValueError):  # uv says what it thinks of a file that it cannot read
            continue
    return found


def _configuration_files(environment: Mapping[str, str]) -> list[str]:
    """The user's and the machine's uv.toml (uv's documentation, "Configuration files")."""
    home = environment.get("XDG_CONFIG_HOME") or f"{environment.get('HOME', '')}/.config"
    shared = [*filter(None, environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")), "/etc"]
    return [f"{folder}/uv/uv.toml" for folder in (home, *shared)]
