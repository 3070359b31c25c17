"""Managed identities: each gets a principal that role assignments name and tokens prove."""

from __future__ import annotations

import uuid
from typing import Any

from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, ResourceProvider
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import TENANT


class UserAssignedIdentities(ResourceProvider):
    def accept(self, context: CloudContext, resource: ArmResource, before: ArmResource | None) -> ArmResource:
        made = before.internal.get("made", 0.0) if before else context.now()
        return resource.with_internal(made=made).with_properties(**principal_ids(before.properties if before else {}))


def principal_ids(before: dict[str, Any]) -> dict[str, str]:
    """The ids of a principal: those that it has already, else new ones."""
    made = {name: str(before.get(name) or uuid.uuid4()) for name in ("principalId", "clientId")}
    return {"tenantId": TENANT, **made}
