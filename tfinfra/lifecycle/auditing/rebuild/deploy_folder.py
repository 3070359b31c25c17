"""The deploy folder of a run, made anew out of its lock or its resolved manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.origin.seen import deploy_files
from tfinfra.auditing.rebuild.deploy_folder import (
    RULE,
    deploy_findings,
    locked_deploy_findings,
    no_folder,
    not_made,
)
from tfinfra.auditing.run_files import in_run
from tfinfra.errors import ManifestError
from tfinfra.evidence.names import DEPLOY, LOCK, RESOLVED
from tfinfra.lifecycle.auditing.rebuild.in_child import Room
from tfinfra.locking.as_manifest import SOURCES
from tfinfra.locking.read import LIMITS, ReadLock
from tfinfra.manifest.reading.reader import read_document
from tfinfra.model import PackageSources, Plan, Unfit, decode, from_json, to_json

_PLAN = f"{DEPLOY}/plan.json"
_MOST_GPUS = 64


def deploy_folder(files: Mapping[str, bytes], lock: ReadLock | None, room: Room) -> Iterator[Finding]:
    """Where what is made is not what the evidence has; `files` are those of audit/."""
    origin = LOCK if lock is not None else RESOLVED
    there = deploy_files(files)
    if origin not in files or not there:
        yield no_folder("the evidence has none, or nothing that it was made from")
        return
    try:
        plan = decode(Plan, files.get(_PLAN, b""), LIMITS.bytes)
    except Unfit as error:
        yield Finding(RULE, Verdict.CHANGED, in_run(_PLAN), f"{in_run(_PLAN)} is no plan: {error}", in_run(_PLAN))
        return
    sources = _sources(there.get(RESOLVED, b""))
    requirements = to_json(plan.requirements)
    maker = {"sources": to_json(sources), "gpus": min(plan.gpus_per_node, _MOST_GPUS), "requirements": requirements}
    answer = room.asks("deploy", {"text": files[origin].decode("utf-8", "replace"), "file": origin, "maker": maker})
    if "tree" not in answer:
        yield no_folder(f"{origin} makes none: {answer['refused']}")
        return
    yield from (not_made(_PLAN, what) for what in answer["taken"])
    yield from deploy_findings(answer["tree"], there, origin)
    if lock is not None and lock.lock is not None:
        held = lock.lock
        yield from locked_deploy_findings(answer["tree"], held.infrastructure.deploy, held.environment.indexes, sources)


def _sources(resolved: bytes) -> PackageSources:
    """Where packages came from: text for the program, and asked of nobody."""
    try:
        target: Any = read_document(resolved, RESOLVED)[0].data.get("compute_target")
        return from_json(PackageSources, {key: target[key] for key in SOURCES if key in target})
    except (ManifestError, Unfit, TypeError):
        return PackageSources()
