"""The user's file of aliases → {alias: URL}, or what is wrong with it at its line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfinfra.errors import Diagnostic
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import Document, error_at
from tfinfra.manifest.key_schema import FORMS, PACKAGE_URL

_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def read_aliases(document: Document, faults: tuple[Diagnostic, ...]) -> dict[str, str]:
    """Raises ManifestError with all that is wrong."""
    found = (*faults, *_wrong(document))
    if found:
        raise refusal(found)
    return {str(alias): str(url) for alias, url in document.data.items()}


def _wrong(document: Document) -> Iterator[Diagnostic]:
    for alias, url in document.data.items():
        if not _ALIAS.fullmatch(alias):
            message = f"'{alias}' cannot be an index's alias"
            yield error_at(document, "TFI912", (alias,), message, "write a-z, 0-9, '-' and '_'", at="key")
        elif not isinstance(url, str) or not re.fullmatch(PACKAGE_URL, url):
            yield error_at(document, "TFI912", (alias,), f"the alias '{alias}' has no URL", FORMS[PACKAGE_URL])
