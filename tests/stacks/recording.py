"""Runs a rendered program against Pulumi's mocks and turns what it registers into ARM requests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.stacks.plans import plan
from tfinfra.arm.requests import ResourceRequest
from tfinfra.compiler.deploy.render import render
from tfinfra.engine.recording import recording
from tfinfra.lifecycle.record.names import compute_part, group_name
from tfinfra.model import Infrastructure

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RUN = "digits-ab12cd"
KEEP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tfinfra-{RUN}-keep"
IDENTITY = f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{RUN}-nodes"
PRINCIPAL = "11111111-1111-1111-1111-111111111111"


def write(infrastructure: Infrastructure, folder: Path, alternatives: tuple[Infrastructure, ...] = ()) -> Path:
    """The deploy folder of a plan with this infrastructure."""
    made = replace(plan(infrastructure), alternatives=alternatives)
    for path, text in render(made, "name: digits\n").items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def config(part: str, expires: str = "2126-11-30T10:00:00Z", deadline: str = "2126-11-30T10:00:00Z") -> dict[str, str]:
    """The configuration that the lifecycle gives a stack."""
    common = {
        "deadline": deadline,
        "run": RUN,
        "owner": "ada",
        "expiresAt": expires,
    }
    if part == "keep":
        return common
    timer = IDENTITY.replace("-nodes", "-timer")
    return {**common, "identityId": IDENTITY, "timerIdentityId": timer, "nodeSettings": json.dumps(node_settings())}


def node_settings(choice: int = 0) -> dict[str, Any]:
    """What the nodes' settings.json must hold at least."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group_name(RUN, compute_part(choice))}"
    return {
        "run": RUN,
        "store": "https://account.blob.core.windows.net/run",
        "bundle": "bundle.tar.gz",
        "bundle_sha256": "0" * 64,
        "identity_client_id": "11111111-1111-1111-1111-111111111111",
        "arm_endpoint": "https://management.azure.com",
        "compute_group_id": group,
        "deadline": "2126-11-30T10:00:00Z",
        "timeouts": {},
    }


def record(
    infrastructure: Infrastructure, part: str, folder: Path, **more: str
) -> tuple[dict[str, ResourceRequest], dict[str, Any]]:
    """({logical name: request}, the stack's outputs) of one part's program; `more` is added to its configuration."""
    return run_program(write(infrastructure, folder), {**config(part), **more})


def run_program(
    folder: Path, configuration: dict[str, str], part: str = ""
) -> tuple[dict[str, ResourceRequest], dict[str, Any]]:
    """The same, of the program of a deploy folder; without a `part` it is the one that the configuration is for."""
    caller = recording.RecordedCaller(SUBSCRIPTION, PRINCIPAL)
    part = part or ("compute" if "nodeSettings" in configuration else "keep")
    made = recording.record(folder, RUN, part, configuration, caller)
    return {request.name: request for request in made.requests}, made.outputs
