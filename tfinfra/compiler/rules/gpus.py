"""Rules on a target's GPUs: the image's driver serves them, TensorFlow has code for them, the nodes reach each other
quickly. What a node then really has it says itself before it registers (agent/devices/gate.py).

The local cloud's nodes have this machine's GPUs and driver, whatever their size: nothing is said of them."""

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
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.model import Target

_INSTEAD = {
    "grid": "use another size, for example Standard_NC4as_T4_v3, or an `image` of your own with the GRID driver",
    "closed": "write image: microsoft-dsvm:ubuntu-hpc:2204-v100:VERSION; `az vm image list --publisher microsoft-dsvm "
    "--offer ubuntu-hpc --sku 2204-v100 --all` shows its versions",
}
_ANY = f"leave image out for {HPC_IMAGE.name}, which has one"


def slow_network(facts: Facts) -> Iterator[Diagnostic]:
    """What carries gradients between nodes, where that is not what the size suggests."""
    manifest, chosen = facts.manifest, facts.chosen
    known = manifest.sound("node_count", "distributed_backend") and _azure_target(facts) is not None
    if not known or manifest.node_count == 1:
        return
    own = backend(manifest.distributed_backend)
    slow = [index for index, machine in enumerate(chosen.sizes) if machine.gpus and not machine.infiniband]
    idle = [index for index, machine in enumerate(chosen.sizes) if machine.infiniband]
    if own.averages and manifest.use_gpu and slow:
        index, message = slow[0], "no InfiniBand between these nodes: gradients go over Ethernet"
    elif own.over_ethernet and idle and not (own.gpus_only and manifest.use_gpu):
        index, message = idle[0], f"{own.over_ethernet}: the InfiniBand of {chosen.sizes[idle[0]].name} is idle"
    else:
        return
    yield error_at(chosen.document, "TFI418", chosen.at("vm_size", index), message, severity=Severity.NOTICE)


def image_without_a_driver(facts: Facts) -> Iterator[Diagnostic]:
    """An image without the right driver is an error; what is not known of an image of one's own is a warning."""
    chosen, target = facts.chosen, _azure_target(facts)
    for index, machine, needs in _gpus_in_use(facts) if target else ():
        own = target.image if target else None
        image = image_of(own) if own else HPC_IMAGE
        path = chosen.at("image") if own else chosen.at("vm_size", index)
        found = image_driver(image)
        wanted = " or ".join(KINDS[kind] for kind in needs.drivers)
        if found and found.kind and found.kind not in needs.drivers:
            what = "the default image" if image == HPC_IMAGE else "the image"
            message = f"{machine.name} needs {wanted}, and {what} has {KINDS[found.kind]}"
            yield error_at(chosen.document, "TFI416", path, message, _INSTEAD.get(needs.drivers[0], _ANY))
            continue
        if found is None or (found.kind is None and len(needs.drivers) == 1):
            message = f"{machine.name} needs {wanted}; whether the image has it is not known before a node boots"
            yield _warning(facts, "TFI419", path, message, "a node without it ends the run before it trains")
        if needs.topology and not (found and found.topology):
            speed = f"NCCL reaches about half its speed on {machine.name}"
            message = f"without Azure's topology file in /etc/nccl.conf {speed}"
            hint = "take over what Azure/azhpc-images has in topology/ and components/"
            yield _warning(facts, "TFI680", path, message, hint)


def no_machine_code(facts: Facts) -> Iterator[Diagnostic]:
    """GPUs for which this TensorFlow compiles its kernels in a run's first steps."""
    manifest = facts.manifest
    code = machine_code(manifest.framework_version) if manifest.sound("framework_version") else None
    for index, machine, needs in _gpus_in_use(facts):
        if code is None or runs_natively(code, needs.capability):
            continue
        version, newer = manifest.framework_version, first_with_machine_code(needs.capability)
        message = (
            f"TensorFlow {version} has no machine code for {machine.gpu_kind} (capability {needs.capability / 10:.1f}):"
            " each node compiles the kernels that a model uses in its first steps, in every run"
        )
        hint = f"a small model took 20 s more; TensorFlow {newer} has it" if newer else None
        own = backend(manifest.distributed_backend)
        if newer and own.horovod:  # what it does not average there is no way out
            hint = f"{hint}, but not with Horovod's Keras optimizer (TFI502)"
        elif newer and any(not sign.keras3 for sign in own.signs):
            hint = f"{hint}, but not with Keras 3's fit under this backend's strategy (TFI507)"
        yield _warning(facts, "TFI417", facts.chosen.at("vm_size", index), message, hint)


def _azure_target(facts: Facts) -> Target | None:
    """The target where it is one of Azure's, and `use_gpu` says what the file says."""
    target = facts.chosen.target
    return target if target and target.cloud != "local" and facts.manifest.sound("use_gpu") else None


def _gpus_in_use(facts: Facts) -> Iterator[tuple[int, VmSize, GpuNeeds]]:
    """Each of the target's sizes whose GPUs tasks use: its place in the list, and what its GPUs need."""
    if _azure_target(facts) is not None and facts.manifest.use_gpu:
        for index, machine in enumerate(facts.chosen.sizes):
            if needs := gpu_needs(machine.name):
                yield index, machine, needs


def _warning(facts: Facts, code: str, path: KeyPath, message: str, hint: str | None) -> Diagnostic:
    return error_at(facts.chosen.document, code, path, message, hint, severity=Severity.WARNING)


RULES: tuple[Rule, ...] = (slow_network, image_without_a_driver, no_machine_code)
