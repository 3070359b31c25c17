"""Some 300 manifests: what a target can say, times the shapes of a run. Each is compiled, and every body that its
program sends is kept, once for each infrastructure that differs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stacks.plans import THEIR_IDENTITY, THEIR_REAPER, THEIR_STORE
from tests.stacks.recording import SUBSCRIPTION, config, node_settings, run_program
from tfinfra.arm.requests import ResourceRequest
from tfinfra.catalog.sizes import size
from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.errors import TfinfraError
from tfinfra.model import to_json

_ARM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/platform/providers"
_SUBNET = f"{_ARM}/Microsoft.Network/virtualNetworks/hub/subnets/training"
_RESERVED = f"{_ARM}/Microsoft.Compute/capacityReservationGroups/training"
_GALLERY = f"{_ARM}/Microsoft.Compute/galleries/images/images/training/versions/1.0.0"
SIZES = {
    "Standard_D8s_v5": ("eastus", "westeurope", ["Standard_D8s_v5", "Standard_D16s_v5"]),
    "Standard_NC4as_T4_v3": ("eastus", "westeurope", ["Standard_NC4as_T4_v3", "Standard_NC8as_T4_v3"]),
    "Standard_NC48ads_A100_v4": ("eastus", "westeurope", "Standard_NC48ads_A100_v4"),
    "Standard_ND96asr_v4": ("eastus", "westeurope", "Standard_ND96asr_v4"),
    "Standard_ND96isr_H100_v5": ("eastus", "westeurope", "Standard_ND96isr_H100_v5"),
    "Standard_HB120rs_v3": ("eastus", "westeurope", ["Standard_HB120rs_v3", "Standard_D96s_v5"]),
}
SHAPES: dict[str, dict[str, Any]] = {
    "single": {},
    "mpi": {"distributed_backend": "mpi", "node_count": 2},
    "ps": {"distributed_backend": "ps", "tf_config": "cluster_spec", "node_count": 3, "worker_count": 3},
}
PRIORITIES: tuple[dict[str, Any], ...] = (
    {},
    {"vm_priority": "low_priority"},
    {"vm_priority": "low_priority", "max_price": 0.25},
)
IMAGES: tuple[dict[str, Any], ...] = (
    {},
    {"image": "Canonical:ubuntu-24_04-lts:server:24.04.202601010"},
    {"image": _GALLERY},
    {"image": "Canonical:ubuntu-24_04-lts:server-gen1:24.04.202601010"},
)
DISKS: tuple[dict[str, Any], ...] = ({}, {"os_disk_gb": 256}, {"os_disk_gb": 64})
_IDENTITY = {"identity_id": THEIR_IDENTITY}
_REAPER = {"reaper_id": THEIR_REAPER}
OF_OTHERS: tuple[dict[str, Any], ...] = (
    _IDENTITY,
    _REAPER,
    {**_IDENTITY, **_REAPER},
    {**_IDENTITY, "store": THEIR_STORE},
    {**_IDENTITY, **_REAPER, "store": THEIR_STORE},
)
SCRIPT = """
import tensorflow as tf

if True:  # whatever the backend is
    import horovod.tensorflow as hvd

hvd.init()
tf.train.ClusterSpec({})
"""


@dataclass
class Matrix:
    """`accepted` and `refused` count manifests; `codes` are those of the refused. `requests` holds those of each
    infrastructure, by what it is (JSON, whatever its location); `keep` those of the keep group."""

    accepted: int = 0
    refused: int = 0
    codes: set[str] = field(default_factory=set)
    requests: dict[str, dict[str, ResourceRequest]] = field(default_factory=dict)
    keep: dict[str, dict[str, ResourceRequest]] = field(default_factory=dict)


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    """(shape, target) of every manifest: the product of the keys that decide what is built; keys that decide one value
    only rotate through it, and then have a product of their own."""
    turn = 0
    for name, shape, priority in itertools.product(SIZES, SHAPES, PRIORITIES):
        for place in _places(name):
            yield shape, {"vm_size": name, **priority, **place, **IMAGES[turn % 2], **DISKS[turn % 3]}
            turn += 1
    for name, shape, image in itertools.product(SIZES, SHAPES, IMAGES):
        reserved = {"capacity_reservation_id": _RESERVED} if turn % 2 else {}
        yield shape, {"vm_size": name, "location": "eastus", **image, **reserved, **({"zone": "2"} if turn % 4 else {})}
        turn += 1
    for shape, theirs in itertools.product(SHAPES, OF_OTHERS):
        yield shape, {"vm_size": "Standard_D8s_v5", "location": "eastus", **theirs}


def _places(name: str) -> tuple[dict[str, Any], ...]:
    first, other, sizes = SIZES[name]
    known = size(name)
    assert known is not None
    sold = [place for place in (first, other, "southcentralus", "westus2") if known.sold_in(place)]
    joined = {"location": sold[0], "subnet_id": _SUBNET}
    return {"location": sold[0]}, {"location": sold[0], "zone": "1"}, joined, {"location": sold, "vm_size": sizes}


def run_matrix(folder: Path) -> Matrix:
    """Compiles all of it, in `folder`."""
    (folder / "train.py").write_text(SCRIPT)
    matrix = Matrix()
    for shape, target in targets():
        try:
            compiled = compile_manifest(_project(folder, shape, target))
        except TfinfraError as error:
            matrix.refused += 1
            matrix.codes |= {d.code for d in error.diagnostics if d.is_error}
            continue
        matrix.accepted += 1
        _record(matrix, compiled, folder / "deploy")
    return matrix


def _project(folder: Path, shape: str, target: Mapping[str, Any]) -> Any:
    known = size(str(target["vm_size"] if isinstance(target["vm_size"], str) else target["vm_size"][0]))
    without_driver = str(target.get("image")).startswith("Canonical")
    use_gpu = bool(known and known.gpus and not without_driver)
    arguments = {"entry_script": "train.py", "use_gpu": use_gpu, **SHAPES[shape]}
    return project_from_arguments(
        {**arguments, "compute_target": {"cloud": "azure", **target}}, name="digits", folder=folder
    )


def _record(matrix: Matrix, compiled: Compiled, folder: Path) -> None:
    """What the program registers for each of its choices, and in the keep group, where it was not seen before."""
    written = False
    for choice, made in enumerate(compiled.plan.choices):
        for part, seen in (("compute", matrix.requests), ("keep", matrix.keep)):
            kept = {"shared": made.shared_directory, "access": made.access}
            what = to_json(made if part == "compute" else kept)
            key = json.dumps({**what, "location": None})
            if key in seen or (part == "keep" and choice):
                continue
            if not written:
                write_tree(compiled.tree, folder)
                written = True
            nodes = {"nodeSettings": json.dumps(node_settings(choice))} if part == "compute" else {}
            seen[key], _ = run_program(folder, {**config(part), **nodes, "choice": str(choice)})
