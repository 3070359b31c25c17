"""The statement of a run: in-toto Statement v1 with SLSA provenance v1 (slsa.dev/spec/v1.0/provenance)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.evidence import names
from tfinfra.evidence.chain import chain_head
from tfinfra.evidence.jsons import json_bytes, moment
from tfinfra.evidence.material import Material
from tfinfra.evidence.packages import packages_in
from tfinfra.evidence.sums import sha256

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:tfinfra:run:1"
BUILDER = "urn:tfinfra:client:1"

Described = dict[str, Any]
"""An in-toto resource descriptor."""


def statement(material: Material, files: Mapping[str, bytes]) -> bytes:
    """The statement on what the run made, from what, beside which evidence: `files` are the other files of audit/."""
    metadata: dict[str, Any] = {"invocationId": material.run, "startedOn": moment(material.started)}
    if material.finished is not None:
        metadata["finishedOn"] = moment(material.finished)
    return json_bytes(
        {
            "_type": STATEMENT_TYPE,
            "subject": _subjects(material, files),
            "predicateType": PROVENANCE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": _parameters(files),
                    "internalParameters": {"plan": material.plan, "missing": list(material.missing)},
                    "resolvedDependencies": list(_dependencies(material, files)),
                },
                "runDetails": {
                    "builder": {"id": BUILDER, "version": {"tfinfra": material.tfinfra}},
                    "metadata": metadata,
                    "byproducts": [_byproduct(name, files[name], material) for name in sorted(files)],
                },
            },
        }
    )


def _subjects(material: Material, files: Mapping[str, bytes]) -> list[Described]:
    """No statement is about nothing: of a run that made no file the record of how it ended stands there."""
    if material.made:
        return [_described(names.in_json(name), material.made[name]) for name in sorted(material.made)]
    return [_described(f"{names.FOLDER}/{names.RUN}", sha256(files[names.RUN]))]


def _parameters(files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the user gave: the lock, or the manifest with its defaults."""
    name = next((name for name in (names.LOCK, names.RESOLVED) if name in files), None)
    given = _described(name, sha256(files[name])) if name is not None else None
    return {"manifest": given, "locked": name == names.LOCK}


def _dependencies(material: Material, files: Mapping[str, bytes]) -> Iterator[Described]:
    origin = material.origin
    if origin is not None:
        yield _source(material, files)
        yield _described("bundle", origin.bundle)
        for package in packages_in(origin):
            yield _package(package.purl, package.digests)
        for given in origin.inputs:
            name = f"input:{given.name}" if given.name else "checkpoints"
            yield {**_described(name, given.sha256), "annotations": {"files": given.files, "bytes": given.bytes}}
    yield from _of_plan(material.plan or {})


def _source(material: Material, files: Mapping[str, bytes]) -> Described:
    """The source directory by the digest of source.sha256, and what that list does not say."""
    origin = material.origin
    assert origin is not None  # noqa: S101 - who calls this has looked
    source = _described("source", sha256(files[names.SOURCE_SUMS]))
    annotations: dict[str, Any] = {
        "files": len(origin.source),
        "executable": [names.in_json(name) for name in origin.executable],
        "links": {names.in_json(name): names.in_json(target) for name, target in sorted(origin.links.items())},
    }
    if origin.line_ends:
        annotations["line_ends"] = {names.in_json(name): digest for name, digest in sorted(origin.line_ends.items())}
    if origin.git is not None:
        source["digest"]["gitCommit"] = origin.git.commit
        annotations["dirty"] = origin.git.dirty
    return {**source, "annotations": annotations}


def _package(purl: str, digests: tuple[str, ...]) -> Described:
    """One digest where the lock has chosen the file; else all that it may have, of which pip took one."""
    if len(digests) == 1:
        return {"uri": purl, "digest": {"sha256": digests[0]}}
    return {"uri": purl, "annotations": {"sha256": list(digests)}} if digests else {"uri": purl}


def _of_plan(plan: Mapping[str, Any]) -> Iterator[Described]:
    """What the plan names and nobody here can hash: the image, inputs and checkpoints at a URL."""
    image = (plan.get("infrastructure") or {}).get("image") or {}
    parts = [image.get(part) for part in ("publisher", "offer", "sku", "version")]
    if image.get("id") or all(parts):
        yield {"name": "image", "uri": image.get("id") or f"urn:azure:image:{':'.join(map(str, parts))}"}
    for given in plan.get("inputs") or ():
        if given.get("url"):
            yield {"name": f"input:{given['name']}", "uri": given["url"]}
    if str(plan.get("resume_from") or "").startswith("https://"):
        yield {"name": "checkpoints", "uri": plan["resume_from"]}


def _byproduct(name: str, data: bytes, material: Material) -> Described:
    described = _described(names.in_json(name), sha256(data))
    if name == names.EVENTS:
        head, lines = chain_head(data)
        described["annotations"] = {"head": head, "lines": lines}
    if name == names.RUN:
        document = material.document
        described["annotations"] = {"result": document.get("result"), "exit_code": document.get("exit_code")}
    return described


def _described(name: str, digest: str) -> Described:
    return {"name": name, "digest": {"sha256": digest}}
