"""Where a caller follows a long-running operation: at a path of its provider, outside every group, so that a role must
name these reads.

learn.microsoft.com/azure/azure-resource-manager/management/async-operations; the paths are those of the sessions that
Azure/azure-libraries-for-net has recorded.
"""

from __future__ import annotations

from tfinfra.localcloud.arm.operations import Operation
from tfinfra.localcloud.common import ids

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
    path = f"{subscription}/providers/{namespace}/locations/{operation.location or 'global'}"
    if namespace.lower() == "microsoft.storage":
        location = f"{path}/asyncoperations/{operation.id}?monitor=true&{version}"
        return {"Location": location, "Retry-After": "0"}
    status, results = f"{path}/operations", f"{path}/operationResults"
    if address.type.lower().startswith(_PRIVATE_DNS):
        path = f"{base}{address.group_path}/providers/{namespace}"
        status, results = f"{path}/privateDnsOperationStatuses", f"{path}/privateDnsOperationResults"
    found = {"Azure-AsyncOperation": f"{status}/{operation.id}?{version}"}
    if operation.verb == "delete":  # a write has the first alone
        found["Location"] = f"{results}/{operation.id}?{version}"
    return {**found, "Retry-After": "0"}
