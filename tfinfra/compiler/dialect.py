"""The dialect of TF_CONFIG: what the manifest says or, with `auto`, what the script's names tell."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.compiler.script import Script
from tfinfra.manifest.manifest import Manifest

ESTIMATOR_NAMES = ("tensorflow.estimator", "tensorflow_estimator")
PARAMETER_SERVER_NAME = "ParameterServerStrategy"


@dataclass(frozen=True)
class Dialect:
    """The dialect of TF_CONFIG and, where `auto` chose it, why."""

    name: str
    reason: str | None


def choose_dialect(manifest: Manifest, script: Script) -> Dialect | None:
    """None without `ps`. `auto`: tf.estimator → estimator, ParameterServerStrategy → coordinator, else cluster_spec."""
    if manifest.distributed_backend != "ps":
        return None
    if manifest.tf_config != "auto":
        return Dialect(manifest.tf_config, None)
    if use := script.find(*ESTIMATOR_NAMES):
        return Dialect("estimator", f"{use.module}:{use.line} uses tf.estimator")
    if use := script.find_last(PARAMETER_SERVER_NAME):
        return Dialect("coordinator", f"{use.module}:{use.line} uses {PARAMETER_SERVER_NAME}")
    return Dialect("cluster_spec", "the script uses neither tf.estimator nor ParameterServerStrategy")
