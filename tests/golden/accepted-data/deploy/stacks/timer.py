"""The timer that deletes a run's groups when their time has come, even if client and nodes are long dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_azure_native import logic, resources

from stacks.group import subscription_id, within
from stacks.identity import NodeIdentity
from stacks.run import Run, earlier

_ARM = "https://management.azure.com"
_SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_MINUTES = 5


class Timer(pulumi.ComponentResource):
    """A Logic workflow that looks at the run's groups every few minutes and deletes each that is past its time.

    It looks before it asks for the time: a first run that could GET proves its right to act before any VM exists.
    The keep group expires `keep_outputs` seconds after the compute group.
    """

    def __init__(self, run: Run, group: resources.ResourceGroup, identity: NodeIdentity, keep_outputs: int) -> None:
        super().__init__("tfinfra:keep:Timer", "timer", opts=pulumi.ResourceOptions(parent=group))
        expiries = {run.compute_group: earlier(run.expires_at, keep_outputs), run.keep_group: run.expires_at}
        logic.Workflow(
            "workflow",
            workflow_name=f"{run.id}-timer",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            state=logic.WorkflowState.ENABLED,
            identity=logic.ManagedServiceIdentityArgs(
                type=logic.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
            ),
            definition=definition(expiries),
            parameters={
                "subscription": logic.WorkflowParameterArgs(type="String", value=subscription_id(group)),
                "identity": logic.WorkflowParameterArgs(type="String", value=identity.id),
            },
            opts=within(group, self),
        )
        self.register_outputs({})


def definition(expiries: Mapping[str, str]) -> dict[str, Any]:
    """The workflow's definition for {group's name: ISO 8601 time after which it goes}."""
    actions: dict[str, Any] = {}
    for group, expires_at in expiries.items():
        kind = group.rsplit("-", 1)[-1]
        actions[f"look_at_{kind}"] = _request("GET", group)
        actions[f"delete_{kind}_after_its_time"] = _if_past(
            expires_at, f"look_at_{kind}", _request("DELETE", group), absent_is_fine=kind == "compute"
        )
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"subscription": {"type": "String"}, "identity": {"type": "String"}},
        "triggers": {
            "clock": {"type": "Recurrence", "recurrence": {"frequency": "Minute", "interval": _MINUTES}},
        },
        "actions": actions,
    }


def _request(method: str, group: str) -> dict[str, Any]:
    path = f"{_ARM}/subscriptions/@{{parameters('subscription')}}/resourceGroups/{group}?api-version=2024-03-01"
    signed = {
        "type": "ManagedServiceIdentity",
        "audience": f"{_ARM}/",
        "identity": "@parameters('identity')",
    }
    return {"type": "Http", "inputs": {"method": method, "uri": path, "authentication": signed}, "runAfter": {}}


def _if_past(moment: str, after: str, then: dict[str, Any], *, absent_is_fine: bool) -> dict[str, Any]:
    """`absent_is_fine`: a look that finds no group fails no run, as the compute group comes later and goes earlier."""
    return {
        "type": "If",
        "expression": {"and": [{"greater": ["@ticks(utcNow())", f"@ticks('{moment}')"]}]},
        "actions": {f"{after.replace('look_at', 'delete')}": then},
        "runAfter": {after: ["Succeeded", "Failed"] if absent_is_fine else ["Succeeded"]},
    }
