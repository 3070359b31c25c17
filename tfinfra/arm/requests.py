"""What ARM is asked for a resource: the write that azure-native makes of a program's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tfinfra.arm.body_shapes import body_type, to_arm
from tfinfra.arm.error_bodies import read_error, says_gone
from tfinfra.arm.kinds import Kind, UnknownKind, kind_of

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of what Pulumi's state holds in place of a plain value: a secret, an asset
(github.com/pulumi/pulumi, sdk/go/common/resource/sig)."""


@dataclass(frozen=True)
class ResourceRequest:
    """One resource as ARM is asked for it: `body` is PUT to `path` (an ARM id). `name` is the program's own of it."""

    name: str
    arm_type: str
    api_version: str
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class ArmAnswer:
    """What ARM answered to a GET: its status, 0 where no answer came, and its document."""

    status: int
    document: Any

    @property
    def is_document(self) -> bool:
        return self.status == HTTPStatus.OK and isinstance(self.document, Mapping)

    @property
    def values(self) -> list[Mapping[str, Any]]:
        """The members of a list, [] where it was not given."""
        found = self.document.get("value") if self.is_document else None
        return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []

    @property
    def is_gone(self) -> bool:
        """Whether ARM itself says that there is no such thing."""
        return says_gone(self.status, read_error(self.document))

    @property
    def words(self) -> str:
        """Why there is no document, on one line."""
        said = read_error(self.document)
        text = said.decisive.words if said else ""
        return " ".join(text.split()) or f"HTTP status {self.status}"


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


def requests_in(state: Any) -> Iterator[ResourceRequest]:
    """The requests that made a stack, by its exported state ({"version", "deployment"}): what azure-native was given,
    and the id that ARM gave back. Secrets are left out, and what is no resource of a stack of ours."""
    deployment = state.get("deployment") if isinstance(state, Mapping) else None
    resources = deployment.get("resources") if isinstance(deployment, Mapping) else None
    for resource in resources if isinstance(resources, list) else ():
        token, id_ = str(resource.get("type")), resource.get("id")
        if not token.startswith("azure-native:") or not id_ or resource.get("external"):
            continue
        try:
            kind = kind_of(token)
        except (UnknownKind, ValueError):
            continue
        body = arm_body(kind, _plain(resource.get("inputs") or {}))
        yield ResourceRequest(resource["urn"].rpartition("::")[2], kind.arm_type, kind.api_version, str(id_), body)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if not _is_wrapped(inner)}
    return [_plain(inner) for inner in value if not _is_wrapped(inner)] if isinstance(value, list) else value


def _is_wrapped(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and _SIGNATURE in value)
