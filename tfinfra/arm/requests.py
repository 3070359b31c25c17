"""What ARM is asked for a resource: the write that azure-native makes of a program's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.arm.body_shapes import body_type, to_arm
from tfinfra.arm.kinds import Kind, kind_of


@dataclass(frozen=True)
class ResourceRequest:
    """One resource as ARM is asked for it: `body` is PUT to `path` (an ARM id). `name` is the program's own of it."""

    name: str
    arm_type: str
    api_version: str
    path: str
    body: dict[str, Any]


def request_of(name: str, token: str, inputs: Mapping[str, Any], subscription: str) -> ResourceRequest:
    """The request for a resource of azure-native's `token` with these inputs.

    Raises UnknownKind for a type that no stack has, KeyError for an input that the path needs and does not get.
    """
    kind = kind_of(token)
    given = {key: value for key, value in inputs.items() if value is not None}
    return ResourceRequest(name, kind.arm_type, kind.api_version, kind.path(given, subscription), arm_body(kind, given))


def arm_body(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The ARM body of azure-native inputs; what only says where the resource is goes into the path."""
    written = {kind.renamed.get(name, name): value for name, value in inputs.items() if name not in kind.address}
    return dict(to_arm(body_type(kind.arm_type, kind.api_version), written))
