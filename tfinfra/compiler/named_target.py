"""A target on its own, without a manifest that names it."""

from __future__ import annotations

from pathlib import Path

from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.target.chosen import choose_target
from tfinfra.errors import ManifestError
from tfinfra.manifest.manifest import manifest_of
from tfinfra.model import Target


def named_target(name: str, folder: Path) -> Target:
    """The target `name` of the compute_targets.yaml in `folder` or of the user's own. Raises ManifestError."""
    project = project_from_arguments({"compute_target": name}, name="setup", folder=folder, target=name)
    chosen = choose_target(manifest_of(project.document, frozenset()), project)
    if chosen.target is None:
        errors = [d for d in chosen.diagnostics if d.is_error]
        raise ManifestError(errors[0].message, errors[0].hint, tuple(chosen.diagnostics))
    return chosen.target
