"""A node of a locked run in this process: a small environment, a bundle in a store of this process, a metadata service
that signs what it is asked for."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from tests.agent.nodes import assignment_of
from tests.agent.test_own_faults import context_of
from tests.backends.specs import plan_of, spec
from tests.environment.proof.support import environment_in
from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.agent.node.node_identity import Identity, Key
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault
from tfinfra.bundle.archive import END, add_bytes, add_link, gzip_member
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.installed_tree import store_tree
from tfinfra.model import Image, InstalledTree, Locked, to_json
from tfinfra.store import MemoryStore

PLAN = plan_of(spec("ps", node_count=2, worker_count=2))
IMAGE = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.2")
COMPUTE = {"vmSize": "Standard_D2s_v5", "publisher": IMAGE.publisher, "offer": IMAGE.offer, "sku": IMAGE.sku}
FILES = {"agent/tfinfra/agent/run.py": b"run()\n", "source/train.py": b"print(1)\n", "plan.json": b"{}\n"}
KEY = Key("age1abc")


class Signer:
    """A metadata service whose documents are the nonces that it is asked for; `silent`: it does not answer."""

    def __init__(self) -> None:
        self.silent = False

    def attested(self, nonce: str, patience: float) -> str:
        if self.silent:
            raise NodeFault(f"the metadata endpoint did not answer within {patience} s")
        return base64.b64encode(nonce.encode()).decode()


def lock_of(*packages: str) -> Lock:
    text = "".join(f"{line} \\\n    --hash=sha256:{'0' * 64}\n" for line in packages)
    return Lock("k" * 20, 1, "linux-x86_64", "3.11.9", "tensorflow", "2.15.1", text, None, None, "", gpu=False)


LOCK = lock_of("alpha==1.0", "beta-one==1.0")


def built_environment(folder: Path) -> tuple[Path, InstalledTree]:
    """A small environment, its Python beside it, as its build has left both, and what the build has recorded."""
    environment = environment_in(folder)
    python = folder / "python"
    for name in ("bin/python3.11", "lib/python3.11/os.py"):
        (python / name).parent.mkdir(parents=True)
        (python / name).write_bytes(name.encode())
    (environment / "bin/python").unlink()
    (environment / "bin/python").symlink_to("../../python/bin/python3.11")
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.11.9\n")
    return environment, store_tree(environment, "uv 0.13.9")


def locked_to(installed: InstalledTree | None) -> Locked:
    return Locked("f" * 64, LOCK.key, "3.11.9", IMAGE, installed)


def put_bundle(store: MemoryStore, folder: Path, files: Mapping[str, bytes] = FILES) -> str:
    """Puts the bundle of `files` and a link into `store` as "b", and unpacks it into `folder`; its SHA-256."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar.gz")
    with archive.open("wb") as out, gzip_member(out) as member:
        for name, content in files.items():
            add_bytes(member, name, content)
        add_link(member, "source/data", "../inputs/ü")
        member.write(END)
    store.put("b", archive.read_bytes())
    subprocess.run(["tar", "-xzf", archive, "-C", folder, "--no-same-owner"], check=True)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


@dataclass(frozen=True)
class LockedNode:
    """One node of two, before its tasks; `metadata` signs for it."""

    context: AgentContext
    assignment: Assignment
    metadata: Signer

    @property
    def environment(self) -> Path:
        return self.assignment.folders.environment

    def witness(self, key: Key = KEY) -> Witness:
        return Witness(self.context, self.assignment, key, to_json(LOCK))


def node_in(root: Path, store: MemoryStore, rank: int = 0, *, locked: bool = True) -> LockedNode:
    """Node `rank` with all that is its own below `root`."""
    paths = NodePaths(root / f"node-{rank}")
    paths.make()
    environment, installed = built_environment(paths.cache)
    digest = put_bundle(store, paths.bundle)
    context, signer = context_of(paths.root, store), Signer()
    settings = replace(context.settings, bundle_sha256=digest, locked=locked_to(installed) if locked else None)
    folders = TaskFolders(root / "shared", root, paths.root / "tmp", environment)
    assignment = replace(assignment_of(PLAN, rank), paths=paths, folders=folders)
    who = assignment.registration
    identity = Identity(who.node_id, who.address, None, "vm", {**COMPUTE, "version": IMAGE.version})
    changes: dict[str, Any] = {"metadata": cast(Metadata, signer), "identity": identity, "plan": PLAN, "paths": paths}
    return LockedNode(replace(context, settings=settings, **changes), assignment, signer)
