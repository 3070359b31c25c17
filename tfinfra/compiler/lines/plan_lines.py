"""The line for a finding on a plan: that of the manifest, or of the target, where what is at fault was written."""

from __future__ import annotations

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.search import nodes_path
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.key_schema import MANIFEST

_OF_MANIFEST = ("name", "node_count", "use_gpu", "tags")
"""Keys that are looked for in the manifest before the target: a target has none of these names, or means another."""


def plan_diagnostic(
    facts: Facts,
    code: str,
    key: str,
    message: str,
    hint: str | None = None,
    *,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic on `key`, one of the target or of the manifest; where it is not written, on what names the
    target."""
    manifest, chosen = facts.document, facts.chosen
    whole = "cloud" if key == "subscription_id" else "vm_size"  # what a subscription lacks is no fault of the size
    own: tuple[Document, KeyPath] = (chosen.document, (*chosen.path, key))
    in_target = (chosen.document, chosen.at(whole))
    written: KeyPath = nodes_path(facts.manifest) if key == "node_count" else (key,)
    in_manifest, *named = ((manifest, path) for path in (written, ("compute_target",), ("vm_size",)))
    first = (in_manifest, own) if key in _OF_MANIFEST else (own, in_manifest)
    for document, path in (*first, in_target, *named):
        if path and (document.value(path) or path in document.texts):
            return error_at(document, code, path, message, hint, severity=severity)
    return Diagnostic(code, severity, message, dotted((key,)) if key in MANIFEST else "", None, hint)
