"""The training environment of this node: the one that the client built, or one built here from the bundle's lock."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from tfinfra.agent.boot.wheel_sharing import SharedWheels
from tfinfra.agent.devices.gate import Cuda
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node_errors import NodeFault
from tfinfra.errors import TfinfraError
from tfinfra.model import from_json

# A builder with all cores busy may be late with its heartbeat; one that is gone holds the others up for this long.
_SILENCE = 60.0
_log = logging.getLogger(__name__)


def environment_content(context: AgentContext) -> dict[str, Any]:
    """environment.json of the bundle: "lock", and "prebuilt", the client's folder where the nodes see it."""
    content: dict[str, Any] = json.loads((context.paths.bundle / "environment.json").read_text("utf-8"))
    return content


def training_environment(context: AgentContext, content: dict[str, Any], cuda: Cuda | None) -> Path:
    """The environment's folder: its bin/python runs the script. The interpreter too comes from the lock; the image's
    Python runs the agent alone. `cuda` is what this node's driver says, where it was asked. Raises NodeFault where it
    cannot be built."""
    prebuilt = content.get("prebuilt")
    if prebuilt and (Path(prebuilt) / "bin/python").exists():
        return Path(prebuilt)

    from tfinfra.environment.build_environment import ensure_environment
    from tfinfra.environment.cuda import Driver
    from tfinfra.environment.horovod import build_here
    from tfinfra.environment.lock_file import Lock

    silence = max(_SILENCE, context.settings.timeouts.heartbeat)
    shared = SharedWheels(context.store, context.identity.node_id, context.clock, silence)
    # A wheel is code: where a node may not delete its group, other runs may write into the store too.
    alone = context.plan.node_count == 1 or not context.settings.may_delete
    try:
        return ensure_environment(
            from_json(Lock, content["lock"]),
            context.paths.cache,
            _log.info,
            wheels=build_here if alone else shared,
            conda_files=context.paths.bundle / "conda",
            driver=Driver(cuda.driver, cuda.capability) if cuda else None,
        )
    except (TfinfraError, OSError) as error:
        hint = f" ({error.hint})" if isinstance(error, TfinfraError) and error.hint else ""
        raise NodeFault(f"the training environment could not be built: {error}{hint}") from error
