"""What `validate` says of a manifest that a verb has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfinfra.compiler.project import Project
    from tfinfra.errors import Diagnostic, TfinfraError


def judged(load: Callable[[], Project]) -> tuple[TfinfraError | None, tuple[Diagnostic, ...]]:
    """The error, None where the manifest is valid, and all that was found."""
    from tfinfra.compiler.pipeline import check_manifest
    from tfinfra.errors import ManifestError, NotFeasible

    try:
        return None, check_manifest(load()).diagnostics
    except (ManifestError, NotFeasible) as refused:
        return refused, refused.diagnostics
