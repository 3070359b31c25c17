"""The nodes: one scale set, in the orchestration mode that their interconnect asks for."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_azure_native import compute, resources

from stacks.group import within
from stacks.network import Network
from stacks.plan import Plan
from stacks.run import Run

ADMIN = "tfinfra"
# ARM wants a password or a key for every Linux machine; no sshd runs on these and no rule lets anyone near one. This
# key's point is the first on the curve that SHA-256 finds for a sentence (tests/stacks/test_admin_key.py), so its
# private half was never made and cannot be found: it is a credential of nobody's.
NOBODYS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFenCCXYKcZtEpIrRuSDre4P2QJm99ZMrRXPldNw//gm nobody"


class ScaleSet(pulumi.ComponentResource):
    """`node_count` equal machines without public addresses, started once and never replaced or re-imaged.

    `user_data` is the customData in base64. `id` is the scale set's ARM id.
    """

    id: pulumi.Output[str]

    def __init__(
        self,
        run: Run,
        group: resources.ResourceGroup,
        plan: Plan,
        net: Network,
        *,
        identity_id: str,
        user_data: str,
        after: list[pulumi.Resource] | None = None,
    ) -> None:
        super().__init__("tfinfra:compute:ScaleSet", "nodes", opts=pulumi.ResourceOptions(parent=group))
        machines = compute.VirtualMachineScaleSet(
            "scale-set",
            vm_scale_set_name=f"{run.id}-nodes",
            resource_group_name=group.name,
            location=run.location,
            tags=run.tags,
            sku=compute.SkuArgs(name=plan.vm_size, tier="Standard", capacity=plan.node_count),
            identity=compute.VirtualMachineScaleSetIdentityArgs(
                type=compute.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity_id]
            ),
            virtual_machine_profile=_profile(run, plan, net, user_data),
            **_orchestration(plan),
            opts=within(group, self, after),
        )
        self.id = machines.id
        self.register_outputs({"id": self.id})


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


def _profile(run: Run, plan: Plan, net: Network, user_data: str) -> compute.VirtualMachineScaleSetVMProfileArgs:
    return compute.VirtualMachineScaleSetVMProfileArgs(
        priority=compute.VirtualMachinePriorityTypes.REGULAR,
        os_profile=_os(run, user_data),
        storage_profile=_disk(plan),
        network_profile=_nics(plan, net),
        security_profile=_security(plan),
        diagnostics_profile=compute.DiagnosticsProfileArgs(
            boot_diagnostics=compute.BootDiagnosticsArgs(enabled=True)  # without a URI: kept by Azure, no key needed
        ),
    )


def _os(run: Run, user_data: str) -> compute.VirtualMachineScaleSetOSProfileArgs:
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
    image = plan.image
    return compute.VirtualMachineScaleSetStorageProfileArgs(
        image_reference=compute.ImageReferenceArgs(
            publisher=image.publisher, offer=image.offer, sku=image.sku, version=image.version
        ),
        os_disk=compute.VirtualMachineScaleSetOSDiskArgs(
            create_option=compute.DiskCreateOptionTypes.FROM_IMAGE,
            caching=compute.CachingTypes.READ_ONLY,
            disk_size_gb=plan.os_disk_gb,
            managed_disk=compute.VirtualMachineScaleSetManagedDiskParametersArgs(
                storage_account_type=compute.StorageAccountTypes.PREMIUM_LRS
            ),
            delete_option=_flexible(plan, compute.DiskDeleteOptionTypes.DELETE),
        ),
    )


def _nics(plan: Plan, net: Network) -> compute.VirtualMachineScaleSetNetworkProfileArgs:
    address = compute.VirtualMachineScaleSetIPConfigurationArgs(
        name="ip0", primary=True, subnet=compute.ApiEntityReferenceArgs(id=net.subnet_id)
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


def _security(plan: Plan) -> compute.SecurityProfileArgs:
    """The security type is said aloud: the default is becoming TrustedLaunch, which some GPU sizes do not have. Secure
    Boot stays off, as the image's GPU and InfiniBand drivers are not signed for it."""
    trusted = compute.UefiSettingsArgs(secure_boot_enabled=False, v_tpm_enabled=True)
    return compute.SecurityProfileArgs(
        security_type=plan.security_type, uefi_settings=trusted if plan.security_type == "TrustedLaunch" else None
    )


def _flexible(plan: Plan, value: Any) -> Any:
    """What only Flexible sets take, and need: they leave disks and interfaces behind unless told to delete them."""
    return value if plan.orchestration_mode == "Flexible" else None
