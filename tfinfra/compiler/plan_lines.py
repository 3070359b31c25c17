"""Where a finding about a plan stands: the line of the manifest or of the target that asked for what is at fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tfinfra.compiler.target.chosen import Chosen
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import Document, KeyPath, dotted, error_at
from tfinfra.manifest.keys import MANIFEST


@dataclass(frozen=True)
class Places:
    """The manifest, and the target with the document that it stands in."""

    manifest: Document
    chosen: Chosen

    def diagnostic(
        self, code: str, key: str, message: str, hint: str | None = None, *, severity: Severity = Severity.ERROR
    ) -> Diagnostic:
        """A diagnostic on `key`, one of the target or of the manifest; where nobody wrote that, on what named the
        target."""
        for document, path in self._candidates(key):
            if path and (document.value(path) or path in document.texts):
                return error_at(document, code, path, message, hint, severity=severity)
        return Diagnostic(code, severity, message, dotted((key,)) if key in MANIFEST else "", None, hint)

    def in_file_order(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The manifest's first, by line; those of one line in the order given."""

        def place(diagnostic: Diagnostic) -> tuple[bool, str, int]:
            position = diagnostic.position
            return (position.file != self.manifest.file, position.file, position.line) if position else (False, "", 0)

        return tuple(sorted(found, key=place))

    def _candidates(self, key: str) -> tuple[tuple[Document, KeyPath], ...]:
        """The places to look at, the best first."""
        own = (self.chosen.document, (*self.chosen.path, key))
        whole = "cloud" if key == "subscription_id" else "vm_size"  # what a subscription lacks is no fault of the size
        target = (self.chosen.document, self.chosen.at(whole))
        named = tuple((self.manifest, (name,)) for name in (key, "compute_target", "vm_size"))
        return (named[0], own, target, *named[1:]) if key in _OF_MANIFEST else (own, named[0], target, *named[1:])


_OF_MANIFEST = ("name", "node_count", "use_gpu", "tags")
