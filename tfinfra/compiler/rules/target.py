"""Rules on the target that was chosen: what it is, whether it has the nodes and GPUs that the manifest wants, and
whether what others made for its runs fits together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.search import all_nodes, nodes_in_words, nodes_path
from tfinfra.compiler.target.chosen import gpus_per_node
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import BLOB_HOST, CONTAINER, FORMS
from tfinfra.model import to_json

MOST_NODES = 1000
"""Nodes of a scale set at most."""


def unusable_target(facts: Facts) -> Iterator[Diagnostic]:
    """What was wrong with the target when it was chosen."""
    yield from facts.chosen.diagnostics


def too_many_nodes(facts: Facts) -> Iterator[Diagnostic]:
    """More nodes than the target, or a scale set, may have (Azure: 100 in one placement group, 1,000 else)."""
    manifest, chosen, target = facts.manifest, facts.chosen, facts.chosen.target
    if target is None or chosen.size is None or not manifest.sound("node_count"):
        return
    nodes, document, path = all_nodes(manifest), manifest.document, nodes_path(manifest)
    infiniband = manifest.node_count > 1 and any(known.infiniband for known in chosen.sizes)
    most = 100 if infiniband else MOST_NODES
    if target.max_nodes is not None and nodes > target.max_nodes:
        limit = f"max_nodes: {target.max_nodes}{chosen.document.line(chosen.at('max_nodes'))}"
        yield error_at(document, "TFI406", path, f"{nodes_in_words(manifest)}, but target '{chosen.name}' has {limit}")
    if nodes > most:
        why = "an InfiniBand size is one placement group" if infiniband else "a run is one scale set"
        yield error_at(document, "TFI411", path, f"{nodes_in_words(manifest)}, but {why}: at most {most:,} nodes")


def gpus_and_use_gpu(facts: Facts) -> Iterator[Diagnostic]:
    """use_gpu where there is no GPU (in a rehearsal a notice), or GPUs that nothing will use."""
    manifest, chosen, known = facts.manifest, facts.chosen, facts.chosen.size
    if chosen.target is None or known is None or not manifest.sound("use_gpu"):
        return
    if manifest.use_gpu and known.vendor == "amd":
        message = f"{known.name} has {known.gpu_kind} GPUs, for which TensorFlow has no build here"
        yield error_at(manifest.document, "TFI405", ("use_gpu",), message, "use an NVIDIA size")
    elif manifest.use_gpu and not gpus_per_node(manifest, chosen, facts.project):
        what = "this machine" if chosen.target.cloud == "local" else known.name
        message = f"use_gpu is true, but {what} has no GPU"
        hint = "name a size with GPUs, for example Standard_NC4as_T4_v3, or set use_gpu: false"
        severity, way_out = (Severity.NOTICE, None) if facts.project.rehearse else (Severity.ERROR, hint)
        yield error_at(manifest.document, "TFI405", ("use_gpu",), message, way_out, severity=severity)
    elif not manifest.use_gpu and known.gpus:
        message = f"each {known.name} has {known.gpus} x {known.gpu_kind}, and use_gpu is false"
        hint = "set use_gpu: true, or take a size without GPUs"
        yield error_at(chosen.document, "TFI412", chosen.at("vm_size"), message, hint, severity=Severity.WARNING)


def store_without_identity(facts: Facts) -> Iterator[Diagnostic]:
    """A run's own identity is made with the run, and is granted rights within the run's own groups only: it cannot have
    access to a container that others made."""
    chosen, target = facts.chosen, facts.chosen.target
    if target is not None and target.store is not None and target.identity_id is None:
        message = f"target '{target.name}' has a store, and no identity_id that may use it"
        hint = "add identity_id: an identity with Storage Blob Data Contributor on that container"
        yield error_at(chosen.document, "TFI650", chosen.at("store"), message, hint)


def store_of_an_unknown_host(facts: Facts) -> Iterator[Diagnostic]:
    """Nodes would send their identity's token there."""
    chosen = facts.chosen
    store = chosen.target.store if chosen.target else None
    if store and not facts.project.own_cloud and not re.fullmatch(BLOB_HOST, urlsplit(store).netloc):
        message = f"'{urlsplit(store).netloc}' is no host of Azure's storage"
        yield error_at(chosen.document, "TFI725", chosen.at("store"), message, FORMS[CONTAINER])


def index_of_this_machine(facts: Facts) -> Iterator[Diagnostic]:
    """Nodes on Azure ask the target's indexes too, and localhost is each node itself there."""
    chosen, target = facts.chosen, facts.chosen.target
    if target is None or target.cloud == "local" or facts.project.rehearse:
        return
    for key, urls in to_json(target.sources).items():
        for index, url in enumerate([urls] if isinstance(urls, str) else urls or ()):
            if url.startswith("http:"):
                message = f"{key}: {url} is this machine, and on each node of Azure the node itself"
                yield error_at(
                    chosen.document, "TFI330", chosen.at(key, index), message, "write a URL that nodes reach"
                )


RULES: tuple[Rule, ...] = (
    unusable_target,
    too_many_nodes,
    gpus_and_use_gpu,
    store_without_identity,
    store_of_an_unknown_host,
    index_of_this_machine,
)
