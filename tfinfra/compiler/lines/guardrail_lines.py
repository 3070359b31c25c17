"""The line of the manifest for what breaches a guardrail, whoever wrote the target."""

from __future__ import annotations

from tfinfra.compiler.facts import Facts
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.guardrails.values import Guardrail
from tfinfra.manifest.document import Document, KeyPath, dotted


def breach(facts: Facts, code: str, path: KeyPath, held: Guardrail, *, what: str, hint: str) -> Diagnostic:
    """The error that `what`, written at `path` of the manifest, goes beyond the guardrail `held`."""
    message = f"{what}, but guardrail {held.name} is {held.value} ({held.file}:{held.line})"
    return Diagnostic(code, Severity.ERROR, message, dotted(path), position_of(facts.document, path), hint)


def target_path(facts: Facts, key: str, index: int = 0) -> KeyPath:
    """Where the manifest says what the target's `key` is: at the key, or where it names its target. Of a list, the item
    `index`."""
    chosen = facts.chosen
    if chosen.document is not facts.document:
        return ("compute_target",)
    return chosen.at(key, index) or ("vm_size",)


def of_target(facts: Facts, key: str, index: int = 0) -> str:
    """The target's `key` in a message, with its line where that is not in the manifest."""
    chosen = facts.chosen
    if chosen.document is facts.document:
        return key
    position = chosen.document.value(chosen.at(key, index))
    return f"{key} of target '{chosen.name}' ({position.file}:{position.line})" if position else key


def position_of(document: Document, path: KeyPath) -> Position | None:
    """That of the value at `path`; where it is not written, of the key that would hold it, at last of the first."""
    found = document.value(path)
    while found is None and path:
        path = path[:-1]
        found = document.key(path)
    return found
