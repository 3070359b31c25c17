"""The training environment of this node: the one that the client built, or one built here from the bundle's lock."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from tfinfra.agent.faults import NodeFault
from tfinfra.agent.places import Places
from tfinfra.errors import TfinfraError
from tfinfra.model import from_json

_log = logging.getLogger(__name__)


def training_environment(places: Places) -> Path:
    """The environment's folder: its bin/python runs the script. Raises NodeFault where it cannot be built."""
    content = json.loads((places.bundle / "environment.json").read_text())
    prebuilt = content.get("prebuilt")
    if prebuilt and (Path(prebuilt) / "bin/python").exists():
        return Path(prebuilt)
    return _build(content["lock"], places.cache)


def _build(lock: object, cache: Path) -> Path:
    from tfinfra.environment.build import ensure_environment
    from tfinfra.environment.lock import Lock

    try:
        return ensure_environment(from_json(Lock, lock), cache, _log.info)
    except (TfinfraError, OSError) as error:
        raise NodeFault(f"the training environment could not be built: {error}") from error
