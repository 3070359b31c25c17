"""An environment that was built anew against what the lock, and each node, say of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.rebuild.recipe import NotBuilt, built_from_source
from tfinfra.auditing.run_files import in_run
from tfinfra.environment.proof.installed_tree import Proof, compare
from tfinfra.evidence.names import LOCK, node_file
from tfinfra.locking.document import LockedEnvironment
from tfinfra.locking.environment import installed_of
from tfinfra.model import InstalledTree, NodeEnvironment

OF_LOCK, OF_NODES = "TFA510", "TFA511"
_LOCK = in_run(LOCK)
_VERDICTS = {Proof.DECLARED: Verdict.UNVERIFIABLE, Proof.FAILED: Verdict.CHANGED}


def environment_findings(
    held: LockedEnvironment, built: InstalledTree, nodes: Mapping[int, NodeEnvironment]
) -> Iterator[Finding]:
    """Where what was `built` is not the environment whose digest the lock has, or that a node has told."""
    if held.installed is None:
        why = "the lock has no digest of its environment, which was not built before it was made"
        yield Finding(OF_LOCK, Verdict.UNVERIFIABLE, _LOCK, why, _LOCK, hint="`tfinfra lock` after a run has it")
    else:
        yield from _compared(OF_LOCK, _LOCK, "the lock", installed_of(held.installed), built)
    for node in sorted(nodes):
        yield from _of_node(node, nodes[node], held, built)


def _compared(rule: str, file: str, whose: str, expected: InstalledTree, built: InstalledTree) -> Iterator[Finding]:
    proof, why = compare(expected, built)
    if proof is Proof.FAILED:
        why = f"built anew, the environment is sha256:{built.digest}, and {whose} says sha256:{expected.digest}"
    if proof is not Proof.VERIFIED:
        yield Finding(rule, _VERDICTS[proof], file, why, file, was=expected.digest, now=built.digest)


def _of_node(node: int, said: NodeEnvironment, held: LockedEnvironment, built: InstalledTree) -> Iterator[Finding]:
    file = in_run(node_file(node))
    if said.key != held.key:  # a rehearsal has the CPU build of a GPU's environment
        why = f"node {node} ran the environment {said.key}, and the lock's is {held.key}"
        yield Finding(OF_NODES, Verdict.UNVERIFIABLE, file, why, file)
    elif said.tree is None or said.interpreter is None:
        why = f"node {node} told no digest of its environment"
        yield Finding(OF_NODES, Verdict.UNVERIFIABLE, file, why, file)
    else:
        made_by = installed_of(held.installed) if held.installed else built
        expected = replace(made_by, digest=said.tree, interpreter=said.interpreter)
        yield from _compared(OF_NODES, file, f"node {node}", expected, built)


def not_built(why: NotBuilt) -> Iterator[Finding]:
    """Of an environment that nobody built anew."""
    yield Finding(OF_LOCK, Verdict.UNVERIFIABLE, _LOCK, f"the environment is not built anew: {why.why}", hint=why.hint)
    told = "what the nodes had is compared with nothing: the environment is not built anew"
    yield Finding(OF_NODES, Verdict.UNVERIFIABLE, "nodes", told)


def wheels_alone(held: LockedEnvironment, built: InstalledTree) -> NotBuilt:
    """Of what was `built` without what comes as source: no lock has a digest of that part."""
    source = " and ".join(built_from_source(held))
    count = len(held.packages) - len(held.source_builds)
    why = f"{source} would be built from source, which runs its code here; {count} packages are what their hashes say"
    if held.installed and built.interpreter != held.installed.interpreter.removeprefix("sha256:"):
        why += f", and Python {held.python.version} is here in another build"
    return NotBuilt(why, "--allow-builds builds it")
