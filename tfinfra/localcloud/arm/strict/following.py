"""Where a caller looks how a long-running operation stands: at its provider's own place, outside every group, so that
a role must name these reads.

learn.microsoft.com/azure/azure-resource-manager/management/async-operations; the paths are those of the sessions that
Azure/azure-libraries-for-net has recorded.
"""

from __future__ import annotations

from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.operations import Operation

_VERSIONS = {
    "microsoft.compute": "2024-11-01",
    "microsoft.network": "2024-05-01",
    "microsoft.storage": "2024-01-01",
}
_PRIVATE_DNS = "microsoft.network/privatednszones"


def is_announced(type_: str) -> bool:
    """Whether ARM follows every write of the type by an operation, however fast it is."""
    type_ = type_.lower()
    if type_.startswith(f"{_PRIVATE_DNS}/"):
        return type_.endswith("/virtualnetworklinks")  # records are written at once
    return type_.startswith("microsoft.network/") or type_ == "microsoft.storage/storageaccounts"


def accepts_only(type_: str) -> bool:
    """Whether a new resource is answered by 202, without a body or with one that is not final."""
    return type_.lower() in ("microsoft.storage/storageaccounts", _PRIVATE_DNS, f"{_PRIVATE_DNS}/virtualnetworklinks")


def headers(base: str, operation: Operation) -> dict[str, str]:
    """The headers that lead to the operation; `base` is https://<host>."""
    address = ids.parse(operation.resource)
    subscription = f"{base}/subscriptions/{address.path.split('/')[2]}"
    namespace = address.type.partition("/")[0]
    version = f"api-version={_VERSIONS.get(namespace.lower(), '2024-03-01')}"
    if address.type == ids.GROUP_TYPE:
        return {"Location": f"{subscription}/operationresults/{operation.id}?{version}", "Retry-After": "0"}
    place = f"{subscription}/providers/{namespace}/locations/{operation.location or 'global'}"
    if namespace.lower() == "microsoft.storage":
        found = {"Location": f"{place}/asyncoperations/{operation.id}?monitor=true&{version}"}
    elif address.type.lower().startswith(_PRIVATE_DNS):
        place = f"{base}{address.group_path}/providers/{namespace}"
        found = _both(f"{place}/privateDnsOperationStatuses", f"{place}/privateDnsOperationResults", operation, version)
    else:
        found = _both(f"{place}/operations", f"{place}/operationResults", operation, version)
    return {**found, "Retry-After": "0"}


def _both(status: str, results: str, operation: Operation, version: str) -> dict[str, str]:
    """A deletion is told at both places, a write at the first."""
    found = {"Azure-AsyncOperation": f"{status}/{operation.id}?{version}"}
    return {**found, "Location": f"{results}/{operation.id}?{version}"} if operation.verb == "delete" else found
