"""What a deploy folder's program asks of ARM, without asking: the program runs against Pulumi's mocks, and each
resource that it registers becomes the request that azure-native would send."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, reset_options, set_all_config, set_mocks
from pulumi.runtime.settings import get_root_resource, set_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from tfinfra.arm.requests import ResourceRequest, request_of
from tfinfra.arm.standins import IDENTITIES, identity_ids, outputs_of
from tfinfra.engine.recording.program import Program

_PROJECT = "tfinfra"


@dataclass(frozen=True)
class RecordedCaller:
    """Who would ask: `principal` is an object id."""

    subscription: str
    principal: str


@dataclass(frozen=True)
class Recording:
    """The requests of one part in the order of registration, and what its stack exports."""

    requests: tuple[ResourceRequest, ...]
    outputs: dict[str, Any]


class _Azure(mocks.Mocks):
    def __init__(self, caller: RecordedCaller) -> None:
        self.requests: list[ResourceRequest] = []
        self._caller = caller

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        if not args.typ.startswith("azure-native:"):
            return "", dict(args.inputs)
        request = request_of(args.name, args.typ, args.inputs, self._caller.subscription)
        self.requests.append(request)
        return request.path, outputs_of(request)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """The caller's own configuration, or an identity by its names."""
        caller, given = self._caller, {key: str(value) for key, value in args.args.items()}
        if "resourceName" not in given:
            return {"objectId": caller.principal, "subscriptionId": caller.subscription}, []
        group, name = given["resourceGroupName"], given["resourceName"]
        path = f"/subscriptions/{caller.subscription}/resourceGroups/{group}/providers/{IDENTITIES}/{name}"
        return {"id": path, "name": name, "location": "eastus", **identity_ids(path)}, []


def record(folder: Path, run: str, part: str, config: Mapping[str, str], caller: RecordedCaller) -> Recording:
    """Runs one part ("keep" or "compute") of the program in `folder` under `config` (namespace tfinfra).

    Pulumi's state of this process is another one afterwards: run it in a process or a test of its own.
    """
    azure, exported, stack = _Azure(caller), {}, f"{run}-{part}"
    program = Program(folder)

    async def once() -> None:
        # within the loop that will run the program: its root resource belongs to a loop
        reset_options(project=_PROJECT, stack=stack)
        set_root_resource(None)  # type: ignore[arg-type] # it resets what set_mocks would otherwise keep
        set_mocks(azure, project=_PROJECT, stack=stack, preview=False)
        set_all_config({f"{_PROJECT}:{name}": value for name, value in config.items()})
        await run_pulumi_func(program)
        root = get_root_resource()
        if isinstance(root, Stack):
            for name, output in root.outputs.items():
                exported[name] = await pulumi.Output.from_input(output).future()

    try:
        asyncio.run(once())
    finally:
        program.leave()
    return Recording(tuple(azure.requests), exported)
