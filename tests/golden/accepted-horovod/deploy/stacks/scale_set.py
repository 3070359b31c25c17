"""The nodes: one scale set, in the orchestration mode that their interconnect asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import compute, resources

from stacks.group import in_group, within
from stacks.network import NodesNetwork
from stacks.plan import Plan
from stacks.run import Run

ADMIN = "tfinfra"
# ARM wants a password or a key for every Linux machine; no sshd runs on these and no rule lets anyone near one. This
# key's point is the first on the curve that SHA-256 finds for a sentence (tests/stacks/test_small_parts.py), so its
# private half was never made and cannot be found: it is a credential of nobody's.
NOBODYS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFenCCXYKcZtEpIrRuSDre4P2QJm99ZMrRXPldNw//gm nobody"


@dataclass(frozen=True)
class ScaleSetArgs:
    """`group` is the compute group, `network` where the nodes are, `identity_id` theirs (an ARM id), `user_data` the
    customData in base64; they are made `after` these resources."""

    run: Run
    group: resources.ResourceGroup
    plan: Plan
    network: NodesNetwork
    identity_id: str
    user_data: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()


class ScaleSet(pulumi.ComponentResource):
    """The plan's `node_count` equal machines without public addresses, started once and never replaced or re-imaged."""

    def __init__(self, name: str, args: ScaleSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        run, group, plan = args.run, args.group, args.plan
        super().__init__("tfinfra:compute:ScaleSet", name, opts=in_group(group, opts))
        compute.VirtualMachineScaleSet(
            "scale-set",
            vm_scale_set_name=f"{run.id}-nodes",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            sku=compute.SkuArgs(name=plan.vm_size, tier="Standard", capacity=plan.node_count),
            identity=compute.VirtualMachineScaleSetIdentityArgs(
                type=compute.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
            ),
            zones=plan.zones,
            virtual_machine_profile=_profile(run, plan, args.network, args.user_data),
            proximity_placement_group=self._one_data_centre(run, group, plan),
            **_orchestration(plan),
            opts=within(group, self, list(args.after)),
        )
        self.register_outputs({})

    def _one_data_centre(self, run: Run, group: resources.ResourceGroup, plan: Plan) -> compute.SubResourceArgs | None:
        """The nodes' proximity placement group. Its intent has Azure look for a data centre that has the size at all,
        and is what a zone needs beside it (learn.microsoft.com/azure/virtual-machines/co-location)."""
        if not plan.proximity_placement:
            return None
        placement = compute.ProximityPlacementGroup(
            "placement",
            proximity_placement_group_name=f"{run.id}-placement",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            proximity_placement_group_type=compute.ProximityPlacementGroupType.STANDARD,
            intent=compute.ProximityPlacementGroupPropertiesIntentArgs(vm_sizes=[plan.vm_size]),
            zones=plan.zones,
            opts=within(group, self),
        )
        return compute.SubResourceArgs(id=placement.id)


def _orchestration(plan: Plan) -> dict[str, Any]:
    """InfiniBand exists within one placement group of a Uniform set only; all else is Flexible with one fault domain.

    Uniform's defaults would start more machines than asked for and re-image those that run
    (learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-orchestration-modes).
    """
    if plan.orchestration_mode == "Uniform":
        return {
            "orchestration_mode": compute.OrchestrationMode.UNIFORM,
            "single_placement_group": True,
            "overprovision": False,
            "upgrade_policy": compute.UpgradePolicyArgs(mode=compute.UpgradeMode.MANUAL),
        }
    return {"orchestration_mode": compute.OrchestrationMode.FLEXIBLE, "platform_fault_domain_count": 1}


def _profile(
    run: Run, plan: Plan, net: NodesNetwork, user_data: pulumi.Input[str]
) -> compute.VirtualMachineScaleSetVMProfileArgs:
    """No terminate notification: spot machines cannot have one, and any other would hold up its deletion by 5 to 15
    minutes (learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-terminate-notification).
    The metadata endpoint tells an eviction to a node that asks, without any setting here."""
    return compute.VirtualMachineScaleSetVMProfileArgs(
        **_priority(plan),
        capacity_reservation=_reservation(plan),
        os_profile=_os(run, user_data),
        storage_profile=_disk(plan),
        network_profile=_nics(plan, net),
        security_profile=_security(plan),
        diagnostics_profile=compute.DiagnosticsProfileArgs(
            boot_diagnostics=compute.BootDiagnosticsArgs(enabled=True)  # without a URI: kept by Azure, no key needed
        ),
    )


def _priority(plan: Plan) -> dict[str, Any]:
    """A spot machine that was taken back is deleted: the default keeps its disk, and bills it
    (learn.microsoft.com/azure/virtual-machine-scale-sets/use-spot)."""
    if plan.spot is None:
        return {"priority": compute.VirtualMachinePriorityTypes.REGULAR}
    return {
        "priority": compute.VirtualMachinePriorityTypes.SPOT,
        "eviction_policy": compute.VirtualMachineEvictionPolicyTypes.DELETE,
        "billing_profile": compute.BillingProfileArgs(max_price=plan.spot.max_price),
    }


def _reservation(plan: Plan) -> compute.CapacityReservationProfileArgs | None:
    if plan.capacity_reservation_id is None:
        return None
    group = compute.SubResourceArgs(id=plan.capacity_reservation_id)
    return compute.CapacityReservationProfileArgs(capacity_reservation_group=group)


def _os(run: Run, user_data: pulumi.Input[str]) -> compute.VirtualMachineScaleSetOSProfileArgs:
    key = compute.SshPublicKeyArgs(path=f"/home/{ADMIN}/.ssh/authorized_keys", key_data=NOBODYS_KEY)
    return compute.VirtualMachineScaleSetOSProfileArgs(
        computer_name_prefix=f"{run.id}-",
        admin_username=ADMIN,
        custom_data=user_data,
        linux_configuration=compute.LinuxConfigurationArgs(
            disable_password_authentication=True, ssh=compute.SshConfigurationArgs(public_keys=[key])
        ),
    )


def _disk(plan: Plan) -> compute.VirtualMachineScaleSetStorageProfileArgs:
    """An ephemeral disk's place is said aloud: by default it is the cache, which may be smaller than the temporary disk
    (learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks). Its kind is not said: it is no managed disk, and
    Premium is refused there (kubernetes-sigs/cluster-api-provider-azure#777)."""
    image, local = plan.image, compute.DiffDiskOptions.LOCAL
    temporary = compute.DiffDiskSettingsArgs(option=local, placement=compute.DiffDiskPlacement.RESOURCE_DISK)
    premium = compute.VirtualMachineScaleSetManagedDiskParametersArgs(
        storage_account_type=compute.StorageAccountTypes.PREMIUM_LRS
    )
    return compute.VirtualMachineScaleSetStorageProfileArgs(
        image_reference=compute.ImageReferenceArgs(
            publisher=image.publisher, offer=image.offer, sku=image.sku, version=image.version, id=image.id
        ),
        os_disk=compute.VirtualMachineScaleSetOSDiskArgs(
            create_option=compute.DiskCreateOptionTypes.FROM_IMAGE,
            caching=compute.CachingTypes.READ_ONLY,
            diff_disk_settings=temporary if plan.ephemeral_os_disk else None,
            disk_size_gb=plan.os_disk_gb,
            managed_disk=None if plan.ephemeral_os_disk else premium,
            delete_option=_flexible(plan, compute.DiskDeleteOptionTypes.DELETE),
        ),
    )


def _nics(plan: Plan, net: NodesNetwork) -> compute.VirtualMachineScaleSetNetworkProfileArgs:
    members = [compute.SubResourceArgs(id=net.nodes_group_id)] if net.nodes_group_id is not None else None
    address = compute.VirtualMachineScaleSetIPConfigurationArgs(
        name="ip0",
        primary=True,
        subnet=compute.ApiEntityReferenceArgs(id=net.subnet_id),
        application_security_groups=members,
    )
    nic = compute.VirtualMachineScaleSetNetworkConfigurationArgs(
        name="nic0",
        primary=True,
        enable_accelerated_networking=plan.accelerated_networking,
        network_security_group=compute.SubResourceArgs(id=net.security_group_id),
        delete_option=_flexible(plan, compute.DeleteOptions.DELETE),
        ip_configurations=[address],
    )
    return compute.VirtualMachineScaleSetNetworkProfileArgs(
        network_api_version=_flexible(plan, compute.NetworkApiVersion.NETWORK_API_VERSION_2022_11_01),
        network_interface_configurations=[nic],
    )


def _security(plan: Plan) -> compute.SecurityProfileArgs | None:
    """Trusted Launch with its virtual TPM, where size and image are made for it; without Secure Boot, as GPU and
    InfiniBand drivers are not signed for it.

    Standard is what a set without a profile is. Its name is not sent: with this API version Azure takes "Standard" of
    subscriptions only that have registered the feature UseStandardSecurityType, and of all from 2025-11-01 on
    (learn.microsoft.com/azure/virtual-machines/trusted-launch-faq; github.com/Azure/azure-cli/issues/33280). Sizes and
    images that cannot do it are never made Trusted Launch by default.
    """
    if plan.security_type != "TrustedLaunch":
        return None
    firmware = compute.UefiSettingsArgs(secure_boot_enabled=False, v_tpm_enabled=True)
    return compute.SecurityProfileArgs(security_type=plan.security_type, uefi_settings=firmware)


def _flexible(plan: Plan, value: Any) -> Any:
    """What only Flexible sets take, and need: they leave disks and interfaces behind unless told to delete them."""
    return value if plan.orchestration_mode == "Flexible" else None
