"""Whether a location is known not to have a run's nodes: two questions, before minutes are spent on trying it."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.azure.preflight.ask import Asker
from tfinfra.azure.preflight.capacity import quota, sku
from tfinfra.azure.preflight.finding import ArmReply, Demand, demand_of
from tfinfra.cloud import Cloud
from tfinfra.errors import CredentialsError, TfinfraError
from tfinfra.model import Infrastructure, Plan, Target


def known_shortage(cloud: Cloud, plan: Plan, target: Target, choice: Infrastructure, *, tried: bool) -> str | None:
    """Why `choice`, one of the plan's, cannot have the nodes now; None where it may, or where ARM does not say. Raises
    CredentialsError where ARM no longer takes the caller's token: nothing can be had then.

    `tried`: the run has tried another size in that location, whose machines are still counted while they are deleted.
    Then only a quota that would not suffice if all of it were free speaks against the choice.
    """
    demand = replace(demand_of(replace(plan, infrastructure=choice), target), zone=choice.zone)
    try:
        with Asker(cloud) as asker:
            usages, skus = asker.market_now((choice.location,))
    except CredentialsError:
        raise
    except TfinfraError:  # a run that cannot ask tries
        return None
    return shortage(skus[choice.location], usages[choice.location], demand, tried=tried)


def shortage(skus: ArmReply, usages: ArmReply, demand: Demand, *, tried: bool) -> str | None:
    """The first thing that ARM's answers say against the demand."""
    found = list(sku.findings(skus, demand))
    offered = sku.offer(skus, demand)
    if not found and offered is not None:
        if tried and usages.ok:
            usages = ArmReply(usages.status, {"value": [{**entry, "currentValue": 0} for entry in usages.values]})
        found = list(quota.findings(usages, offered, demand))
    return found[0].message if found else None
