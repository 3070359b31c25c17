"""A stack's resource group: deleting it deletes the stack's resources, so each of them is `deleted_with` it."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import resources

from stacks.run import Run

# Each component is made once in a stack: its resources' names are fixed, as the physical ones are by the run.


def resource_group(run: Run) -> resources.ResourceGroup:
    """The stack's group, tagged with the run, its owner and its expiry, by which a sweep finds it."""
    return resources.ResourceGroup("group", resource_group_name=run.group, location=run.location, tags=run.tags)


def subscription_id(group: resources.ResourceGroup) -> pulumi.Output[str]:
    """The subscription that the group is in: /subscriptions/<id>/resourceGroups/<name>."""
    return group.id.apply(lambda path: path.split("/")[2])


def in_group(group: resources.ResourceGroup, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Options of a component of the stack whose group this is, under those that its maker gives."""
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=group), opts)


def within(
    group: resources.ResourceGroup, parent: pulumi.Resource, after: list[pulumi.Resource] | None = None
) -> pulumi.ResourceOptions:
    """Options of a resource that belongs to component `parent` and dies with `group`."""
    return pulumi.ResourceOptions(parent=parent, deleted_with=group, depends_on=after)
