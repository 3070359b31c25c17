"""Runs a rendered program against Pulumi's mocks and turns what it registers into ARM requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.stacks.plans import plan
from tfinfra.arm.requests import ResourceRequest
from tfinfra.compiler.deploy.render import render
from tfinfra.engine.recording import recording
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
        "group": f"tfinfra-{RUN}-{part}",
        "run": RUN,
        "owner": "ada",
        "expiresAt": expires,
    }
    if part == "keep":
        return common
    timer = IDENTITY.replace("-nodes", "-timer")
    settings = {"nodeSettings": '{"run": "digits-ab12cd"}'}
    return {**common, "identityId": IDENTITY, "timerIdentityId": timer, **settings}


def record(
    infrastructure: Infrastructure, part: str, folder: Path, **more: str
) -> tuple[dict[str, ResourceRequest], dict[str, Any]]:
    """({logical name: request}, the stack's outputs) of one part's program; `more` is added to its configuration."""
    return run_program(write(infrastructure, folder), {**config(part), **more})


def run_program(folder: Path, configuration: dict[str, str]) -> tuple[dict[str, ResourceRequest], dict[str, Any]]:
    """The same, of the program of a deploy folder."""
    caller = recording.RecordedCaller(SUBSCRIPTION, PRINCIPAL)
    part = configuration["group"].rpartition("-")[2]
    made = recording.record(folder, RUN, part, configuration, caller)
    return {request.name: request for request in made.requests}, made.outputs
