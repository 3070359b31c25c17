"""ARM ids and request paths: what a path names, in any case."""

from __future__ import annotations

from dataclasses import dataclass

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


@dataclass(frozen=True)
class Address:
    """What a request path names.

    `path` has no trailing slash. `scope` is the path before the last "providers", or the path itself for groups and
    subscriptions. `names` are a resource's own names, the outermost first; a collection has one name less than its
    type has parts.
    """

    path: str
    scope: str
    group: str | None
    type: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.path.lower()

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else ""

    @property
    def is_collection(self) -> bool:
        return len(self.names) < self.type.count("/")

    @property
    def group_path(self) -> str | None:
        """The id of the resource group that holds it."""
        return "/".join(self.path.split("/")[:5]) if self.group else None


def parse(path: str) -> Address:
    """The Address of `path`; its type is "" where the path is not ARM's."""
    path = "/" + path.strip("/")
    parts = path[1:].split("/")
    group = parts[3] if len(parts) > 3 and parts[2].lower() == "resourcegroups" else None
    marks = [i for i, part in enumerate(parts) if part.lower() == "providers"]
    if marks and len(parts) > marks[-1] + 2:
        own = parts[marks[-1] + 1 :]
        type_ = "/".join([own[0], *own[1::2]])
        return Address(path, "/" + "/".join(parts[: marks[-1]]), group, type_, tuple(own[2::2]))
    lowered = [part.lower() for part in parts]
    if lowered[0] == "subscriptions" and len(parts) <= 2:
        return Address(path, path, None, SUBSCRIPTION_TYPE, tuple(parts[1:]))
    if lowered[0] == "subscriptions" and lowered[2] == "resourcegroups" and len(parts) <= 4:
        return Address(path, path, group, GROUP_TYPE, tuple(parts[3:]))
    if lowered[0] == "subscriptions" and lowered[-1] == "resources" and len(parts) in (3, 5):
        return Address(path, "/" + "/".join(parts[:-1]), group, "Microsoft.Resources/resources", ())
    return Address(path, path, group if lowered[0] == "subscriptions" else None, "", ())


def within(scope: str, id_: str) -> bool:
    """Whether `id_` is `scope` or lies in it."""
    scope, id_ = scope.lower().rstrip("/"), id_.lower()
    return id_ == scope or id_.startswith(f"{scope}/") or scope == ""
