"""The timer that deletes a run's groups when their time has come, even if client and nodes are long dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import logic, managedidentity, resources

from stacks.group import in_group, subscription_id, within
from stacks.roles import may_delete
from stacks.run import ARM, Run

_SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_MINUTES = 5
_NEVER = "9999-12-31T23:59:59Z"
_ENDED = ("Succeeded", "Failed", "Skipped", "TimedOut")
"""However an action ended."""


@dataclass(frozen=True)
class TimerArgs:
    """`group` is the keep group; each of the plan's `choices` may come to have a compute group of its own, where Azure
    has no room for those before."""

    run: Run
    group: resources.ResourceGroup
    choices: int


class Timer(pulumi.ComponentResource):
    """A Logic workflow that looks at the run's groups every few minutes and deletes each whose tag says that it is past
    its time, and each, whatever its tag says, at the latest time that the run's limits give it. It looks before it
    deletes: a first run that could GET the keep group proves its right to act before any VM exists. Its identity is its
    own in every run: the nodes', or one that runs share, would let a training script delete what the timer may."""

    identity_id: pulumi.Output[str]

    def __init__(self, name: str, args: TimerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group = args.run, args.group
        super().__init__("tfinfra:keep:Timer", name, opts=in_group(group, opts))
        granted: list[pulumi.Resource] = []
        self.identity_id = self._identity(run, group, granted)
        groups = {**run.compute_groups(args.choices), "keep": run.keep_group}
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
        return definition(groups, identity, run.latest(groups), run.arm_endpoint, run.arm_audience)

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


def definition(
    groups: Mapping[str, str], identity: str, latest: Mapping[str, str], arm: str = ARM, audience: str | None = None
) -> dict[str, Any]:
    """The workflow's definition for {what: the group's name}; the group "keep" must be there when it looks.

    `latest` is the time (ISO 8601, UTC) at which each goes whatever its tag says: a tag that was changed counts from
    the next look on, and only towards an earlier time. "keep", in which the timer lies, goes when none of the others is
    there any more, and not before their latest time. `identity` is the ARM id of who signs its calls: literal, because
    Logic's designer does not find it in a parameter (Azure/LogicAppsUX#2907). `arm` is the endpoint, `audience` whom
    the token is for (None: the endpoint).
    """
    signed = {"type": "ManagedServiceIdentity", "audience": audience or f"{arm}/", "identity": identity}

    def call(method: str, group: str) -> dict[str, Any]:
        uri = f"{arm}/subscriptions/@{{parameters('subscription')}}/resourceGroups/{group}?api-version=2024-03-01"
        return {"type": "Http", "inputs": {"method": method, "uri": uri, "authentication": signed}, "runAfter": {}}

    def end(name: str, group: str, condition: list[Any], after: dict[str, list[str]]) -> dict[str, Any]:
        deletion = {**call("DELETE", group), "operationOptions": "DisableAsyncPattern"}
        return {"type": "If", "expression": {"and": condition}, "actions": {name: deletion}, "runAfter": after}

    others = [f"look_at_{what}" for what in groups if what != "keep"]
    rest = sorted({latest[what] for what in groups if what != "keep"})
    actions: dict[str, Any] = {f"look_at_{what}": call("GET", group) for what, group in groups.items()}
    for what, group in groups.items():
        look, timely, keep = f"look_at_{what}", f"delete_{what}_after_its_time", what == "keep"
        only = [_is_gone(other) for other in others] if keep else [{"not": _is_gone(look)}]
        before = {look: ["Succeeded"], **({other: list(_ENDED) for other in others} if keep else {})}
        soon = [_has_passed(_expiry(look)), *(_has_passed(f"'{time}'") for time in (rest if keep else ()))]
        actions[timely] = end(f"delete_{what}", group, [*soon, *only], before)
        # a text that is no time fails the condition above, and nothing but that one: this one reads no tag. A look that
        # finds no group fails no run, as the others come later and go earlier than "keep"
        after = {look: ["Succeeded"], timely: ["Succeeded", "Failed", "TimedOut"]} if keep else {timely: list(_ENDED)}
        condition = [_has_passed(f"'{latest[what]}'"), *only]
        actions[f"delete_{what}_at_the_latest"] = end(f"delete_{what}_now", group, condition, after)
    return {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"subscription": {"type": "String"}},
        "triggers": {
            "clock": {"type": "Recurrence", "recurrence": {"frequency": "Minute", "interval": _MINUTES}},
        },
        "actions": actions,
    }


def _has_passed(time: str) -> dict[str, Any]:
    return {"greater": ["@ticks(utcNow())", f"@ticks({time})"]}


def _expiry(look: str) -> str:
    """The time in the tag of the group that `look` found; far away where it found none, or one without the tag."""
    return f"coalesce(body('{look}')?['tags']?['tfinfra-expires-at'], '{_NEVER}')"


def _is_gone(look: str) -> dict[str, Any]:
    """Whether a group is not there, as far as this identity can see: its right to a group is on that group and dies
    with it, so ARM says 403 then, as it does of a group that was never made. No answer, 429 and 5xx say nothing."""
    status = f"@outputs('{look}')?['statusCode']"
    return {"or": [{"equals": [status, 404]}, {"equals": [status, 403]}]}
