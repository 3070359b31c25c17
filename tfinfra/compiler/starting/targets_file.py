"""A compute_targets.yaml to begin with: one target that works, and every other key with what it means."""

from __future__ import annotations

import textwrap

from tfinfra.compiler.starting.starter import SCHEMA_LINE
from tfinfra.reference.entry import Entry
from tfinfra.reference.keys import target_keys

_WIDTH = 110
_USED = ("cloud", "location", "vm_size")
_HEAD = """\
# Where runs go. A manifest names one of these: `compute_target: gpus`. This file lies beside the manifests, or in the
# configuration folder of whoever runs them (~/.config/tfinfra), which is asked after it.
# `tfinfra catalog sizes` lists sizes and prices; `tfinfra doctor --target gpus` says whether a target is ready.
"""


def targets_text(schema: str) -> str:
    """The file; `schema` is the file with its JSON Schema. Examples that contradict each other are comments."""
    keys = target_keys()
    used = "\n".join(f"  {key.example}" for key in keys if key.name in _USED)
    others = "\n".join(_commented(key) for key in keys if key.name not in _USED)
    cpus = "cpus:\n  cloud: azure\n  location: eastus\n  vm_size: Standard_D8s_v5\n"
    return f"{SCHEMA_LINE.format(schema)}{_HEAD}\ngpus:\n{used}\n{others}\n\n{cpus}"


def _commented(key: Entry) -> str:
    said = textwrap.wrap(f"{key.title}; default: {key.default}", _WIDTH, break_on_hyphens=False)
    line = (key.example or "").splitlines()[-1]
    return "\n".join([*(f"  # {one}" for one in said), f"  #   {line}"])
