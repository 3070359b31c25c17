"""The plan that a target is walked for: that of a manifest, or the smallest one that the target can have."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tfinfra.compiler.pipeline import Compiled

_SCRIPT = "import tensorflow as tf\n\nprint(tf.__version__)\n"


@dataclass(frozen=True)
class WalkedPlan:
    """A compiled plan, and in a sentence which one it is."""

    compiled: Compiled
    description: str


def walked(target: str | None, manifest: Path | None, *, rehearse: bool) -> WalkedPlan:
    """The plan of `manifest` at `target` (None: the manifest's own), or of one node at the target of that name. Raises
    ManifestError where either is wrong."""
    if manifest is not None:
        from tfinfra.compiler.load import load_project
        from tfinfra.compiler.pipeline import compile_manifest

        compiled = compile_manifest(load_project(manifest, target=target, rehearse=rehearse))
        return WalkedPlan(compiled, f"{_nodes(compiled)}, as {manifest} has it")
    assert target is not None  # noqa: S101 - for the type checker: one of both is given
    return _smallest(target, rehearse)


def _smallest(target: str, rehearse: bool) -> WalkedPlan:
    """One node of the target's first size in its first location, with its GPUs where it has some."""
    from tfinfra.catalog import sizes
    from tfinfra.compiler.load import project_from_arguments
    from tfinfra.compiler.named_target import named_target
    from tfinfra.compiler.pipeline import compile_manifest

    chosen = named_target(target, Path())
    size = sizes.size(chosen.vm_size)
    with tempfile.TemporaryDirectory(prefix="tfinfra-") as folder:
        (Path(folder) / "train.py").write_text(_SCRIPT, "utf-8")
        arguments = {
            "source_directory": folder,
            "entry_script": "train.py",
            "compute_target": target,
            "use_gpu": bool(chosen.cloud == "azure" and size and size.gpus),
        }
        project = project_from_arguments(arguments, name="doctor", folder=Path(), target=target, rehearse=rehearse)
        compiled = compile_manifest(project)
    return WalkedPlan(compiled, f"{_nodes(compiled)} is assumed; --manifest M asks for what M needs")


def _nodes(compiled: Compiled) -> str:
    made = compiled.plan.infrastructure
    return f"{made.node_count} x {made.vm_size} in {made.location}"
