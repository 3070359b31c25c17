"""The evidence of a locked run of two ranks on two nodes, whole, as its client writes it where nothing is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.auditing.clean import BEGAN, a_node, chained, clean, events_of, scale_set
from tests.evidence.made import ORIGIN, Key
from tests.locking import locks
from tfinfra.bundle import Bundle, Packed
from tfinfra.compiler.lock_beside import lock_beside
from tfinfra.evidence.material import GivenInput, NodeFiles, Origin
from tfinfra.lifecycle.evidence.origin import origin_of
from tfinfra.lifecycle.locking import make as making
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.locking.document import LockedInstalled, ManifestLock
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.read import read_lock
from tfinfra.model import (
    CHECKS,
    Locked,
    NodeCheck,
    NodeEnvironment,
    NodeGpu,
    NodeMachine,
    Plan,
    TaskEvidence,
    to_json,
)
from tfinfra.model.git_state import GitState

BUNDLE, SETTINGS, TREE, INTERPRETER = ORIGIN.bundle, "a4" * 32, "c1" * 32, "c2" * 32
GIT = GitState("0b" * 20, dirty=True)
_RESUMED = "digits-zzzzzz"


@dataclass(frozen=True)
class LockedRun:
    """What a locked run was made from: its lock and the text of it, its plan, its origin."""

    lock: ManifestLock
    text: str
    plan: Plan
    origin: Origin

    def write(self, folder: Path, key: Key | None = None, **changes: Any) -> Path:
        """The run's folder with its evidence, signed by `key`. `changes` are fields of its Material; `node` changes
        what each node recorded."""
        record = changes.pop("node", {})
        lock = self.lock
        events = [
            (-6.0, "lock", {"digest": lock.digest}),
            *events_of()[:2],
            *((1.0, "input", {**to_json(given), "name": given.name or "checkpoints"}) for given in self.origin.inputs),
            (2.0, "bundle.begin", {"sha256": BUNDLE, "agent": "a3" * 32}),
            (3.0, "settings", {"digest": SETTINGS}),
            *events_of()[2:],
        ]
        material = {
            "origin": self.origin,
            "plan": to_json(self.plan),
            "nodes": tuple(self.node(number, **record) for number in range(2)),
            "events": chained(events),
        }
        return clean(folder, key, **{**material, **changes})

    def node(self, number: int, **changes: Any) -> NodeFiles:
        image, command = self.plan.infrastructure.image, ("python", self.plan.entry_script, *self.plan.arguments)
        machine = NodeMachine(
            "Standard_D8s_v5", "eastus", f"{scale_set()}/virtualMachines/{number}", image, "6.8.0-azure", "550.54"
        )
        held = self.lock.environment
        record = {
            "machine": replace(machine, gpus=(NodeGpu("Tesla T4", f"GPU-{number}"),)),
            "environment": NodeEnvironment(held.key, held.python.version, INTERPRETER, TREE, computed=True),
            "settings": SETTINGS,
            "variables": {"MODE": "a5" * 32},
            "tasks": (TaskEvidence(f"rank-{number}", command, "a6" * 32, 0, BEGAN + 60, BEGAN + 110, 0),),
            "locked": self.lock.digest.removeprefix("sha256:"),
            "checks": tuple(NodeCheck(name, "verified") for name in CHECKS),
        }
        return a_node(number, **{**record, **changes})


def a_locked_run(folder: Path, patch: pytest.MonkeyPatch) -> LockedRun:
    """Made of a project in `folder`; `patch` lasts while it is made."""
    for name in ("STATE", "CACHE", "CONFIG"):
        patch.setenv(f"TFINFRA_{name}_DIR", str(folder / name.lower()))
    for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        patch.delenv(name, raising=False)
    installed = LockedInstalled(f"sha256:{TREE}", f"sha256:{INTERPRETER}", "uv 0.13.9")
    locks.without_index_or_engine(patch, installed)
    patch.setattr(making, "git_state", lambda root, travels: GIT)
    project = folder / "project"
    checkpoints = project / "runs" / _RESUMED / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "step-7").write_bytes(b"weights")
    keys = f"node_count: 2\ndistributed_backend: mpi\nresume_from: {_RESUMED}\n"
    manifest = locks.project(project, locks.MANIFEST + keys)
    (project / "mod\u00e8le.py").write_text("SIZE = 8\n")
    locks.lock(manifest)
    read = read_lock(lock_beside(manifest).read_bytes(), lock_beside(manifest).name)
    assert read.lock is not None, read.found
    return _made(manifest, read.lock, read.data.decode())


def _made(manifest: Path, lock: ManifestLock, text: str) -> LockedRun:
    compiled = locks.compiled(manifest)
    environment = environment_lock(lock.environment)
    held = HeldLock(text, lock.digest, environment, Locked("0" * 64, "k", "3.11.9"), lock.source.files)
    packed = tuple(
        Packed(file.name, hashlib.sha256((compiled.source_root / file.name).read_bytes()).hexdigest(), file.executable)
        for file in compiled.travels.files
    )
    origin = origin_of(Bundle(Path("b"), "b", BUNDLE, packed), environment, compiled.tree, {}, held=held, git=GIT)
    given = {**lock.inputs, **({"": lock.checkpoints} if lock.checkpoints is not None else {})}
    inputs = tuple(
        GivenInput(name, str(data.sha256).removeprefix("sha256:"), data.files or 0, data.bytes or 0)
        for name, data in given.items()
    )
    return LockedRun(lock, text, compiled.plan, replace(origin, inputs=inputs))
