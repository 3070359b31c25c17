"""Rules on a target's GPUs: the image's driver serves them, TensorFlow has code for them, the nodes reach each other
quickly. What a node then really has it says itself before it registers (agent/devices/gate.py)."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.backends.registry import backend
from tfinfra.catalog.drivers import (
    KINDS,
    GpuNeeds,
    first_with_machine_code,
    gpu_needs,
    image_driver,
    machine_code,
    runs_natively,
)
from tfinfra.catalog.images import HPC_IMAGE, image_of
from tfinfra.catalog.sizes import VmSize
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.target.chosen import Chosen
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Image, Target

_INSTEAD = {
    "grid": "use another size, for example Standard_NC4as_T4_v3, or an `image` of your own with the GRID driver",
    "closed": "write image: microsoft-dsvm:ubuntu-hpc:2204-v100:VERSION; `az vm image list --publisher microsoft-dsvm "
    "--offer ubuntu-hpc --sku 2204-v100 --all` shows its versions",
}
_ANY = f"leave image out for {HPC_IMAGE.name}, which has one"


def gpu_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules; the local cloud's nodes have this machine's GPUs and driver, whatever their size."""
    manifest, chosen, target = facts.manifest, facts.chosen, facts.chosen.target
    if target is None or target.cloud == "local" or not manifest.sound("use_gpu"):
        return
    yield from _network(manifest, chosen)
    if not manifest.use_gpu:
        return
    for index, machine in enumerate(chosen.sizes):
        needs = gpu_needs(machine.name)
        if needs:
            yield from _driver(chosen, target, machine, needs, index)
            yield from _machine_code(manifest, chosen, machine, needs, index)


def _driver(chosen: Chosen, target: Target, machine: VmSize, needs: GpuNeeds, index: int) -> Iterator[Diagnostic]:
    """An image without the right driver is an error; what is not known of an image of one's own is a warning."""
    image = image_of(target.image) if target.image else HPC_IMAGE
    path = chosen.at("image") if target.image else chosen.at("vm_size", index)
    found = image_driver(image)
    wanted = " or ".join(KINDS[kind] for kind in needs.drivers)
    if found and found.kind and found.kind not in needs.drivers:
        message = f"{machine.name} needs {wanted}, and {_of(image)} has {KINDS[found.kind]}"
        yield error_at(chosen.document, "TFI416", path, message, _INSTEAD.get(needs.drivers[0], _ANY))
        return
    if found is None or (found.kind is None and len(needs.drivers) == 1):
        message = f"{machine.name} needs {wanted}; whether the image has it is not known before a node boots"
        yield _warning(chosen, "TFI419", path, message, "a node without it ends the run before it trains")
    if needs.topology and not (found and found.topology):
        message = f"without Azure's topology file in /etc/nccl.conf NCCL reaches about half its speed on {machine.name}"
        yield _warning(
            chosen, "TFI680", path, message, "take over what Azure/azhpc-images has in topology/ and components/"
        )


def _of(image: Image) -> str:
    return "the default image" if image == HPC_IMAGE else "the image"


def _machine_code(
    manifest: Manifest, chosen: Chosen, machine: VmSize, needs: GpuNeeds, index: int
) -> Iterator[Diagnostic]:
    code = machine_code(manifest.framework_version) if manifest.sound("framework_version") else None
    if code is None or runs_natively(code, needs.capability):
        return
    version, newer = manifest.framework_version, first_with_machine_code(needs.capability)
    message = (
        f"TensorFlow {version} has no machine code for {machine.gpu_kind} (capability {needs.capability / 10:.1f}): "
        "each node compiles the kernels that a model uses in its first steps, in every run"
    )
    hint = f"a small model took 20 s more; TensorFlow {newer} has it" if newer else None
    asked = backend(manifest.distributed_backend)
    if newer and asked.horovod:  # what it does not average there is no way out
        hint = f"{hint}, but not with Horovod's Keras optimizer (TFI502)"
    elif newer and any(not sign.keras3 for sign in asked.signs):
        hint = f"{hint}, but not with Keras 3's fit under this backend's strategy (TFI507)"
    yield _warning(chosen, "TFI417", chosen.at("vm_size", index), message, hint)


def _network(manifest: Manifest, chosen: Chosen) -> Iterator[Diagnostic]:
    """What carries gradients between nodes, where that is not what the size suggests."""
    if not manifest.sound("node_count", "distributed_backend") or manifest.node_count == 1:
        return
    chosen_backend = backend(manifest.distributed_backend)
    slow = [index for index, machine in enumerate(chosen.sizes) if machine.gpus and not machine.infiniband]
    idle = [index for index, machine in enumerate(chosen.sizes) if machine.infiniband]
    if chosen_backend.averages and manifest.use_gpu and slow:
        message = "no InfiniBand between these nodes: gradients go over Ethernet"
        yield _notice(chosen, slow[0], message)
    elif chosen_backend.over_ethernet and idle and not (chosen_backend.gpus_only and manifest.use_gpu):
        name = chosen.sizes[idle[0]].name
        yield _notice(chosen, idle[0], f"{chosen_backend.over_ethernet}: the InfiniBand of {name} is idle")


def _notice(chosen: Chosen, index: int, message: str) -> Diagnostic:
    return error_at(chosen.document, "TFI418", chosen.at("vm_size", index), message, severity=Severity.NOTICE)


def _warning(chosen: Chosen, code: str, path: KeyPath, message: str, hint: str | None) -> Diagnostic:
    return error_at(chosen.document, code, path, message, hint, severity=Severity.WARNING)
