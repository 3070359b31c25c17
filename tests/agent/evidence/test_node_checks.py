"""What is held against the lock of a machine alone, and of all nodes side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.nodes import REPOSITORY, assignment_of
from tests.backends.specs import plan_of, spec
from tests.store.test_records import EVIDENCE, SHA256
from tfinfra.agent.assignment import Gathered
from tfinfra.agent.evidence.node_checks import check_image, check_preload, merged, side_by_side
from tfinfra.model import CHECKS, Image, NodeCheck, NodeEvidence, NodeGpu, NodeMachine

HPC = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2")
GALLERY = Image(id="/subscriptions/s/galleries/g/images/i/versions/1.0.0")
IMAGES: dict[str, tuple[Image, Image | None, str, str]] = {
    "the same": (HPC, HPC, "verified", ""),
    "the same in other letters": (replace(HPC, publisher="Microsoft-DSVM"), HPC, "verified", ""),
    "another version": (
        *(replace(HPC, version="24.04.3"), HPC, "failed"),
        "the machine runs microsoft-dsvm:ubuntu-hpc:2404:24.04.3, not microsoft-dsvm:ubuntu-hpc:2404:24.04.2",
    ),
    "another offer of no known version": (
        *(replace(HPC, offer="ubuntu", version="latest"), HPC, "failed"),
        "the machine runs microsoft-dsvm:ubuntu:2404:latest, not microsoft-dsvm:ubuntu-hpc:2404:24.04.2",
    ),
    "a version that the metadata service does not name": (
        *(replace(HPC, version=None), HPC, "declared"),
        "the metadata service does not say which version of microsoft-dsvm:ubuntu-hpc:2404:24.04.2 the machine runs",
    ),
    "a lock without one": (HPC, None, "declared", "the lock names none"),
    "a gallery's": (replace(GALLERY, sku="x"), GALLERY, "verified", ""),
    "another of the gallery": (
        *(replace(GALLERY, id="/subscriptions/s/other"), GALLERY, "failed"),
        f"the machine runs /subscriptions/s/other, not {GALLERY.id}",
    ),
    "no image at all": (Image(), HPC, "failed", f"the machine runs an image without a name, not {HPC.name}"),
}


@pytest.mark.parametrize("case", IMAGES)
def test_the_image_is_the_locks_exact_one(case: str) -> None:
    booted, locked, proof, why = IMAGES[case]
    machine = NodeMachine("s", "l", "/r", booted, "6.8")
    assert check_image(machine, locked) == NodeCheck("image", proof, why)


def test_what_the_manifest_loads_into_its_tasks_is_its_own_business(tmp_path: Path) -> None:
    plan = plan_of(spec("single", environment_variables={"LD_PRELOAD": "/lib/mine.so"}))
    given = replace(assignment_of(plan), given=Gathered(secrets={"PYTHONSTARTUP": "x"}))
    assert check_preload(given, tmp_path / "none") == NodeCheck("preload", "verified")


def test_what_somebody_else_loads_into_the_tasks_is_found(tmp_path: Path) -> None:
    preload = tmp_path / "ld.so.preload"
    preload.write_text("/tmp/evil.so\n")
    assignment = replace(assignment_of(plan_of(spec("single"))), defaults={"LD_PRELOAD": "a", "PYTHONPATH": "b"})
    found = check_preload(assignment, preload)
    assert found.proof == "failed"
    assert found.why == f"LD_PRELOAD is set for main-0; PYTHONPATH is set for main-0; {preload} names libraries"
    preload.write_text("\n")
    assert check_preload(assignment_of(assignment.plan), preload).proof == "verified"


LOADING = (
    "GCONV_PATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONPLATLIBDIR",
    "PYTHONWARNINGS",
    "NCCL_NET_PLUGIN",
    "NCCL_TUNER_PLUGIN",
    "NCCL_PROFILER_PLUGIN",
    "NCCL_ENV_PLUGIN",
    "NCCL_GIN_PLUGIN",
    "NCCL_CUDA_PATH",
    "NCCL_CONF_FILE",
    "UCX_MODULE_DIR",
    "UCX_CONFIG_DIR",
    "RDMAV_DRIVERS",
    "IBV_DRIVERS",
    "FI_PROVIDER_PATH",
    "CUDA_INJECTION64_PATH",
    "NVTX_INJECTION64_PATH",
    "TF_PLUGGABLE_DEVICE_LIBRARY_PATH",
    "OMPI_MCA_mca_base_component_path",
    "PMIX_MCA_mca_base_component_path",
    "PRTE_MCA_mca_base_component_path",
    "OPAL_PREFIX",
    "OPAL_LIBDIR",
    "OPAL_PKGLIBDIR",
)


@pytest.mark.parametrize("name", LOADING)
def test_a_variable_that_loads_a_library_is_found_unless_the_manifest_names_it(name: str, tmp_path: Path) -> None:
    assignment = replace(assignment_of(plan_of(spec("single"))), inherited={name: "/tmp/evil"}, defaults={})
    if not name.startswith(("NCCL_", "UCX_")):  # of the machine's own, no other comes through to a task
        assert check_preload(assignment, tmp_path / "none").proof == "verified"
        assignment = replace(assignment, defaults={name: "/tmp/evil"})
    assert check_preload(assignment, tmp_path / "none").why == f"{name} is set for main-0"
    meant = plan_of(spec("single", environment_variables={name: "/mine"}))
    assert check_preload(replace(assignment, plan=meant), tmp_path / "none").proof == "verified"


def node(rank: int, **changes: object) -> NodeEvidence:
    return replace(EVIDENCE, node=rank, node_id=f"n{rank}", **changes)  # type: ignore[arg-type]


MACHINE = EVIDENCE.machine
OTHERS: dict[str, tuple[NodeEvidence, list[NodeCheck]]] = {
    "its twin": (node(1), []),
    "one with another driver": (
        node(1, machine=replace(MACHINE, driver="535")),
        [NodeCheck("gpus", "failed", "node 1 has 1 A and driver 535, and node 0 1 A and driver 550")],
    ),
    "one with another GPU": (
        node(1, machine=replace(MACHINE, gpus=(NodeGpu("B"), NodeGpu("B")))),
        [NodeCheck("gpus", "failed", "node 1 has 2 B and driver 550, and node 0 1 A and driver 550")],
    ),
    "one with the same GPU of another number": (node(1, machine=replace(MACHINE, gpus=(NodeGpu("A", "GPU-7"),))), []),
    "one with a variable more": (
        node(1, variables={"PATH": SHA256, "NCCL_DEBUG": SHA256}),
        [NodeCheck("variables", "failed", "NCCL_DEBUG differs on node 1")],
    ),
    "one with another value": (
        node(1, variables={"PATH": "1" * 64}),
        [NodeCheck("variables", "failed", "PATH differs on node 1")],
    ),
    "one with another Horovod": (
        node(1, environment=replace(EVIDENCE.environment, wheels={"horovod.whl": "1" * 64})),
        [NodeCheck("wheels", "failed", "not the same on all nodes: horovod.whl differs on node 1")],
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_nodes_side_by_side_are_alike(case: str) -> None:
    other, failed = OTHERS[case]
    found = side_by_side([node(0), other])
    assert [check for check in found if check.proof == "failed"] == failed
    assert {"gpus", "variables"} <= {check.name for check in found}
    assert len(side_by_side([node(0)])) == 2


def test_the_document_lists_the_checks() -> None:
    text = (REPOSITORY / "docs/node-checks.md").read_text()
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE)) == CHECKS


def test_of_two_proofs_on_one_thing_the_worse_counts() -> None:
    verified, declared, failed = (NodeCheck("wheels", proof) for proof in ("verified", "declared", "failed"))
    other = NodeCheck("gpus", "verified")
    assert merged([declared, other], [failed]) == (failed, other)
    assert merged([declared], [verified, other]) == (declared, other)
