"""The timer that deletes a run's groups when their time has come, even if client and nodes are long dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_azure_native import logic, managedidentity, resources

from stacks.group import subscription_id, within
from stacks.roles import may_delete
from stacks.run import ARM, Run

_SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_MINUTES = 5
_NEVER = "9999-12-31T23:59:59Z"


class Timer(pulumi.ComponentResource):
    """A Logic workflow that looks at the run's groups every few minutes and deletes each whose tag says that it is past
    its time. It looks before it deletes: a first run that could GET the keep group proves its right to act before any
    VM exists. `identity_id` is its own identity, or the one made by others that was given. Each of the plan's `choices`
    may come to have a group of its own, where Azure has no room for those before."""

    identity_id: pulumi.Output[str]

    def __init__(self, run: Run, group: resources.ResourceGroup, choices: int, identity_id: str | None = None) -> None:
        super().__init__("tfinfra:keep:Timer", "timer", opts=pulumi.ResourceOptions(parent=group))
        granted: list[pulumi.Resource] = []
        self.identity_id = pulumi.Output.from_input(identity_id) if identity_id else self._identity(run, group, granted)
        groups = {**run.compute_groups(choices), "keep": run.keep_group}
        logic.Workflow(
            "workflow",
            workflow_name=f"{run.id}-timer",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            state=logic.WorkflowState.ENABLED,
            identity=logic.ManagedServiceIdentityArgs(
                type=logic.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[self.identity_id]
            ),
            definition=self.identity_id.apply(lambda identity: self._definition(run, groups, identity)),
            parameters={"subscription": logic.WorkflowParameterArgs(type="String", value=subscription_id(group))},
            opts=within(group, self, granted),  # its first run comes at once
        )
        self.register_outputs({"identity_id": self.identity_id})

    def _definition(self, run: Run, groups: Mapping[str, str], identity: str) -> dict[str, Any]:
        return definition(groups, identity, run.arm_endpoint, run.arm_audience)

    def _identity(self, run: Run, group: resources.ResourceGroup, granted: list[pulumi.Resource]) -> pulumi.Output[str]:
        """An identity that is not the nodes': it may delete both groups, they may delete one."""
        identity = managedidentity.UserAssignedIdentity(
            "timer-identity",
            resource_name_=f"{run.id}-timer",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            opts=within(group, self),
        )
        granted.append(may_delete("timer-may-delete", run, group, self, identity.principal_id))
        return identity.id


def definition(groups: Mapping[str, str], identity: str, arm: str = ARM, audience: str | None = None) -> dict[str, Any]:
    """The workflow's definition for {what: the group's name}; the group "keep" must be there when it looks.

    `identity` is the ARM id of who signs its calls: literal, because Logic's designer does not find it in a parameter
    (Azure/LogicAppsUX#2907). `arm` is the endpoint, `audience` whom the token is for (None: the endpoint). A tag that
    was changed counts from the next look on: the time is in the answer to the GET, not in here.
    """
    signed = {"type": "ManagedServiceIdentity", "audience": audience or f"{arm}/", "identity": identity}

    def call(method: str, group: str) -> dict[str, Any]:
        uri = f"{arm}/subscriptions/@{{parameters('subscription')}}/resourceGroups/{group}?api-version=2024-03-01"
        return {"type": "Http", "inputs": {"method": method, "uri": uri, "authentication": signed}, "runAfter": {}}

    actions: dict[str, Any] = {}
    for what, group in groups.items():
        look = f"look_at_{what}"
        actions[look] = call("GET", group)
        actions[f"delete_{what}_after_its_time"] = {
            "type": "If",
            "expression": {"and": [{"greater": ["@ticks(utcNow())", _expiry(look)]}]},
            "actions": {f"delete_{what}": {**call("DELETE", group), "operationOptions": "DisableAsyncPattern"}},
            # a look that finds no group fails no run: the others come later and go earlier than "keep"
            "runAfter": {look: ["Succeeded"] if what == "keep" else ["Succeeded", "Failed"]},
        }
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"subscription": {"type": "String"}},
        "triggers": {
            "clock": {"type": "Recurrence", "recurrence": {"frequency": "Minute", "interval": _MINUTES}},
        },
        "actions": actions,
    }


def _expiry(look: str) -> str:
    """The time in the tag of the group that `look` found; far away where it found none, or one without the tag."""
    return f"@ticks(coalesce(body('{look}')?['tags']?['tfinfra-expires-at'], '{_NEVER}'))"
