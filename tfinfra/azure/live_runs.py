"""The runs that live in a subscription now, and the nodes that they have asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.azure.answers import failed_question, values
from tfinfra.azure.clients import COMPUTE_API, get_json
from tfinfra.azure.deletion.group_names import group_of, part_of_group
from tfinfra.azure.deletion.groups import list_runs
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError


@dataclass(frozen=True)
class LiveNodes:
    """Nodes of one scale set. `max_price` is what low-priority ones cost at most, in USD an hour and node; None where
    that is what dedicated ones cost."""

    run: str
    vm_size: str
    location: str
    count: int
    max_price: float | None = None


@dataclass(frozen=True)
class LiveRuns:
    """`runs` are those with a group for nodes, by name."""

    runs: tuple[str, ...]
    nodes: tuple[LiveNodes, ...]


def live_runs(cloud: Cloud) -> LiveRuns:
    """A run lives while it has a group for nodes: one whose outputs alone are kept does not. Raises CredentialsError,
    or ProvisioningError where ARM does not say."""
    from azure.core.exceptions import AzureError

    groups = {group.name.lower(): group.run for group in list_runs(cloud) if part_of_group(group.name) == "compute"}
    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Compute/virtualMachineScaleSets"
    try:
        sets = values(get_json(cloud, path, **{"api-version": COMPUTE_API})) if groups else []
    except AzureError as error:
        raise failed_question(error, "the nodes of live runs cannot be listed") from error
    try:
        nodes = [_nodes(one, groups[group]) for one in sets if (group := _group(one)) in groups]
    except (AttributeError, TypeError, ValueError) as error:
        raise ProvisioningError("ARM's list of scale sets has not the form that ARM gives it") from error
    return LiveRuns(tuple(sorted(set(groups.values()))), tuple(nodes))


def _group(scale_set: Mapping[str, Any]) -> str:
    return (group_of(str(scale_set.get("id"))) or "").lower()


def _nodes(scale_set: Mapping[str, Any], run: str) -> LiveNodes:
    sku, profile = scale_set.get("sku") or {}, (scale_set.get("properties") or {}).get("virtualMachineProfile") or {}
    most = float((profile.get("billingProfile") or {}).get("maxPrice") or -1)
    location = str(scale_set.get("location") or "").replace(" ", "").lower()
    is_capped = str(profile.get("priority")).lower() == "spot" and most > 0
    return LiveNodes(run, str(sku.get("name")), location, int(sku.get("capacity") or 0), most if is_capped else None)
