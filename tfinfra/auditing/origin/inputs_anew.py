"""Inputs and checkpoints as they are on the auditor's machine (`--full`), against what the run read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.origin.seen import CHECKPOINTS, INPUT, dependencies, is_data
from tfinfra.auditing.read_evidence import Evidence
from tfinfra.auditing.told import changed, unverifiable
from tfinfra.evidence import names


@dataclass(frozen=True)
class Here:
    """What lies on this machine: the digest of its names and bytes, or, where that is None, why there is none."""

    sha256: str | None
    why: str = ""


def places(evidence: Evidence) -> Mapping[str, str]:
    """{what the run read, as the statement names it: its path as the manifest wrote it, or the run whose checkpoints
    they are}, of what was hashed when it was read."""
    plan, read = evidence.plan, dependencies(evidence)
    if plan is None:
        return {}
    found = {f"{INPUT}{given.name}": given.path for given in plan.inputs}
    found |= {CHECKPOINTS: plan.resume_from}
    return {name: path for name, path in found.items() if path and name in read and read[name].sha256 is not None}


def compared(evidence: Evidence, here: Mapping[str, Here]) -> Iterator[Finding]:
    """`here` has what `places` names."""
    for name, read in dependencies(evidence).items():
        if not is_data(name) or read.sha256 is None:
            continue
        there = here.get(name, Here(None, "the statement does not say where it lay"))
        if there.sha256 is None:
            yield unverifiable("TFA390", names.STATEMENT, name, f"was not hashed anew: {there.why}")
        elif there.sha256 != read.sha256:
            sentence = "is not here as the run read it"
            yield changed("TFA390", names.STATEMENT, name, sentence, was=read.sha256, now=there.sha256)
