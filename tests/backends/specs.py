"""Specs, plans and inventories for the tests of backends and agents: sentences say what matters, defaults the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfinfra.backends.registry import backend
from tfinfra.model import (
    Image,
    Infrastructure,
    Inventory,
    Limits,
    NodeRegistration,
    Plan,
    Requirements,
    Spec,
    Target,
)

REQUIREMENTS = Requirements("2.15.1", "3.11", (), horovod=False, gpu=False)
LIMITS = Limits(max_run_duration=3600, keep_outputs=3600)


def spec(name: str, **changes: Any) -> Spec:
    """A Spec of the backend `name`."""
    base = Spec(
        name="digits",
        source_directory=".",
        entry_script="train.py",
        arguments=(),
        requirements=REQUIREMENTS,
        environment_variables={},
        use_gpu=False,
        node_count=1,
        backend=name,
        process_count_per_node=1,
        worker_count=1,
        parameter_server_count=1,
        evaluator_count=0,
        dialect="cluster_spec" if name == "ps" else None,
        target=Target("local", "local", "eastus", "Standard_D8s_v5", 64),
        limits=LIMITS,
        hold_on_failure=0,
        tags={},
    )
    return replace(base, **changes)


def plan_of(of: Spec, *, gpus_per_node: int = 0, base_port: int = 2222) -> Plan:
    image = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "latest")
    infrastructure = Infrastructure(
        "eastus",
        "Standard_D8s_v5",
        of.node_count,
        "Flexible",
        infiniband=False,
        accelerated_networking=True,
        security_type="Standard",
        image=image,
        os_disk_gb=64,
        address_space="10.0.0.0/16",
        subnet_prefix="10.0.0.0/24",
        shared_directory=of.node_count > 1,
        tags={},
    )
    return Plan(
        schema=1,
        name=of.name,
        backend=of.backend,
        dialect=of.dialect,
        node_count=of.node_count,
        processes_per_node=of.process_count_per_node,
        gpus_per_node=gpus_per_node,
        use_gpu=of.use_gpu,
        base_port=base_port,
        tasks=backend(of.backend).tasks(of, gpus_per_node),
        entry_script=of.entry_script,
        arguments=of.arguments,
        environment_variables=of.environment_variables,
        requirements=of.requirements,
        limits=of.limits,
        hold_on_failure=of.hold_on_failure,
        infrastructure=infrastructure,
    )


def inventory(nodes: int, *, cores: int = 8, network: str | None = "10.0.0.0/24") -> Inventory:
    """Nodes node-0, node-1, … at 10.0.0.4, 10.0.0.5, …"""
    return Inventory(
        tuple(
            NodeRegistration(f"id-{i}", f"node-{i}", f"10.0.0.{4 + i}", network, 2222, cores, 0) for i in range(nodes)
        )
    )
