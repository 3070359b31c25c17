"""Runs a rendered program against Pulumi's mocks and turns what it registers into ARM requests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, reset_options, set_all_config, set_mocks
from pulumi.runtime.settings import get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from tests.stacks.plans import plan
from tfinfra.compiler.render import render
from tfinfra.engine.program import Program
from tfinfra.localcloud.plugin.kinds import kind_of
from tfinfra.localcloud.plugin.shapes import body_type, from_arm, to_arm
from tfinfra.model import Infrastructure

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RUN = "digits-ab12cd"
KEEP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/tfinfra-{RUN}-keep"
IDENTITY = f"{KEEP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{RUN}-nodes"
PRINCIPAL = "11111111-1111-1111-1111-111111111111"


@dataclass(frozen=True)
class Request:
    """One resource as ARM would be asked for it."""

    name: str
    arm_type: str
    api_version: str
    path: str
    body: dict[str, Any]


class _Azure(mocks.Mocks):
    def __init__(self) -> None:
        self.requests: list[Request] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.typ.startswith("azure-native:"):
            return "", dict(args.inputs)
        kind, inputs = kind_of(args.typ), {k: v for k, v in args.inputs.items() if v is not None}
        path = kind.path(inputs, SUBSCRIPTION)
        shape = body_type(kind.arm_type, kind.api_version)
        written = {kind.renamed.get(k, k): v for k, v in inputs.items() if k not in kind.address}
        body = to_arm(shape, written)
        self.requests.append(Request(args.name, kind.arm_type, kind.api_version, path, body))
        outputs = {"name": path.rsplit("/", 1)[-1], "principalId": PRINCIPAL, "clientId": PRINCIPAL}
        ends = {part: f"https://{outputs['name']}.{part}.example/" for part in ("blob", "file")}
        return path, {**from_arm(shape, body), **outputs, "primaryEndpoints": ends}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        found = {"objectId": PRINCIPAL, "principalId": PRINCIPAL, "id": IDENTITY, "name": "x", "location": "eastus"}
        return found, []


def write(infrastructure: Infrastructure, folder: Path) -> Path:
    """The deploy folder of a plan with this infrastructure."""
    for path, text in render(plan(infrastructure), "name: digits\n").items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def config(part: str, expires: str = "2126-11-30T10:00:00Z") -> dict[str, str]:
    """The configuration that the lifecycle gives a stack."""
    common = {"group": f"tfinfra-{RUN}-{part}", "run": RUN, "owner": "ada", "expiresAt": expires, "attempt": "0"}
    if part == "keep":
        return common
    timer = IDENTITY.replace("-nodes", "-timer")
    settings = {"nodeSettings": '{"run": "digits-ab12cd"}'}
    return {**common, "identityId": IDENTITY, "timerIdentityId": timer, **settings}


def record(
    infrastructure: Infrastructure, part: str, folder: Path, **more: str
) -> tuple[dict[str, Request], dict[str, Any]]:
    """({logical name: request}, the stack's outputs) of one part's program; `more` is added to its configuration."""
    azure, exported = _Azure(), {}
    register = Program(write(infrastructure, folder))

    async def run() -> None:
        # within the loop that will run the program: its root resource belongs to a loop
        reset_options(project="tfinfra", stack=f"{RUN}-{part}")
        set_root_resource(None)  # type: ignore[arg-type] # it resets what set_mocks would otherwise keep
        set_mocks(azure, project="tfinfra", stack=f"{RUN}-{part}", preview=False)
        set_all_config({f"tfinfra:{name}": value for name, value in {**config(part), **more}.items()})
        await run_pulumi_func(register)
        root = get_root_resource()
        assert isinstance(root, Stack)
        for name, output in root.outputs.items():
            exported[name] = await pulumi.Output.from_input(output).future()

    try:
        asyncio.run(run())
    finally:
        register.leave()
    return {request.name: request for request in azure.requests}, exported
