"""Whether a place is known not to have a run's nodes: two questions, before minutes are spent on trying it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfinfra.azure.preflight import quota, sku
from tfinfra.azure.preflight.ask import Asker
from tfinfra.azure.preflight.finding import ArmReply, Demand, demand_of
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, TfinfraError
from tfinfra.model import Infrastructure, Plan, Target


def known_lack(cloud: Cloud, plan: Plan, target: Target, place: Infrastructure, *, tried: bool) -> str | None:
    """Why `place`, one of the plan's choices, cannot have the nodes now; None where it may, or where ARM does not say.
    Raises CredentialsError where ARM no longer takes the caller's token: no place can be had then.

    `tried`: the run has tried another size there, whose machines are still counted while they are deleted. Then only a
    quota that would not suffice if all of it were free speaks against the place.
    """
    demand = replace(demand_of(replace(plan, infrastructure=place), target), zone=place.zone)
    try:
        with Asker(cloud) as asker:
            usages, skus = asker.market_now((place.location,))
    except CredentialsError:
        raise
    except TfinfraError:  # who cannot ask tries
        return None
    return lack(skus[place.location], usages[place.location], demand, tried=tried)


def lack(skus: ArmReply, usages: ArmReply, demand: Demand, *, tried: bool) -> str | None:
    """The first thing that ARM's answers say against the demand."""
    found = list(sku.findings(skus, demand))
    offered = sku.offer(skus, demand)
    if not found and offered is not None:
        found = list(quota.findings(_all_free(usages) if tried else usages, offered, demand))
    return found[0].message if found else None


def _all_free(usages: ArmReply) -> ArmReply:
    entries: list[Mapping[str, Any]] = usages.values
    return (
        ArmReply(usages.status, {"value": [{**entry, "currentValue": 0} for entry in entries]}) if usages.ok else usages
    )
