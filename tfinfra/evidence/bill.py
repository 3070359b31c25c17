"""The bill of materials of a run: CycloneDX 1.6 as JSON (cyclonedx.org/docs/1.6/json): image, drivers, GPUs, packages,
data, model. It says nothing that cannot be held against bytes or against what the nodes saw."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.evidence.jsons import json_bytes, moment
from tfinfra.evidence.material import Material
from tfinfra.evidence.oms import model_files, outputs_in, root_digest
from tfinfra.evidence.packages import Package, packages_in

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tfinfra:bill")

Component = dict[str, Any]


def bill(material: Material) -> bytes:
    """The bill; the same material gives the same bytes."""
    components = list(_components(material))
    model = _model(material)
    return json_bytes(
        {
            "$schema": SCHEMA,
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": serial_number(material.run),
            "version": 1,
            "metadata": {
                "timestamp": moment(material.finished or material.started),
                "tools": {"components": [{"type": "application", "name": "tfinfra", "version": material.tfinfra}]},
                "component": model,
            },
            "components": components,
            "dependencies": [
                {"ref": model["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]},
                *({"ref": component["bom-ref"]} for component in components),
            ],
        }
    )


def serial_number(run: str) -> str:
    """Of the bill of a run: the same in each that is written of it."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, run)}"


def _model(material: Material) -> Component:
    """What the run made: the digest over its outputs is that of model.sig."""
    made = model_files(outputs_in(material.made))
    model: Component = {"type": "machine-learning-model", "bom-ref": "model", "name": material.run}
    if made:
        model["hashes"] = [_hash(root_digest(made))]
    return model


def _components(material: Material) -> Iterator[Component]:
    seen: dict[str, Component] = {}
    for component in (*_machines(material), *_data(material), *_packages(material)):
        seen.setdefault(component["bom-ref"], component)
    yield from seen.values()


def _machines(material: Material) -> Iterator[Component]:
    """The image, drivers and GPUs as the nodes saw them; the image as it was asked for, where no node told."""
    told = [node.evidence["machine"] for node in material.nodes if node.evidence and "machine" in node.evidence]
    planned = [(material.plan or {}).get("infrastructure") or {}]
    for machine in told or planned:
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
        name = given.name or "checkpoints"
        yield {"type": "data", "bom-ref": f"data:{name}", "name": name, "hashes": [_hash(given.sha256)]}


def _packages(material: Material) -> Iterator[Component]:
    if material.origin is None:
        return
    for package in packages_in(material.origin):
        yield _package(package)


def _package(package: Package) -> Component:
    """One hash where the lock has chosen the file; else properties with all that it may have."""
    component: Component = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if len(package.digests) == 1:
        component["hashes"] = [_hash(package.digests[0])]
    elif package.digests:
        component["properties"] = [{"name": "tfinfra:sha256", "value": digest} for digest in package.digests]
    return component


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
