"""Where a lock is kept, by all that it is made from. Who only asks whether there is one loads no solver."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tfinfra.environment import recipe
from tfinfra.environment.lock_file import Lock, digest_of_value, read_lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.requirements.requirement import HASH
from tfinfra.environment.uv.package_index import answering_settings
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.model import Requirements, to_json


def find_lock(requirements: Requirements, platform: str, cache: Path) -> Lock | None:
    """The lock that `make_lock` has made before, None where it has not."""
    return read_lock(lock_path(requirements, platform, cache))


def lock_path(requirements: Requirements, platform: str, cache: Path) -> Path:
    """Where the lock is kept: by all that it is made from."""
    target = platform or this_platform()
    inputs = {"requirements": _inputs(requirements), "platform": target, "recipe": recipe.RECIPE}
    if settings := answering_settings(tool_environment()):
        inputs["settings"] = settings
    if requirements.pip:  # a lock of a time when source distributions were taken unasked is made anew
        inputs["packages"] = "wheels"
    if any(HASH.search(line) or "#sha" in line for line in requirements.pip):  # one that did not hold hashes, too
        inputs["hashes"] = "proven"
    inputs["folders"] = _folder_state(requirements.conda_channels)  # a channel that is a folder counts with its content
    return cache / "locks" / f"{digest_of_value(inputs)}.json"


def _inputs(requirements: Requirements) -> dict[str, Any]:
    """What the key of a lock is made from; fields that came later count where they say something."""
    later = {"source_builds", "constraints", "prereleases", "sources"}
    plain = to_json(Requirements("", "", (), horovod=False, gpu=False))
    given: dict[str, Any] = to_json(requirements)
    return {name: value for name, value in given.items() if name not in later or value != plain[name]}


def _folder_state(channels: tuple[str, ...]) -> list[str]:
    """A digest for each channel that is a folder: of its indexes."""
    digests = []
    for channel in (c for c in channels if c.startswith("file:")):
        state = hashlib.sha256()
        for index in sorted(Path(unquote(urlsplit(channel).path)).glob("*/repodata.json")):
            state.update(index.read_bytes())
        digests.append(state.hexdigest())
    return digests
