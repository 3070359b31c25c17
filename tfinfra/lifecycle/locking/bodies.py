"""What a plan's program asks of ARM, as digests: the program runs on the recording engine, for a run whose letters are
zeros, whose owner has no name and whose time stands still."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tfinfra.clouds import paper_cloud
from tfinfra.compiler.deploy.write import write_deploy
from tfinfra.compiler.pipeline import Compiled
from tfinfra.lifecycle.previews.stacks import as_named, preview_engine
from tfinfra.lifecycle.provision import stack_config
from tfinfra.lifecycle.provision.first_record import first_record
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.locking.canonical import digest_of, sha256
from tfinfra.locking.document import LockedBody
from tfinfra.locking.now import Requests

LETTERS = "000000"
"""The end of the run's id in what is recorded: no run has it."""
_NOBODY = "00000000-0000-0000-0000-000000000000"
_OWNER = "owner"


def recorded_requests(compiled: Compiled) -> Requests:
    """What the first choice of the plan would ask, sorted: the engine asks for what does not depend on one another in
    any order. Raises ProvisioningError."""
    requests = [request for part in _recorded(compiled) for request in part["requests"]]
    bodies = tuple(
        LockedBody(
            one["name"], one["arm_type"], one["api_version"], digest_of({"path": one["path"], "body": one["body"]})
        )
        for one in requests
    )
    return Requests(
        tuple(sorted(bodies, key=astuple)), _custom_data(requests), _role_actions(one["arm_type"] for one in requests)
    )


def _recorded(compiled: Compiled) -> tuple[dict[str, Any], dict[str, Any]]:
    plan, target = compiled.plan, compiled.spec.target
    cloud = replace(paper_cloud(target), owner=_OWNER)
    prerequisites = as_named(plan.infrastructure.access)
    caller = {"subscription": cloud.subscription_id, "principal": _NOBODY}
    with TemporaryDirectory(prefix="tfinfra-") as scratch:
        deploy = Path(scratch, "deploy", plan.name)
        write_deploy(compiled.tree, deploy)
        options = UpOptions(Path(scratch), own_state=Path(scratch), letters=LETTERS)
        record = first_record(plan, target, options, cloud, 0.0)
        engine = preview_engine(records=True)
        try:
            keep_config = stack_config.stack_config(record, "keep", prerequisites, cloud)
            keep = engine.record(deploy, record.run, "keep", keep_config, caller)
            config = stack_config.config_without_bundle(record, keep["outputs"], prerequisites, cloud)
            return keep, engine.record(deploy, record.run, "compute", config, caller)
        finally:
            engine.close()


def _custom_data(requests: Iterable[Mapping[str, Any]]) -> str | None:
    for request in requests:
        profile = request["body"].get("properties", {}).get("virtualMachineProfile", {})
        if data := profile.get("osProfile", {}).get("customData"):
            return sha256(base64.b64decode(data))
    return None


def _role_actions(types: Iterable[str]) -> str:
    from tfinfra.azure.rights.caller_role import caller_role

    role = caller_role(tuple(dict.fromkeys(types)), _NOBODY)
    (permissions,) = role["properties"]["permissions"]
    return digest_of(sorted(permissions["actions"]))
