"""`python -m tfinfra.agent --settings FILE --root FOLDER`: makes an AgentContext of this machine and runs it."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType

from tfinfra.agent.agent_log import log_to
from tfinfra.agent.boot.scratch import find_scratch
from tfinfra.agent.node.agent_context import BLOB, AgentContext, is_free
from tfinfra.agent.node.heartbeat import Heartbeats
from tfinfra.agent.node.instance_metadata import DEFAULT_URL, Metadata
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import identity
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.run import run
from tfinfra.model import NodeSettings, Plan, from_json
from tfinfra.store import PatientStore, open_store
from tfinfra.system.clock import SystemClock

_STORE_PATIENCE = 120.0  # seconds that a failing store is tried again
_log = logging.getLogger(__name__)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tfinfra.agent", description="Runs this node's part of a tfinfra run.")
    parser.add_argument("--settings", type=Path, required=True, help="the run's settings.json")
    parser.add_argument("--root", type=Path, default=Path("/"), help="below which all of the node's files are")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _terminate)
    paths = NodePaths(arguments.root.absolute())
    paths.make()
    log_to(paths.agent_log)
    paths = replace(paths, scratch=find_scratch(paths.root))
    paths.make()
    try:
        context = make_context(from_json(NodeSettings, json.loads(arguments.settings.read_text("utf-8"))), paths)
    except Exception:
        _log.exception("this node could not even begin")
        raise
    run(context)


def make_context(settings: NodeSettings, paths: NodePaths) -> AgentContext:
    """The one place where an agent looks at its machine. Raises NodeFault, OSError, ValueError."""
    clock = SystemClock()
    metadata = Metadata(os.environ.get("TFINFRA_METADATA_URL", DEFAULT_URL), settings.identity_client_id)
    who = identity(metadata.instance())
    free = is_free(settings)
    blobs = open_store(settings.store, lambda: metadata.token(BLOB), ca=settings.arm_ca)
    store = PatientStore(blobs, clock, _STORE_PATIENCE)
    return AgentContext(
        settings=settings,
        plan=from_json(Plan, json.loads((paths.bundle / "plan.json").read_text("utf-8"))),
        paths=paths,
        inherited=dict(os.environ),
        clock=clock,
        metadata=metadata,
        identity=who,
        store=store,
        heartbeats=Heartbeats(store, who.node_id, clock),
        logs=LogShipper(store, clock, free=free),
        pause=0.1 if free else 1.0,
    )


def _terminate(number: int, frame: FrameType | None) -> None:
    """Ends the agent as an exception does, so that its tasks end on the way out; a second signal changes nothing."""
    del frame
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
