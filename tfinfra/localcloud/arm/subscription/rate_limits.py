"""The rate limits of ARM and its providers, as Azure publishes them (strict/throttle.py counts)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EVERYBODY = 15  # all principals together may ask ARM so many times as often as one


@dataclass(frozen=True)
class Limit:
    """A bucket of `size` tokens, to which `refill` come back every `every` seconds."""

    name: str
    size: int
    refill: int
    every: int


@dataclass(frozen=True)
class CountedCall:
    """One request of the principal `oid`. `type_` is in lower case; `location` is the region of its resource ("" for
    none); `exists` says whether that exists already."""

    oid: str
    method: str
    path: str
    type_: str
    is_collection: bool
    location: str = ""
    exists: bool = True

    @property
    def subscription(self) -> str:
        """ "" for what belongs to the tenant."""
        parts = self.path.lower().split("/")
        return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""

    @property
    def kind(self) -> str:
        return {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(self.method, "writes")


# learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
_ARM = {
    "reads": Limit("reads", 250, 25, 1),
    "deletes": Limit("deletes", 200, 10, 1),
    "writes": Limit("writes", 200, 10, 1),
}


def arm_limit(kind: str) -> Limit:
    return _ARM[kind]


def limits_of(document: dict[str, Any]) -> dict[str, Limit]:
    """{name: [size, refill, every]}, as a test sets them. Raises TypeError or ValueError."""
    return {name: Limit(name, *map(int, values)) for name, values in document.items()}


def _minute(name: str, size: int, refill: int) -> Limit:
    return Limit(name, size, refill, 60)


# learn.microsoft.com/azure/virtual-machines/compute-throttling-limits: (subscription, resource or None)
_MACHINE_LIST = (_minute("HighCostGetVM", 900, 300), None)
_MACHINE = (_minute("LowCostGetVM", 24_000, 8_000), _minute("LowCostGetVMResource", 36, 12))
_MACHINE_PUT = (_minute("PutVM", 1_500, 500), _minute("PutVMResource", 12, 4))
_MACHINE_DELETE = (_minute("DeleteVM", 1_500, 500), _minute("DeleteVMResource", 12, 4))
_SET_LIST = (_minute("HighCostGetVMScaleSet", 1_080, 360), None)
_SET_VIEW = (_minute("HighCostGetVMScaleSet", 1_080, 360), _minute("HighCostGetVMScaleSetResource", 30, 10))
_SET = (_minute("LowCostGetVMScaleSet", 2_400, 800), _minute("LowCostGetVMScaleSetResource", 36, 12))
_SET_PUT = (_minute("PutVMScaleSet", 375, 125), _minute("PutVMScaleSetResource", 12, 4))
_SET_UPDATE = (_minute("UpdateVMScaleSet", 1_500, 500), _minute("UpdateVMScaleSetResource", 12, 4))
_SET_DELETE = (_minute("DeleteVMScaleSet", 525, 175), _minute("DeleteVMScaleSetResource", 12, 4))
_SET_MACHINES = (_minute("GetVMScaleSetVM", 6_000, 2_000), None)
_SET_MACHINE = (_minute("GetVMScaleSetVM", 6_000, 2_000), _minute("GetVMScaleSetVMResource", 36, 12))
_OPERATION = (_minute("GetOperation", 15_000, 5_000), _minute("GetOperationResource", 45, 15))
_Pair = tuple[Limit, Limit | None]
_SETS, _VMS = "microsoft.compute/virtualmachinescalesets", "microsoft.compute/virtualmachines"
# (type, kind of request, whether it is a collection)
_COMPUTE: dict[tuple[str, str, bool], _Pair] = {
    (_VMS, "reads", True): _MACHINE_LIST,
    (_VMS, "reads", False): _MACHINE,
    (_VMS, "writes", False): _MACHINE_PUT,
    (_VMS, "deletes", False): _MACHINE_DELETE,
    (f"{_VMS}/instanceview", "reads", True): _MACHINE,
    (_SETS, "reads", True): _SET_LIST,
    (_SETS, "reads", False): _SET,
    (_SETS, "deletes", False): _SET_DELETE,
    (f"{_SETS}/instanceview", "reads", True): _SET_VIEW,
    (f"{_SETS}/virtualmachines", "reads", True): _SET_MACHINES,
    (f"{_SETS}/virtualmachines", "reads", False): _SET_MACHINE,
    (f"{_SETS}/virtualmachines/instanceview", "reads", True): _SET_MACHINE,
    ("microsoft.compute/locations/operations", "reads", False): _OPERATION,
}
# The same page as ARM's, "Network throttling" and "Storage throttling".
_NETWORK_READS = Limit("NetworkReads", 10_000, 10_000, 300)
_NETWORK_WRITES = Limit("NetworkWrites", 1_000, 1_000, 300)
_PRIVATE_DNS_READS = Limit("PrivateDnsReads", 500, 500, 300)
_STORAGE = {"Read": Limit("Read", 800, 800, 300), "Write": Limit("Write", 1_200, 1_200, 3_600)}
_STORAGE_LIST = Limit("List", 100, 100, 300)


def provider_limits(namespace: str, call: CountedCall) -> Iterator[tuple[Limit, bool]]:
    """(limit, whether it is the one resource's) of each of the provider's limits that the call counts for."""
    if namespace == "microsoft.compute":
        pair = _COMPUTE.get((call.type_, call.kind, call.is_collection), ())
        if (call.type_, call.kind) == (_SETS, "writes"):
            pair = _SET_UPDATE if call.exists else _SET_PUT
        for limit, of_resource in zip(pair, (False, True), strict=False):
            if limit is not None:
                yield limit, of_resource
    elif namespace == "microsoft.network":
        reads = _PRIVATE_DNS_READS if call.type_.startswith("microsoft.network/privatedns") else _NETWORK_READS
        yield reads if call.kind == "reads" else _NETWORK_WRITES, False
    elif namespace == "microsoft.storage":
        listing = call.is_collection and call.type_ == "microsoft.storage/storageaccounts"
        yield _STORAGE_LIST if listing else _STORAGE["Read" if call.kind == "reads" else "Write"], False
