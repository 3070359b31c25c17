"""Plans to render and to provision: no compiler needed."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.model import Access, Image, Infrastructure, Limits, Plan, Requirements, Task

FLEXIBLE = Infrastructure(
    location="eastus",
    vm_size="Standard_D8s_v5",
    node_count=2,
    orchestration_mode="Flexible",
    infiniband=False,
    accelerated_networking=True,
    security_type="Standard",
    image=Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2025121801"),
    os_disk_gb=128,
    address_space="10.64.0.0/16",
    subnet_prefix="10.64.0.0/20",
    shared_directory=True,
    tags={"team": "vision"},
)
INFINIBAND = replace(
    FLEXIBLE,
    vm_size="Standard_ND96asr_v4",
    orchestration_mode="Uniform",
    infiniband=True,
    security_type="Standard",
)
ALONE = replace(FLEXIBLE, node_count=1, shared_directory=False)
SUBNET_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/network/providers"
    "/Microsoft.Network/virtualNetworks/hub/subnets/training"
)
JOINED = replace(FLEXIBLE, subnet_id=SUBNET_ID)
PLATFORM = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/platform/providers"
THEIR_IDENTITY = f"{PLATFORM}/Microsoft.ManagedIdentity/userAssignedIdentities/trainers"
THEIR_STORE = "https://teamruns.blob.core.windows.net/runs"
THEIR_REAPER = f"{PLATFORM}/Microsoft.Logic/workflows/reaper"
OTHERS = {
    "an identity of others": Access(identity_id=THEIR_IDENTITY),
    "an identity and a container of others": Access(identity_id=THEIR_IDENTITY, store=THEIR_STORE),
    "a reaper of others": Access(reaper_id=THEIR_REAPER),
    "an identity and a reaper of others": Access(identity_id=THEIR_IDENTITY, reaper_id=THEIR_REAPER),
    "all of others": Access(THEIR_IDENTITY, THEIR_STORE, THEIR_REAPER),
}
INFRASTRUCTURES = {
    "two CPU nodes": FLEXIBLE,
    "two InfiniBand nodes": INFINIBAND,
    "one node": ALONE,
    "two nodes in a subnet": JOINED,
    **{name: replace(FLEXIBLE, access=access) for name, access in OTHERS.items()},
}


def plan(infrastructure: Infrastructure = FLEXIBLE) -> Plan:
    task = Task(name="rank-0", type="rank", index=0, node=0, slot=0, gpus=None)
    return Plan(
        schema=1,
        name="digits",
        backend="mpi",
        dialect=None,
        node_count=infrastructure.node_count,
        processes_per_node=1,
        gpus_per_node=0,
        use_gpu=False,
        base_port=2222,
        tasks=(task,),
        entry_script="train.py",
        arguments=(),
        environment_variables={},
        requirements=Requirements("2.15.1", "3.11", (), horovod=True, gpu=False),
        limits=Limits(max_run_duration=3600, keep_outputs=7 * 24 * 3600),
        hold_on_failure=0,
        infrastructure=infrastructure,
    )
