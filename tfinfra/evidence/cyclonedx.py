"""Bills of materials: CycloneDX 1.6 as JSON (cyclonedx.org/docs/1.6/json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.evidence.packages import Package

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"

Component = dict[str, Any]


def document(
    subject: Component,
    components: Sequence[Component],
    *,
    tfinfra: str,
    serial: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The bill of `subject`, which depends on all `components`; `tfinfra` is the version that made it, `serial` the
    number of this bill, `metadata` what else is said of it."""
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        **({"serialNumber": serial} if serial else {}),
        "version": 1,
        "metadata": {
            **(metadata or {}),
            "tools": {"components": [{"type": "application", "name": "tfinfra", "version": tfinfra}]},
            "component": subject,
        },
        "components": list(components),
        "dependencies": [
            {"ref": subject["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]},
            *({"ref": component["bom-ref"]} for component in components),
        ],
    }


def library(package: Package) -> Component:
    """A package: with one hash where a lock has chosen the file, else with all that it may have as properties."""
    component: Component = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
    }
    if len(package.digests) == 1:
        component["hashes"] = hashes(package.digests[0])
    elif package.digests:
        component["properties"] = [{"name": "tfinfra:sha256", "value": digest} for digest in package.digests]
    return component


def hashes(sha256: str) -> list[dict[str, str]]:
    """Of a component, by its digest in hexadecimal."""
    return [{"alg": "SHA-256", "content": sha256}]
