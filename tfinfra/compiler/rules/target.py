"""Rules on the target that was chosen: what it is, and whether it has the nodes and GPUs that the manifest wants."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.project import Project
from tfinfra.compiler.target.chosen import Chosen, gpus_per_node
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest

MOST_NODES = 1000
"""Nodes of a scale set at most."""


def target_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules, after what was wrong with the target itself."""
    yield from facts.chosen.diagnostics
    yield from _capacity(facts.manifest, facts.chosen)
    yield from _gpus(facts.manifest, facts.chosen, facts.project)


def _capacity(manifest: Manifest, chosen: Chosen) -> Iterator[Diagnostic]:
    """More nodes than the target, or a scale set, may have (Azure: 100 in one placement group, 1,000 else)."""
    if chosen.target is None or chosen.size is None or not manifest.sound("node_count"):
        return
    nodes, document, path = manifest.node_count, manifest.document, ("node_count",)
    infiniband = any(known.infiniband for known in chosen.sizes)
    most = 100 if infiniband else MOST_NODES
    if chosen.target.max_nodes is not None and nodes > chosen.target.max_nodes:
        where = chosen.document.line(chosen.at("max_nodes"))
        yield error_at(
            document,
            "TFI406",
            path,
            f"node_count is {nodes}, but target '{chosen.name}' has max_nodes: {chosen.target.max_nodes}{where}",
        )
    if nodes > most:
        why = "an InfiniBand size is one placement group" if infiniband else "a run is one scale set"
        yield error_at(document, "TFI411", path, f"node_count is {nodes}, but {why}: at most {most:,} nodes")


def _gpus(manifest: Manifest, chosen: Chosen, project: Project) -> Iterator[Diagnostic]:
    """use_gpu where there is no GPU (in a rehearsal a notice), or GPUs that nothing will use."""
    if chosen.target is None or chosen.size is None or not manifest.sound("use_gpu"):
        return
    document, known = manifest.document, chosen.size
    if manifest.use_gpu and known.vendor == "amd":
        yield error_at(
            document,
            "TFI405",
            ("use_gpu",),
            f"{known.name} has {known.gpu_kind} GPUs, for which TensorFlow has no build here",
            "use an NVIDIA size",
        )
    elif manifest.use_gpu and not gpus_per_node(manifest, chosen, project):
        severity = Severity.NOTICE if project.rehearse else Severity.ERROR
        what = "this machine" if chosen.target.cloud == "local" else known.name
        hint = (
            None
            if project.rehearse
            else "name a size with GPUs, for example Standard_NC4as_T4_v3, or set use_gpu: false"
        )
        yield error_at(
            document, "TFI405", ("use_gpu",), f"use_gpu is true, but {what} has no GPU", hint, severity=severity
        )
    elif not manifest.use_gpu and known.gpus:
        message = f"each {known.name} has {known.gpus} x {known.gpu_kind}, and use_gpu is false"
        yield error_at(
            chosen.document,
            "TFI412",
            chosen.at("vm_size"),
            message,
            "set use_gpu: true, or take a size without GPUs",
            severity=Severity.WARNING,
        )
