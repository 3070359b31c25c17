"""Gets a machine ready for runs before the first one: the Pulumi command line tool and the default environments."""

from __future__ import annotations

from typing import Any

from tfinfra.lifecycle.ports import Progress
from tfinfra.model import Requirements
from tfinfra.paths import cache_folder

THIS_MACHINE = ""
"""The platform of an environment that the local cloud's nodes mount."""


def prepare_machine(progress: Progress) -> dict[str, Any]:
    """Installs Pulumi and builds the environments of the default versions, with and without Horovod. What was made:
    {"pulumi": path, "environments": [path, …]}. Raises TfinfraError."""
    from tfinfra.engine.toolchain import ensure_cli

    pulumi = ensure_cli(progress)
    progress(f"Pulumi: {pulumi}")
    environments = [_environment(wanted, progress) for wanted in default_requirements()]
    return {"pulumi": str(pulumi), "environments": environments}


def default_requirements() -> tuple[Requirements, ...]:
    """What a manifest without versions and packages of its own is locked from."""
    from tfinfra.manifest.manifest import Manifest

    defaults = Manifest.__dataclass_fields__
    version, python = defaults["framework_version"].default, defaults["python_version"].default
    return tuple(Requirements(str(version), str(python), (), horovod, gpu=False) for horovod in (False, True))


def _environment(wanted: Requirements, progress: Progress) -> str:
    from tfinfra.environment.build import ensure_environment
    from tfinfra.environment.lock import make_lock

    what = f"TensorFlow {wanted.framework_version}" + (" with Horovod" if wanted.horovod else "")
    progress(f"the environment of {what}")
    lock = make_lock(wanted, THIS_MACHINE, cache_folder(), progress=progress)
    return str(ensure_environment(lock, cache_folder(), progress))
