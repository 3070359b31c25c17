"""Spec → Plan: infrastructure, the place of every task, no addresses yet."""

from __future__ import annotations

from collections.abc import Sequence

from tfinfra.catalog.images import HPC_IMAGE
from tfinfra.catalog.sizes import VmSize
from tfinfra.model import Infrastructure, Plan, Spec, Task

SCHEMA = 1
BASE_PORT = 2222
# Clear of 172.16.0.0/16, which Azure's RDMA network has for itself; a /20 holds 4,091 nodes.
ADDRESS_SPACE, SUBNET = "10.0.0.0/16", "10.0.0.0/20"


def make_plan(spec: Spec, size: VmSize, tasks: Sequence[Task], gpus: int) -> Plan:
    """The plan of `spec` on nodes of `size`, `gpus` of each usable by `tasks`."""
    return Plan(
        schema=SCHEMA,
        name=spec.name,
        backend=spec.backend,
        dialect=spec.dialect,
        node_count=spec.node_count,
        processes_per_node=spec.process_count_per_node,
        gpus_per_node=gpus,
        use_gpu=spec.use_gpu,
        base_port=BASE_PORT,
        tasks=tuple(tasks),
        entry_script=spec.entry_script,
        arguments=spec.arguments,
        environment_variables=spec.environment_variables,
        requirements=spec.requirements,
        limits=spec.limits,
        hold_on_failure=spec.hold_on_failure,
        infrastructure=_infrastructure(spec, size),
        secrets=spec.secrets,
        inputs=spec.inputs,
        resume_from=spec.resume_from,
    )


def _infrastructure(spec: Spec, size: VmSize) -> Infrastructure:
    """InfiniBand needs one placement group, which only a Uniform scale set has (Azure compute documentation)."""
    infiniband = size.infiniband and spec.node_count > 1
    return Infrastructure(
        location=spec.target.location,
        vm_size=size.name,
        node_count=spec.node_count,
        orchestration_mode="Uniform" if infiniband else "Flexible",
        infiniband=infiniband,
        accelerated_networking=size.accelerated_networking,
        security_type=size.security_type,
        image=HPC_IMAGE,
        os_disk_gb=spec.target.os_disk_gb,
        address_space=ADDRESS_SPACE,
        subnet_prefix=SUBNET,
        shared_directory=spec.node_count > 1,
        tags=spec.tags,
    )
