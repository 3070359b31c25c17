"""GPU, size, image and driver must fit, and what is slow is said before it is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import HOROVOD, checked, codes
from tfinfra.catalog.drivers import gpu_needs, has_driver, image_driver, machine_code, runs_natively
from tfinfra.catalog.images import HPC_IMAGE, image_of
from tfinfra.catalog.sizes import sizes
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import ManifestError, Severity

OWN = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/p/providers/Microsoft.Compute/images/i"
UBUNTU = "Canonical:ubuntu-24_04-lts:server:24.04.202601010"
DSVM = "microsoft-dsvm:ubuntu-2204:2204-gen2:24.1.1"
HPC = "microsoft-dsvm:ubuntu-hpc"
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.yaml"))

TABLE: dict[str, tuple[str, list[str]]] = {
    "T4 with the default image": ("vm_size: Standard_NC4as_T4_v3", []),
    "a virtual GPU with the default image": ("vm_size: Standard_NV36ads_A10_v5", ["TFI416"]),
    "a share of one": ("vm_size: Standard_NV6ads_A10_v5", ["TFI416"]),
    "a virtual GPU with an image of one's own": (f"vm_size: Standard_NV36ads_A10_v5, image: {OWN}", ["TFI419"]),
    "a virtual GPU with Azure's image for V100": (
        f"vm_size: Standard_NV36ads_A10_v5, image: '{HPC}:2204-v100:22.04.1'",
        ["TFI416"],
    ),
    "V100 with the default image": ("vm_size: Standard_ND40rs_v2, location: southcentralus", ["TFI416"]),
    "V100 with its image": (
        f"vm_size: Standard_ND40rs_v2, location: southcentralus, image: '{HPC}:2204-v100:22.04.2025100901'",
        [],
    ),
    "V100 with an image from when NVIDIA's installer chose": (
        f"vm_size: Standard_ND40rs_v2, location: southcentralus, image: '{HPC}:2204:22.04.2024102301'",
        ["TFI419"],
    ),
    "A100 with V100's closed modules": (f"vm_size: Standard_ND96asr_v4, image: '{HPC}:2204-v100:22.04.1'", []),
    "an image without any driver": (f"vm_size: Standard_NC4as_T4_v3, image: '{UBUNTU}'", ["TFI416"]),
    "AMD's image": (f"vm_size: Standard_NC4as_T4_v3, image: '{HPC}:2404-rocm:24.04.1'", ["TFI416"]),
    "an image of one's own without a topology to miss": (f"vm_size: Standard_NC4as_T4_v3, image: {OWN}", ["TFI419"]),
    "an image of one's own on NVSwitch and InfiniBand": (
        f"vm_size: Standard_ND96asr_v4, image: {OWN}",
        ["TFI419", "TFI680"],
    ),
    "an image with a driver and no topology": (f"vm_size: Standard_ND96asr_v4, image: '{DSVM}'", ["TFI680"]),
    "kernels that H100 compiles itself": ("vm_size: Standard_NC40ads_H100_v5", ["TFI417"]),
    "the second of two sizes": ("vm_size: [Standard_NC4as_T4_v3, Standard_NC8as_T4_v3]", []),
    "the local cloud as such a size": ("cloud: local, vm_size: Standard_NV36ads_A10_v5", []),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_the_driver_of_the_image_serves_the_gpus_of_the_size(sentence: str, tmp_path: Path) -> None:
    keys, expected = TABLE[sentence]
    ranks = 8 if "ND" in keys else 1
    text = f"use_gpu: true\ndistributed_backend: mpi\nprocess_count_per_node: {ranks}\n"
    found = codes(tmp_path, f"{text}compute_target: {{{keys}}}\n", HOROVOD)
    assert [code for code in found if code != "TFI671"] == expected


def test_without_use_gpu_no_driver_is_asked_for(tmp_path: Path) -> None:
    assert codes(tmp_path, "compute_target: {vm_size: Standard_NV36ads_A10_v5}\n") == ["TFI412"]


def test_a_refusal_names_its_line_and_what_to_write_instead(tmp_path: Path) -> None:
    target = "compute_target: {location: southcentralus, vm_size: [Standard_ND40rs_v2]}\n"
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, f"use_gpu: true\ndistributed_backend: mpi\nprocess_count_per_node: 8\n{target}", HOROVOD)
    (found,) = caught.value.diagnostics
    assert found.message == (
        "Standard_ND40rs_v2 needs the data centre driver with closed kernel modules, "
        "and the default image has the data centre driver with open kernel modules"
    )
    assert found.position is not None
    assert (found.position.line, target[found.position.column - 1 :][:8]) == (5, "Standard")
    assert str(found.hint).startswith("write image: microsoft-dsvm:ubuntu-hpc:2204-v100:VERSION; `az vm image list ")


def test_a_newer_tensorflow_has_code_for_h100(tmp_path: Path) -> None:
    text = "use_gpu: true\npython_version: '3.11'\nframework_version: 2.18.1\n"
    assert "TFI417" not in codes(tmp_path, f"{text}compute_target: {{vm_size: Standard_NC40ads_H100_v5}}\n")


@pytest.mark.parametrize(("backend", "circle"), [("distributed_backend: mpi\nnode_count: 2\n", True), ("", False)])
def test_the_way_out_of_slow_kernels_names_what_it_costs_with_horovod(
    backend: str, circle: bool, tmp_path: Path
) -> None:
    """Else one rule sends to a newer TensorFlow, and another back (TFI502)."""
    text = f"use_gpu: true\n{backend}compute_target: {{vm_size: Standard_NC40ads_H100_v5}}\n"
    (found,) = [
        d for d in checked(tmp_path, text, HOROVOD if circle else "print()\n").diagnostics if d.code == "TFI417"
    ]
    assert ("TFI502" in str(found.hint)) == circle


NETWORKS: dict[str, tuple[str, str, str | None]] = {
    "two nodes of an NC size": (
        "distributed_backend: mpi\nuse_gpu: true",
        "Standard_NC4as_T4_v3",
        "no InfiniBand between these nodes: gradients go over Ethernet",
    ),
    "two nodes with InfiniBand": (
        "distributed_backend: mpi\nuse_gpu: true\nprocess_count_per_node: 8",
        "Standard_ND96asr_v4",
        None,
    ),
    "two nodes with MPI on InfiniBand": ("distributed_backend: mpi", "Standard_HB120rs_v3", None),
    "two nodes without GPUs": ("distributed_backend: mpi", "Standard_D8s_v5", None),
    "a parameter server on InfiniBand": (
        "distributed_backend: ps\nworker_count: 2",
        "Standard_HB120rs_v3",
        "a parameter server speaks gRPC over Ethernet: the InfiniBand of Standard_HB120rs_v3 is idle",
    ),
}


@pytest.mark.parametrize("sentence", NETWORKS)
def test_what_carries_the_gradients_is_said_before_it_is_paid_for(sentence: str, tmp_path: Path) -> None:
    keys, size, expected = NETWORKS[sentence]
    script = HOROVOD if "mpi" in keys else "import tensorflow as tf\n\ntf.train.ClusterSpec({})\n"
    found = checked(tmp_path, f"node_count: 2\n{keys}\ncompute_target: {{vm_size: {size}}}\n", script).diagnostics
    told = [d for d in found if d.code == "TFI418"]
    assert [d.message for d in told] == ([expected] if expected else [])
    assert all(d.severity is Severity.NOTICE for d in told)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_gets_no_warning_and_wastes_no_gpu(example: Path) -> None:
    found = check_manifest(load_project(example))
    assert [d.message for d in found.diagnostics if d.severity is not Severity.NOTICE] == []


def test_every_size_with_nvidias_gpus_is_in_the_table() -> None:
    wanted = [s.name for s in sizes() if s.vendor == "nvidia" and s.architecture == "x86_64"]
    assert len(wanted) >= 19
    assert [name for name in wanted if gpu_needs(name) is None] == []
    assert gpu_needs("Standard_ND96isr_MI300X_v5") is None


def test_the_default_image_has_the_open_modules_and_the_topology() -> None:
    found = image_driver(HPC_IMAGE)
    assert found is not None
    assert (found.kind, found.topology) == ("open", True)
    assert image_driver(image_of(f"{HPC}:2404:latest")) == found
    assert (has_driver(HPC_IMAGE), has_driver(image_of(UBUNTU)), has_driver(image_of(OWN))) == (True, False, None)


def test_machine_code_runs_on_its_own_major_capability_from_its_minor_one_on() -> None:
    code = machine_code("2.15.1")
    assert code is not None
    assert {c: runs_natively(code, c) for c in (70, 75, 80, 86, 90)} == {
        70: True,
        75: True,
        80: True,
        86: True,
        90: False,
    }
    assert machine_code("2.16.2") is None
