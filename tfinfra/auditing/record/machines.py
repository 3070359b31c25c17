"""Whether the nodes are machines that ARM knew, and each of them once: what Pulumi told of ARM's resources, the
nodes' own records, the client's list of nodes, the plan."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mappings
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.records import NodeRead
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names
from tfinfra.model import to_json

_SCALE_SET = "/virtualmachinescalesets/"


def listed_by_arm(evidence: Evidence) -> Iterator[Finding]:
    """Each node is one of a scale set, or of a group, that Pulumi made."""
    told = [node for node in evidence.nodes if node.evidence is not None]
    if not told:
        return
    made = _made(evidence)
    if not made:
        file = in_run(names.STACKS)
        sentence = f"{file} lists no resource, so that nobody can say whether ARM knew the nodes"
        yield Finding("TFA254", Verdict.UNVERIFIABLE, file, sentence, file)
        return
    for node in told:
        machine = node.evidence.machine.resource_id.lower() if node.evidence is not None else ""
        if not any(_is_of(machine, each) for each in made if _SCALE_SET in each):
            sentence = f"node {node.number} is no machine that ARM made for the run: {machine or 'it has no ARM id'}"
            yield Finding("TFA255", Verdict.FOREIGN, f"node {node.number}", sentence, in_run(node.file))


def _is_of(machine: str, scale_set: str) -> bool:
    """Whether the ARM id is that of a machine of the scale set: below it, by its number, or, of a Flexible one, in its
    group, with its name before a "_" (learn.microsoft.com/azure/virtual-machine-scale-sets, "Orchestration modes")."""
    group, _, name = scale_set.rpartition("/providers/microsoft.compute/virtualmachinescalesets/")
    uniform = re.fullmatch(re.escape(scale_set) + r"/virtualmachines/\d+", machine)
    flexible = machine.startswith(f"{group}/providers/microsoft.compute/virtualmachines/{name}_")
    return uniform is not None or flexible


def _made(evidence: Evidence) -> set[str]:
    """The ids of ARM's resources, in small letters."""
    stacks = (evidence.stacks or {}).values()
    return {each.id.lower() for stack in stacks for each in stack.resources if each.id and each.id.startswith("/")}


def each_once(evidence: Evidence) -> Iterator[Finding]:
    """A node's two records are of one machine, and no machine is two nodes."""
    for node in evidence.nodes:
        record, subject, file = node.evidence, f"node {node.number}", in_run(node.file)
        if record is not None and record.node_id != node.registration.node_id:
            was, now = node.registration.node_id, record.node_id
            sentence = f"{file} has the records of two machines"
            yield Finding("TFA256", Verdict.FOREIGN, subject, sentence, file, was=was, now=now)
        if record is not None and record.node != node.number:
            yield Finding("TFA256", Verdict.FOREIGN, subject, f"{file} has the record of node {record.node}", file)
    told = [(each.registration.node_id, each.number) for each in evidence.nodes]
    told += [(each.evidence.machine.resource_id.lower(), each.number) for each in evidence.nodes if each.evidence]
    numbers = defaultdict[str, list[int]](list)
    for id_, number in told:
        numbers[id_].append(number)
    for id_, several in numbers.items():
        if len(several) > 1 and id_:
            sentence = f"the machine {id_} is node {', '.join(map(str, several))}"
            yield Finding("TFA256", Verdict.FOREIGN, id_, sentence, in_run(names.NODES))


def as_the_client_saw(evidence: Evidence) -> Iterator[Finding]:
    """The client saw each node register, and there are as many as the plan has."""
    known = {str(each.get("node_id")): each for each in mappings(evidence.run.get("nodes"))}
    for node in evidence.nodes if known else ():
        yield from _as_seen(node, known.get(node.registration.node_id))
    there = len(evidence.nodes)
    if evidence.plan is not None and there not in (0, evidence.plan.node_count):
        sentence = f"there are records of {there} nodes, and the plan has {evidence.plan.node_count}"
        verdict = Verdict.FOREIGN if there > evidence.plan.node_count else Verdict.MISSING
        yield Finding("TFA256", verdict, "nodes", sentence, in_run(names.NODES))


def _as_seen(node: NodeRead, seen: Mapping[str, object] | None) -> Iterator[Finding]:
    subject, file = f"node {node.number}", in_run(node.file)
    if seen is None:
        sentence = f"{file} is of a machine that the client never saw: {node.registration.node_id}"
        yield Finding("TFA256", Verdict.FOREIGN, subject, sentence, file)
        return
    for key, own in to_json(node.registration).items():
        if key in seen and seen[key] != own:
            sentence = f"{file} has another {key} than {in_run(names.RUN)} for the same machine"
            yield Finding("TFA256", Verdict.CHANGED, subject, sentence, file, was=str(seen[key]), now=str(own))


def as_asked_for(evidence: Evidence) -> Iterator[Finding]:
    """Each node has the size and the place of an attempt or of the plan, and the name and address that it registered
    with."""
    places = {(_same(each.vm_size), _same(each.location)) for each in (evidence.plan.choices if evidence.plan else ())}
    places |= {(_same(e.vm_size), _same(e.location)) for e in (evidence.ledger.attempts if evidence.ledger else ())}
    for node in evidence.nodes:
        record, subject, file = node.evidence, f"node {node.number}", in_run(node.file)
        if record is None:
            continue
        place = _same(record.machine.size), _same(record.machine.location)
        if places and place not in places:
            sentence = f"{file}: the machine is of another size, or elsewhere, than any that was asked for"
            yield Finding("TFA256", Verdict.FOREIGN, subject, sentence, file, now=" in ".join(place))
        for key in ("hostname", "address"):
            was, now = getattr(node.registration, key), getattr(record, key)
            if was != now:
                sentence = f"{file}: the node's record has another {key} than it registered with"
                yield Finding("TFA256", Verdict.CHANGED, subject, sentence, file, was=was, now=now)


def _same(text: str) -> str:
    """ARM's names of sizes and places have no case; a place may have blanks ("West Europe")."""
    return text.lower().replace(" ", "")


def in_order(evidence: Evidence) -> Iterator[Finding]:
    """Nodes are numbered from 0 without a gap."""
    numbers = sorted(node.number for node in evidence.nodes)
    unread = any(name.startswith(f"{in_run(names.NODES)}/") for name in evidence.files.unread)
    formless = any(fault.subject.startswith(f"{in_run(names.NODES)}/") for fault in evidence.faults)
    if numbers != list(range(len(numbers))) and not unread and not formless:
        gap = next(number for number in range(len(numbers) + 1) if number not in numbers)
        file = in_run(names.node_file(gap))
        yield Finding("TFA256", Verdict.MISSING, f"node {gap}", f"{file} is missing: there are later nodes", file)


CHECKS: tuple[Check, ...] = (listed_by_arm, each_once, as_the_client_saw, as_asked_for, in_order)
