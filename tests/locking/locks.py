"""A project with its lock, made without an index and without an engine: the environment and ARM's bodies are made up,
all else is as `tfinfra lock` has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfinfra.compiler.load import known_aliases, load_project
from tfinfra.compiler.lock_beside import lock_beside
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.environment.recipe import HOROVOD_HASHES, HOROVOD_VERSION, RECIPE
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.errors import Diagnostic
from tfinfra.lifecycle.locking import bodies
from tfinfra.lifecycle.locking import make as making
from tfinfra.lifecycle.locking.check import differences_of, load_lock
from tfinfra.lifecycle.locking.locked_environment import Upgrade
from tfinfra.locking.aliases import aliased
from tfinfra.locking.document import (
    LockedBody,
    LockedEnvironment,
    LockedHorovod,
    LockedInstalled,
    LockedPackage,
    LockedPython,
)
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.now import Requests
from tfinfra.system.progress import Progress, say_nothing

MANIFEST = """\
name: digits
entry_script: train.py
script_params: {--epochs: 3, --rate: 1e-3}
pip_packages: [numpy==1.26.4]
environment_variables: {MODE: quick}
inputs:
  digits: {path: data/digits}
  labels: {path: data/labels.csv}
compute_target: gpus
limits: {max_run_duration: 2h, max_cost_usd: 20}
"""
TARGETS = """\
gpus: {cloud: azure, vm_size: Standard_D8s_v5, location: eastus, subscription_id: 00000000-0000-0000-0000-000000000001}
other: {cloud: azure, vm_size: Standard_D4s_v5, location: eastus}
"""
SOURCE = {
    "train.py": "import helper\nprint('training')\n",
    "helper.py": "RATE = 1\n",
    "tools/prepare.sh": "echo ready\n",
}
DATA = {"data/digits/one.bin": "1111", "data/digits/two.bin": "2222", "data/labels.csv": "a,b\n"}


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def project(folder: Path, manifest: str = MANIFEST) -> Path:
    """The manifest of a project in `folder`; its data does not travel."""
    for name, text in {**SOURCE, **DATA, "train.yaml": manifest, "compute_targets.yaml": TARGETS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "tools/prepare.sh").chmod(0o755)
    (folder / ".tfinfraignore").write_text("data/\n")
    return folder / "train.yaml"


def environment(asked: str, platform: str = "x86_64-manylinux_2_28") -> LockedEnvironment:
    packages = (
        LockedPackage("numpy", "1.26.4", "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", digest("1"), 18252005),
        LockedPackage("tensorflow-cpu", "2.15.1", "tensorflow_cpu-2.15.1-cp311-cp311-manylinux1.whl", digest("2"), 9),
    )
    tools = (LockedPackage("cmake", "3.31.6", "cmake-3.31.6-py3-none-any.whl", digest("3"), 7),)
    found = LockedEnvironment(
        key="",
        asked=asked,
        recipe=RECIPE,
        platform=platform,
        python=LockedPython("3.11.9", "uv"),
        tensorflow="tensorflow-cpu",
        framework_version="2.15.1",
        gpu=False,
        packages=packages,
        horovod=LockedHorovod(HOROVOD_VERSION, min(HOROVOD_HASHES), "5.0.11", tools=tools),
    )
    return replace(found, key=environment_lock(found).key)


def requests() -> Requests:
    return Requests(
        (
            *(LockedBody("group", "Microsoft.Resources/resourceGroups", "2025-04-01", digest(one)) for one in "89"),
            LockedBody("vnet", "Microsoft.Network/virtualNetworks", "2024-05-01", digest("5")),
        ),
        digest("6"),
        digest("7"),
    )


def without_index_or_engine(patch: pytest.MonkeyPatch, installed: LockedInstalled | None = None) -> None:
    """Locks are made of a made-up environment, as it was once built, and made-up bodies from here on."""

    def found(compiled: Compiled, asked: str, *_: object, **__: object) -> LockedEnvironment:
        local = compiled.spec.target.cloud == "local"
        made = environment(asked, this_platform() if local else "x86_64-manylinux_2_28")
        indexes = aliased(compiled.spec.requirements.sources, known_aliases())
        return replace(made, indexes=indexes, installed=installed)

    patch.setattr(making, "environment_of", found)
    patch.setattr(bodies, "recorded_requests", lambda _: requests())


def compiled(manifest: Path) -> Compiled:
    return compile_manifest(load_project(manifest))


def lock(manifest: Path) -> Path:
    """Writes the lock; without_index_or_engine holds."""
    _, text = making.make(compiled(manifest), manifest, None, Upgrade(), folder=manifest.parent, progress=say_nothing)
    making.write(text, lock_beside(manifest))
    return lock_beside(manifest)


def found(manifest: Path, *, full: bool = False, progress: Progress = say_nothing) -> tuple[Diagnostic, ...]:
    """What `lock --check` finds."""
    read = load_lock(lock_beside(manifest))
    return differences_of(compiled(manifest), manifest, read, folder=manifest.parent, full=full, progress=progress)
