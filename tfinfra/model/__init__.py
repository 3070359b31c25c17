"""The frozen values that flow between passes, and from the client to the nodes.

Manifest (in manifest/) → Spec → Plan on the client; Plan + Inventory → tasks on the nodes. Everything here is plain
data: JSON goes in and out through `to_json` and `from_json`, and nothing touches a file, a clock or the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfinfra.model.codec import MOST, Unfit, decode, from_json, parse, to_json
from tfinfra.model.infrastructure import Access, Image, Infrastructure, Spot
from tfinfra.model.plan import Plan, Pool, PriceLine, Task, UsageRate, trial_plan
from tfinfra.model.shapes import SCHEMA
from tfinfra.model.spec import PYPI, Input, Limits, MetricsWanted, PackageSources, Requirements, Spec, Target

if TYPE_CHECKING:
    from tfinfra.model.node_evidence import (
        AFTER,
        BEFORE,
        CHECKS,
        EVIDENCE_VERSION,
        SIDE_BY_SIDE,
        Attestation,
        InstalledTree,
        Locked,
        NodeCheck,
        NodeEnvironment,
        NodeEvidence,
        NodeGpu,
        NodeMachine,
        TaskEvidence,
    )
    from tfinfra.model.nodes import (
        Beat,
        BootFault,
        CollectedMark,
        CollectingMark,
        DataSource,
        DataSources,
        Forwarded,
        Heartbeat,
        Inventory,
        LauncherAnswer,
        LauncherRequest,
        LeftFiles,
        LeftPlace,
        Mirrored,
        NodeRegistration,
        NodeSettings,
        Outcome,
        Resumed,
        StopRequest,
        TaskStatus,
        Timeouts,
        WheelClaim,
        WheelFailure,
        WheelRecord,
    )
    from tfinfra.model.points import Logged, Point, Remark, RemarkKind

__all__ = [
    "AFTER",
    "BEFORE",
    "CHECKS",
    "EVIDENCE_VERSION",
    "MOST",
    "PYPI",
    "SCHEMA",
    "SIDE_BY_SIDE",
    "Access",
    "Attestation",
    "Beat",
    "BootFault",
    "CollectedMark",
    "CollectingMark",
    "DataSource",
    "DataSources",
    "Forwarded",
    "Heartbeat",
    "Image",
    "Infrastructure",
    "Input",
    "InstalledTree",
    "Inventory",
    "LauncherAnswer",
    "LauncherRequest",
    "LeftFiles",
    "LeftPlace",
    "Limits",
    "Locked",
    "Logged",
    "MetricsWanted",
    "Mirrored",
    "NodeCheck",
    "NodeEnvironment",
    "NodeEvidence",
    "NodeGpu",
    "NodeMachine",
    "NodeRegistration",
    "NodeSettings",
    "Outcome",
    "PackageSources",
    "Plan",
    "Point",
    "Pool",
    "PriceLine",
    "Remark",
    "RemarkKind",
    "Requirements",
    "Resumed",
    "Spec",
    "Spot",
    "StopRequest",
    "Target",
    "Task",
    "TaskEvidence",
    "TaskStatus",
    "Timeouts",
    "Unfit",
    "UsageRate",
    "WheelClaim",
    "WheelFailure",
    "WheelRecord",
    "decode",
    "from_json",
    "parse",
    "to_json",
    "trial_plan",
]

if not TYPE_CHECKING:  # unseen by a type checker, which would take every name for one that is there

    def __getattr__(name):
        """What client and nodes tell each other is loaded on first use: a compiler needs none of it."""
        if name not in __all__:
            raise AttributeError(f"module 'tfinfra.model' has no attribute '{name}'")
        from tfinfra.model import node_evidence, nodes, points

        return next(getattr(room, name) for room in (nodes, node_evidence, points) if hasattr(room, name))
