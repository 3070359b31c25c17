"""The end of a group's deletion that failed: the one answer of ARM whose keys begin with capitals (sessions recorded in
Azure/azure-libraries-for-net; MicrosoftDocs/azure-docs#52282)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource

CODE = "ResourceGroupDeletionBlocked"


def blocked(target: ArmResource, failed: Sequence[tuple[ArmResource, ArmRefusal]]) -> ArmRefusal:
    """The error of the deletion of `target`, where some of what lies in it could not be deleted; of a single resource,
    its own error."""
    if target.type != ids.GROUP_TYPE:
        return failed[0][1]
    names = ",".join(f"{r.type}/{'/'.join(r.address.names)}" for r, _ in failed)
    message = (
        f"Deletion of resource group '{target.name}' failed as resources with identifiers '{names}' could not be "
        "deleted. The provisioning state of the resource group will be rolled back. The tracking Id is "
        f"'{uuid.uuid4()}'. Please check audit logs for more details."
    )
    details = [{"Code": None, "Target": r.id, "Message": json.dumps(error.document())} for r, error in failed]
    return ArmRefusal(409, CODE, message, more={"details": details})


def document(error: dict[str, Any]) -> dict[str, Any]:
    """The body at the operation's Location."""
    absent = {"Details": None, "AdditionalInfo": None}
    details = [{**inner, **absent} for inner in error.get("details", ())]
    head = {"Code": error["code"], "Target": None, "Message": error["message"]}
    return {"Error": {**head, "Details": details, "AdditionalInfo": None}}
