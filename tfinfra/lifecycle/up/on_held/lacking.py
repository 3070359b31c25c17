"""What a manifest wants that the held nodes cannot give, at its lines: pure, from what is known of both runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.lines.guardrail_lines import position_of, target_path
from tfinfra.compiler.packages.written import written_lines
from tfinfra.compiler.pipeline import Compiled
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import applies
from tfinfra.environment.requirements.pinned_hashes import exact_packages
from tfinfra.environment.requirements.requirement import normalised, shown
from tfinfra.errors import Diagnostic, Severity
from tfinfra.evidence.material import Origin
from tfinfra.manifest.document import KeyPath, dotted
from tfinfra.model import Infrastructure, Plan, Target
from tfinfra.system.local_tree import LocalTree
from tfinfra.text.wording import count

if TYPE_CHECKING:
    from packaging.requirements import Requirement

CODE = "TFI750"
_WITHOUT = "`tfinfra up` without --on makes nodes that have it"


@dataclass(frozen=True)
class HeldNodes:
    """What the nodes of `run` are: its plan, the `place` in which it got them, its target, and their environment."""

    run: str
    plan: Plan
    place: Infrastructure
    target: Target
    lock: Lock
    origin: Origin


def lacking(compiled: Compiled, held: HeldNodes) -> Iterator[Diagnostic]:
    """All that the held nodes cannot give."""
    facts = compiled.facts
    yield from _place(compiled, held)
    if compiled.plan.node_count != held.plan.node_count:
        message = f"{held.run} has {count(held.plan.node_count, 'node')}, and this run wants {compiled.plan.node_count}"
        yield _error(facts, ("node_count",), message)
    yield from _environment(compiled, held)
    yield from _inputs(compiled, held)


def _place(compiled: Compiled, held: HeldNodes) -> Iterator[Diagnostic]:
    facts, place, target = compiled.facts, held.place, compiled.spec.target
    where = (target.cloud, target.subscription_id)
    if where != (held.target.cloud, held.target.subscription_id):
        path = ("compute_target",) if facts.document.value(("compute_target",)) else target_path(facts, "vm_size")
        yield _error(facts, path, f"{held.run} is on another cloud or subscription: {held.target.cloud}")
        return
    same = list(compiled.plan.choices)
    for key, name in (("vm_size", "vm_size"), ("location", "location"), ("zone", "zone"), ("image", "image")):
        wanted = list(dict.fromkeys(getattr(choice, name) for choice in same))
        same = [choice for choice in same if getattr(choice, name) == getattr(place, name)]
        if not same:
            has, want = _word(getattr(place, name)), " or ".join(map(_word, wanted))
            yield _error(facts, target_path(facts, key), f"the nodes of {held.run} have the {key} {has}, not {want}")
            return


def _word(value: object) -> str:
    return str(getattr(value, "name", value)) if value is not None else "none"


def _environment(compiled: Compiled, held: HeldNodes) -> Iterator[Diagnostic]:
    facts, wanted, lock = compiled.facts, compiled.plan.requirements, held.lock
    for key, has, want in (
        ("framework_version", lock.framework_version, wanted.framework_version),
        ("python_version", held.plan.requirements.python_version, wanted.python_version),
    ):
        if has != want:
            yield _error(facts, (key,), f"the environment on the nodes of {held.run} has {key} {has}, not {want}")
    if wanted.gpu and not lock.gpu:
        message = f"the environment on the nodes of {held.run} has TensorFlow without GPUs"
        yield _error(facts, ("use_gpu",), message)
    if wanted.horovod and lock.horovod is None:
        message = f"Horovod is not in the environment on the nodes of {held.run}"
        yield _error(facts, ("distributed_backend",), message)
    yield from _packages(compiled, held)


def _packages(compiled: Compiled, held: HeldNodes) -> Iterator[Diagnostic]:
    """Lines that the first run had as well are met; of others, the locked version has to fit."""
    facts, wanted, before = compiled.facts, compiled.plan.requirements, held.plan.requirements
    if not set(wanted.conda) <= set(before.conda):
        new = ", ".join(shown(each) for each in wanted.conda if each not in before.conda)
        yield _error(facts, ("conda_packages",), f"{new} is not in the environment on the nodes of {held.run}")
    new_lines = [line for line in wanted.pip if line not in before.pip]
    unmet = {line: why for line in new_lines if (why := _unmet(line, held.lock, before.pip)) is not None}
    places = {one.requirement: one for one in written_lines(facts.manifest, facts.project)}
    for line, why in unmet.items():
        message = f"{shown(line)} is not in the environment on the nodes of {held.run}: {why}"
        if (place := places.get(line)) is not None:
            yield Diagnostic(CODE, Severity.ERROR, message, place.path, place.position, _WITHOUT)
        else:
            yield _error(facts, ("pip_packages",), message)


def _unmet(line: str, lock: Lock, before: Sequence[str]) -> str | None:
    """Why a lock that was made of the lines `before` does not meet a requirement, None where it does. A lock does not
    say for which extras of a package it has others: the lines alone do."""
    asked = _parsed(line)
    if asked is None or asked.url is not None:
        return "only what an index has by its name can be looked up there"
    if not applies(asked.marker, lock.python_version, lock.platform):
        return None
    had = {extra for each in map(_parsed, before) if each and _same(each, asked) for extra in each.extras}
    if extras := sorted(set(map(normalised, asked.extras)) - set(map(normalised, had))):
        return f"it was made without {asked.name}[{','.join(extras)}]"
    found = exact_packages(lock.packages).get(normalised(asked.name))
    if found is None:
        return "it has no such package"
    version = found[0].partition("==")[2].split(";")[0].strip()
    return None if asked.specifier.contains(version, prereleases=True) else f"it has {version}"


def _parsed(line: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _same(one: Requirement, other: Requirement) -> bool:
    return normalised(one.name) == normalised(other.name)


def _inputs(compiled: Compiled, held: HeldNodes) -> Iterator[Diagnostic]:
    known = {each.name: each for each in held.plan.inputs}
    for each in compiled.plan.inputs:
        if known.get(each.name) != each:
            message = f"the input '{each.name}' is not on the nodes of {held.run}"
            hint = "it had that name for something else" if each.name in known else _WITHOUT
            yield _error(compiled.facts, ("inputs", each.name), message, hint)


def copied_inputs(compiled: Compiled, held: HeldNodes) -> list[Diagnostic]:
    """The inputs of a URL that the nodes have as a copy: nobody knows what was there when they took it. A mount shows
    what is there now."""
    return [
        _error(
            compiled.facts,
            ("inputs", each.name),
            f"the input '{each.name}' is on the nodes of {held.run} as it was when they took it: what has changed at"
            f" {each.url} since then cannot be seen",
            f"`mode: mount` reads what is there now; {_WITHOUT}",
        )
        for each in compiled.plan.inputs
        if each.url is not None and each.mode == "download"
    ]


def changed_inputs(compiled: Compiled, held: HeldNodes, trees: Mapping[str, LocalTree]) -> Iterable[Diagnostic]:
    """The local inputs that are not as the first run has brought them; `trees` are those of now."""
    before = {given.name: given.sha256 for given in held.origin.inputs}
    for each in compiled.plan.inputs:
        tree = trees.get(each.name)
        if tree is not None and tree.sha256 != before.get(each.name):
            message = f"the input '{each.name}' has changed since {held.run} brought it to its nodes"
            yield _error(compiled.facts, ("inputs", each.name), message)


def _error(facts: Facts, path: KeyPath, message: str, hint: str = _WITHOUT) -> Diagnostic:
    """At the value, or where it is not written at the line that would hold it."""
    return Diagnostic(CODE, Severity.ERROR, message, dotted(path), position_of(facts.document, path), hint)
