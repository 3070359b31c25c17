"""What a case is: a small script as users write it, and the keys of its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.catalog.tensorflow import Framework

# What every script begins with: random data, of its own for each seed, so that tasks that do not average end with
# different weights; and the last line, by which tasks are compared.
_HELPERS = '''\
import hashlib

import numpy as np


def data(seed):
    """x [64, 4] and y [64, 1], float32."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(64, 4)).astype("float32"), rng.normal(size=(64, 1)).astype("float32")


def tell(values):
    arrays = [np.asarray(v.numpy() if hasattr(v, "numpy") else v, "float32").round(4) + 0.0 for v in values]
    print("weights:", hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16], flush=True)
'''
HELPERS = {"helpers.py": _HELPERS}

MPI: dict[str, Any] = {"distributed_backend": "mpi", "node_count": 2}
WORKERS: dict[str, Any] = {"distributed_backend": "multi_worker", "node_count": 2}
SERVERS: dict[str, Any] = {"distributed_backend": "ps", "node_count": 2, "worker_count": 2, "parameter_server_count": 1}
LEGACY: dict[str, Any] = {"pip_packages": ["tf-keras"], "environment_variables": {"TF_USE_LEGACY_KERAS": "1"}}
"""With it tf.keras is Keras 2, from the package tf-keras (TensorFlow 2.16's release notes)."""


@dataclass(frozen=True)
class Case:
    """`name` is a sentence; `keys` the manifest's, but for name, script and versions. `each_learns`: tasks that end
    with different weights have trained together all the same. `for_`: the TensorFlows that it is tried on."""

    name: str
    script: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    each_learns: bool = False
    keras: int | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr((self.script, self.keys)).encode()).hexdigest()[:8]

    def fits(self, framework: Framework) -> bool:
        return self.keras in (None, framework.keras)
