"""vCPUs and machines: what the plan needs against what is left, by family, by region and for spot.

A usage is named after the SKU's own family; spot machines count against one number for all families
(learn.microsoft.com/azure/virtual-machines/quotas, Microsoft.Compute/locations/usages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfinfra.azure.preflight.capacity.sku import Offer
from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding

REGION, SPOT = "cores", "lowPriorityCores"
MORE = "ask for more: learn.microsoft.com/azure/quotas/per-vm-quota-requests"


@dataclass(frozen=True)
class Need:
    """`amount` of the usage `name`; `what` says it in a sentence."""

    code: str
    key: str
    name: str
    amount: int
    what: str


@dataclass(frozen=True)
class Usage:
    limit: int
    used: int
    label: str

    @property
    def free(self) -> int:
        return max(0, self.limit - self.used)


def needs(offered: Offer, demand: Demand) -> tuple[Need, ...]:
    """What the demand takes of each usage."""
    cores, where = offered.cores * demand.node_count, demand.location
    machines = Need("TFI604", "node_count", "virtualMachines", demand.node_count, f"machines in {where}")
    sets = Need("TFI604", "location", "virtualMachineScaleSets", 1, f"scale set in {where}")
    if demand.spot:
        return Need("TFI603", "vm_priority", SPOT, cores, f"spot vCPUs in {where}"), machines, sets
    family = Need("TFI601", "vm_size", offered.family, cores, f"vCPUs of family {{family}} in {where}")
    region = Need("TFI602", "location", REGION, cores, f"vCPUs in {where}, of all families together")
    return family, region, machines, sets


def usages(reply: ArmReply) -> Mapping[str, Usage]:
    """The usages of a location by their plain name."""
    found: dict[str, Usage] = {}
    for entry in reply.values:
        names, limit = entry.get("name") or {}, entry.get("limit")
        if (name := str(names.get("value") or "")) and limit is not None:
            label = str(names.get("localizedValue") or name)
            found[_plain(name)] = Usage(int(limit), int(entry.get("currentValue") or 0), label)
    return found


def _plain(name: str) -> str:
    """SKUs and usages do not agree on case and spaces ("Standard NCASv3_T4 Family", "standardNCASv3_T4Family")."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def findings(reply: ArmReply, offered: Offer, demand: Demand) -> Iterator[Finding]:
    """The needs that do not fit into what is left. A family that ARM does not list has no quota."""
    known = usages(reply)
    if not reply.ok:
        return
    for need in needs(offered, demand):
        usage = known.get(_plain(need.name))
        if usage is None and need.code == "TFI601":
            usage = Usage(0, 0, need.name)
        if usage is not None and need.amount > usage.free:
            missing = f"{need.amount - usage.free:,} are missing"
            yield Finding(need.code, need.key, _sentence(need, usage), f"{missing}; {MORE}")


def _sentence(need: Need, usage: Usage) -> str:
    what = need.what.format(family=family_label(usage.label))
    return f"needs {need.amount:,} {what}, {usage.free:,} of {usage.limit:,} are free"


def family_label(label: str) -> str:
    """ "Standard NCADS_A100_v4 Family vCPUs" → "NCADS_A100_v4"."""
    return re.sub(r"^standard ?| ?family( v?cpus| cores)?$", "", label, flags=re.IGNORECASE) or label


def free(reply: ArmReply, offered: Offer, demand: Demand) -> int | None:
    """The vCPUs that are left of the scarcest of the needs, None where that is not known."""
    known, cores = usages(reply), [n for n in needs(offered, demand) if "vCPU" in n.what]
    found = [known[_plain(n.name)].free for n in cores if _plain(n.name) in known]
    return min(found) if found else None


def summary(reply: ArmReply, offered: Offer, demand: Demand) -> str:
    """One line for a person."""
    known, first = usages(reply), needs(offered, demand)[0]
    usage = known.get(_plain(first.name))
    return _sentence(first, usage) if usage else "not known"
