"""Whether the script's imports will be met, by the lock and by the environment: asked before there are nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tfinfra.compiler.environment_modules import of_lock
from tfinfra.compiler.facts import AtLaunch
from tfinfra.compiler.pipeline import check_launch
from tfinfra.compiler.rules.scripts.environment import undecided
from tfinfra.errors import Diagnostic

if TYPE_CHECKING:
    from pathlib import Path

    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.environment.lock_file import Lock
    from tfinfra.lifecycle.run.workshop import Workshop
    from tfinfra.system.progress import Progress


def check_modules(
    compiled: Compiled, lock: Lock, workshop: Workshop, progress: Progress, *, built: Path | None = None
) -> tuple[Diagnostic, ...]:
    """Raises ManifestError with the imports that nothing will meet; returns those that may fail later, which the
    compiler has not told. `built` is the environment, once it is there."""
    known = replace(of_lock(lock), installed=workshop.modules(lock, built))
    if known.installed is None and undecided(compiled.facts, known):
        known = replace(known, wheels=workshop.modules_of_wheels(lock, known.unknown_packages(), progress))
    found = check_launch(compiled.facts, AtLaunch(modules=known))
    return tuple(diagnostic for diagnostic in found if diagnostic not in compiled.diagnostics)
