"""What an ARM id names.

The local cloud, on the other side of the wire, reads request paths by itself (localcloud/common/ids.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROVIDERS = re.compile("/providers/", re.IGNORECASE)


@dataclass(frozen=True)
class ResourceId:
    """A resource by its type ("Microsoft.Network/virtualNetworks/subnets") and its names ("vnet/nodes"), spelt as its
    id spells them, and what it lies in or extends: the id of a group, a subscription or another resource."""

    scope: str
    type: str
    name: str


def parse_resource_id(id_: str) -> ResourceId:
    """What `id_` names. The resource itself comes after the last "/providers/": a role assignment, and not the account
    that it is for (learn.microsoft.com/azure/azure-resource-manager/management/extension-resource-types). An id without
    a provider (a group's, "") is all scope, with no type and no name."""
    marks = list(_PROVIDERS.finditer(id_))
    if not marks:
        return ResourceId(id_, "", "")
    namespace, *rest = id_[marks[-1].end() :].split("/")
    return ResourceId(id_[: marks[-1].start()], "/".join([namespace, *rest[::2]]), "/".join(rest[1::2]))
