"""The bill of materials of a run: CycloneDX 1.6 as JSON (cyclonedx.org/docs/1.6/json): image, drivers, GPUs, packages,
data, model. It says nothing that cannot be held against bytes or against what the nodes saw."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinfra.evidence.cyclonedx import Component, document, hashes, library
from tfinfra.evidence.jsons import json_bytes, moment
from tfinfra.evidence.material import Material
from tfinfra.evidence.oms import model_files, outputs_in, root_digest
from tfinfra.evidence.packages import packages_in

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tfinfra:bill")


def bill(material: Material) -> bytes:
    """The bill; the same material gives the same bytes."""
    return json_bytes(
        document(
            model(material.run, material.made),
            list(_components(material)),
            tfinfra=material.tfinfra,
            serial=serial_number(material.run),
            metadata={"timestamp": moment(material.finished or material.started)},
        )
    )


def serial_number(run: str) -> str:
    """Of the bill of a run: the same in each that is written of it."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, run)}"


def _components(material: Material) -> Iterator[Component]:
    told = [node.evidence["machine"] for node in material.nodes if node.evidence and "machine" in node.evidence]
    seen: dict[str, Component] = {}
    for component in (*machines(told, material.plan or {}), *_data(material), *_packages(material)):
        seen.setdefault(component["bom-ref"], component)
    yield from seen.values()


def model(run: str, made: Mapping[str, str]) -> Component:
    """What the run made, by the digests of its files: the digest over its outputs is that of model.sig."""
    outputs = model_files(outputs_in(made))
    found: Component = {"type": "machine-learning-model", "bom-ref": "model", "name": run}
    return {**found, "hashes": hashes(root_digest(outputs))} if outputs else found


def machines(told: Sequence[Mapping[str, Any]], plan: Mapping[str, Any]) -> Iterator[Component]:
    """The image, kernel, drivers and GPUs as each node `told` (NodeMachine as JSON); the image as the plan has it,
    where none told. What several nodes have alike comes several times."""
    for machine in told or [plan.get("infrastructure") or {}]:
        yield from _image(machine.get("image") or {})
    for machine in told:
        kernel, driver = machine.get("kernel"), machine.get("driver")
        if kernel:
            yield {"type": "operating-system", "bom-ref": f"kernel:{kernel}", "name": "linux", "version": kernel}
        if driver:
            yield {"type": "device-driver", "bom-ref": f"driver:{driver}", "name": "nvidia", "version": driver}
        for number, gpu in enumerate(machine.get("gpus") or ()):
            yield {"type": "device", "bom-ref": f"gpu:{gpu.get('uuid') or number}", "name": gpu["model"]}


def _image(image: Mapping[str, Any]) -> Iterator[Component]:
    if image.get("id"):
        yield {"type": "operating-system", "bom-ref": f"image:{image['id']}", "name": image["id"]}
    elif image.get("publisher"):
        name = ":".join(str(image.get(part)) for part in ("publisher", "offer", "sku"))
        version = str(image.get("version"))
        yield {"type": "operating-system", "bom-ref": f"image:{name}:{version}", "name": name, "version": version}


def _data(material: Material) -> Iterator[Component]:
    if material.origin is None:
        return
    for given in material.origin.inputs:
        yield data(given.name or "checkpoints", given.sha256)


def data(name: str, sha256: str) -> Component:
    """An input, or the checkpoints."""
    return {"type": "data", "bom-ref": f"data:{name}", "name": name, "hashes": hashes(sha256)}


def _packages(material: Material) -> Iterator[Component]:
    if material.origin is not None:
        yield from map(library, packages_in(material.origin))
