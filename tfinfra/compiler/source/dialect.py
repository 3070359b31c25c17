"""The dialect of TF_CONFIG: the manifest's or, with `auto`, the one that the script's names suggest."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.backends.registry import backend
from tfinfra.compiler.source.script import Script
from tfinfra.manifest.manifest import Manifest


@dataclass(frozen=True)
class Dialect:
    """The dialect of TF_CONFIG and, where `auto` chose it, why. `guessed`: no name in the script speaks for it."""

    name: str
    reason: str | None
    guessed: bool = False


def choose_dialect(manifest: Manifest, script: Script) -> Dialect | None:
    """None for a backend that has none. `auto`: that of the first of the backend's signs that the script has, the last
    sign's where it has none of the others."""
    chosen = backend(manifest.distributed_backend)
    if "tf_config" not in chosen.keys:
        return None
    if manifest.tf_config != "auto":
        return Dialect(manifest.tf_config, None)
    *signs, last = chosen.signs
    for sign in chosen.signs:
        if use := script.use_of(sign):
            return Dialect(str(sign.dialect), f"{use.module}:{use.line} uses {sign.what}")
    neither = " nor ".join(sign.what for sign in signs)
    return Dialect(str(last.dialect), f"the script uses neither {neither}", guessed=True)
