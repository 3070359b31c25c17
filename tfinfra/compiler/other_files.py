"""Files that are no manifests and are named in place of one: scripts, files that lie beside manifests, other tools'."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfinfra.guardrails.key_schema import GUARDRAILS

TARGETS_FILE = "compute_targets.yaml"
Said = tuple[str, str]
"""What the file is, and the way out."""


def by_its_name(path: Path) -> Said | None:
    """Of a file whose name says that it is no YAML, None of all others."""
    beside = next((one.name for end in (".yaml", ".yml") if (one := path.with_suffix(end)).is_file()), None)
    meant = f"did you mean '{beside}'?" if beside else None
    if path.suffix == ".py":
        return "is a Python script", meant or f"`tfinfra init --from {path}` writes a manifest for it"
    if path.suffix == ".ipynb":
        as_script = f"save its code as a file of Python, then `tfinfra init --from {path.with_suffix('.py')}`"
        return "is a notebook", meant or f"{as_script}; where it makes an estimator, `tfinfra convert {path}`"
    return None


def by_its_keys(path: Path, data: Mapping[str, Any]) -> Said | None:
    """Of a file of YAML that has no entry script, None where it may be meant as a manifest. Who names all files of a
    folder reads so, and not of each unknown key."""
    if "entry_script" in data:
        return None
    if path.name == TARGETS_FILE:
        return "has targets", "name the manifests, or their folder; `tfinfra doctor --target NAME` looks at a target"
    if data and {*data} <= {*GUARDRAILS}:
        return "has guardrails", "write --guardrails FILE"
    from tfinfra.converting.tools import TOOLS

    tool = next((one for one in TOOLS if one.recognises(data)), None)
    return (f"is another tool's ({tool.title})", f"`tfinfra convert {path}` makes a manifest of it") if tool else None
