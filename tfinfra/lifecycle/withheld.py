"""The caller's secrets: taken out of this process's environment for as long as a run is driven, so that no child of it
(the engine, the local cloud, uv) inherits them, and kept out of what this process writes about itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tfinfra.errors import Diagnostic, ManifestError
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.masking import masked_text

_taken: set[str] = set()


@contextmanager
def withheld(data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The values of the secrets that a manifest's `data` names, as far as they are set; back in their place afterwards.
    A wrong shape is left to the schema."""
    names = data.get("secrets")
    wanted = [n for n in names if isinstance(n, str)] if isinstance(names, (list, tuple)) else []
    taken = {name: os.environ.pop(name) for name in wanted if name in os.environ}
    _taken.update(taken.values())
    try:
        yield taken
    finally:
        os.environ.update(taken)


def redact(text: str) -> str:
    """`text` without any secret that this process has taken."""
    return masked_text(text, _taken)


def refuse_missing(manifest: Manifest, values: Mapping[str, str]) -> None:
    """Raises ManifestError naming every secret that `values` does not have, or has empty, at its line."""
    found = [_missing(manifest, i, name) for i, name in enumerate(manifest.secrets) if not values.get(name)]
    if found:
        raise ManifestError(found[0].message, found[0].hint, tuple(found))


def _missing(manifest: Manifest, index: int, name: str) -> Diagnostic:
    message = f"the secret {name} is not set in the environment of this command, or it is empty"
    hint = f"export {name} in this shell, or in the CI job's settings"
    return error_at(manifest.document, "TFI722", ("secrets", index), message, hint)
