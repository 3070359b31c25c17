"""What the subscription may use and buy, beyond its quotas: what Azure decides, and a test decides instead.

Nothing is set by default: the local cloud sells every size of the catalog, has its images, and forbids nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tfinfra.localcloud.arm.subscription.rate_limits import Limit, limits_of
from tfinfra.localcloud.common.arm_refusal import ArmRefusal


@dataclass(frozen=True)
class SkuChange:
    """Members of a SKU's document that are other than usual; None: the SKU is not there. `location` "" is every one."""

    name: str
    changes: Mapping[str, Any] | None
    location: str = ""

    def concerns(self, name: str, location: str) -> bool:
        return name.lower() == self.name.lower() and self.location in ("", location)


@dataclass(frozen=True)
class ImageChange:
    """Properties of an image ("publisher:offer:sku:version", or the ARM id of a gallery's) that are other than usual;
    None: it is not there."""

    image: str
    changes: Mapping[str, Any] | None


@dataclass(frozen=True)
class Policy:
    """An assigned policy. With the effect "deny" it refuses resources of `type` ("" is every type) whose value at the
    dotted `path` is none of `allowed`; with `allowed` empty, those that have no value there. With "modify" it puts
    `value` there, whatever the writer sent."""

    name: str
    path: str
    type: str = ""
    allowed: tuple[str, ...] = ()
    display: str = ""
    effect: str = "deny"
    value: Any = None

    def __post_init__(self) -> None:
        if self.effect not in ("deny", "modify"):
            raise ValueError(f"a policy's effect is deny or modify, not {self.effect}")


@dataclass(frozen=True)
class SubscriptionSettings:
    """The members are those of the document that the daemon's owner puts (daemon/admin.py)."""

    skus: tuple[SkuChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    policies: tuple[Policy, ...] = ()
    registrations: Mapping[str, str] = field(default_factory=dict)
    """The states of resource providers, where not "Registered"."""
    permissions: tuple[Mapping[str, Any], ...] | None = None
    """What the owner may do, as ARM lists it; None for everything."""
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    """The states of subscriptions by id: of this one, and of further ones."""
    taken: tuple[str, ...] = ()
    """The names of storage accounts that others have."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """Other rate limits by name, each written as [size, refill, seconds]."""
    registering: float = 0.0
    """Seconds until a provider is registered."""
    deleting: float = 0.0
    """Seconds for which a group that is empty is still Deleting."""
    lists: float = 0.0
    """Seconds until lists show a change."""

    def changed(self, document: Mapping[str, Any]) -> SubscriptionSettings:
        """These settings with the members of `document` in place of its own. Raises ArmRefusal (400)."""
        unknown = set(document) - {f.name for f in fields(self)}
        if unknown:
            raise ArmRefusal(400, "InvalidRequestContent", f"the market has no {', '.join(sorted(unknown))}")
        try:
            return replace(self, **{name: _READERS[name](value) for name, value in document.items()})
        except (TypeError, ValueError, AttributeError) as error:
            raise ArmRefusal(400, "InvalidRequestContent", str(error)) from error


_READERS: dict[str, Any] = {
    "skus": lambda value: tuple(SkuChange(**entry) for entry in value),
    "images": lambda value: tuple(ImageChange(**entry) for entry in value),
    "policies": lambda value: tuple(Policy(**{**entry, "allowed": tuple(entry.get("allowed", ()))}) for entry in value),
    "registrations": dict,
    "permissions": lambda value: None if value is None else tuple(value),
    "subscriptions": dict,
    "taken": tuple,
    "limits": limits_of,
    "registering": float,
    "deleting": float,
    "lists": float,
}
