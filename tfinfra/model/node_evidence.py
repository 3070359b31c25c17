"""What a node records of itself for a run's evidence, and what a lock makes it check before its tasks start.

A node writes its NodeEvidence before its first task, and again when its tasks have ended. Each stands on what the node
itself has looked at: the instance metadata, /proc, its files, the processes that it started.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from tfinfra.model.infrastructure import Image
from tfinfra.model.shapes import Address, Count, ExitStatus, Line, Moment, Name, Sha256, one_of

EVIDENCE_VERSION = 1
"""Of NodeEvidence. A field more changes nothing; one that means something else raises it."""

Proof = Annotated[str, one_of("verified", "declared", "failed")]
When = Annotated[str, one_of("before", "after")]
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class InstalledTree:
    """What a build made of an environment lock (environment/proof/installed_tree.py). `digest` is that of the
    environment's tree; `interpreter` that of the Python build it runs; `installer` what has installed the packages;
    `compiler` what has compiled Horovod, "" where nothing was compiled. `declared` says why another build of the same
    lock may hold other bytes: where it is empty, all builds by the same three have this digest."""

    digest: Sha256
    interpreter: Sha256
    installer: str
    compiler: str = ""
    declared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Locked:
    """NodeSettings.locked: what the lock of a run says of its nodes. `digest` is the lock's own, `environment` the key
    of its training environment, `python` the exact version. `image` never is "latest", and None where the target names
    none; `installed` is None where the environment was not built when the lock was made."""

    digest: Sha256
    environment: str
    python: str
    image: Image | None = None
    installed: InstalledTree | None = None


@dataclass(frozen=True)
class NodeCheck:
    """One check of a node under a lock. `verified`: the node compared it itself; `declared`: nobody could compare it,
    and `why` says what is missing; `failed`: `why` says what differs. `name` is one of CHECKS."""

    name: Name
    proof: Proof
    why: str = ""


CHECKS = {
    "bundle": "each file of the unpacked bundle is the one in the archive, whose SHA-256 the settings name",
    "wheels": "each package of the lock is installed, no other is, and each was held against its hash",
    "records": "each package's files are those that its RECORD lists",
    "owners": "no file in site-packages belongs to no package",
    "environment": "the digest of the whole environment is the lock's",
    "interpreter": "Python is the lock's",
    "image": "the machine runs the lock's exact image, as the metadata service says",
    "preload": "nothing is loaded into the tasks' processes that the manifest does not name",
    "gpus": "all nodes have the same GPUs and the same driver",
    "variables": "the variables of all tasks are equal, but for a task's own",
}
"""What a node checks before its first task, by name, in this order."""
SIDE_BY_SIDE = ("gpus",)
"""Those of them for which it needs the other nodes' records: where one of these ends the run, it may not come to it."""


@dataclass(frozen=True)
class NodeGpu:
    """A GPU as its driver names it; `uuid` is "" while the driver has not asked it."""

    model: Line
    uuid: Line = ""


@dataclass(frozen=True)
class NodeMachine:
    """What the metadata service says of the machine, and what the machine says of itself. `image` is the one that
    booted, `resource_id` the machine's ARM id. `kernel` is "6.8.0-1021-azure"; `driver` the version of NVIDIA's kernel
    module, "" where none is loaded."""

    size: Line
    location: Line
    resource_id: Line
    image: Image
    kernel: Line
    driver: Line = ""
    gpus: tuple[NodeGpu, ...] = ()


@dataclass(frozen=True)
class NodeEnvironment:
    """The training environment that the tasks run in. `key` is that of its lock, `python` the version that it really
    has, `interpreter` and `tree` are the digests of environment/proof/. `tree` is None where it was not computed;
    `computed`: this node read every file for it, else whoever built the environment left it there. `wheels` are the
    SHA-256 of what was built and not fetched by hash, by file name."""

    key: str
    python: str
    interpreter: Sha256 | None = None
    tree: Sha256 | None = None
    computed: bool = False
    wheels: dict[str, Sha256] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskEvidence:
    """A task as its node started it and saw it end. `argv` is what was started; `variables` is the digest of all of
    its environment (see NodeEvidence.variables). `exit_status` is None where the node did not see an end; `attempt`
    counts its restarts."""

    task: Name
    argv: tuple[str, ...]
    variables: Sha256
    attempt: Count = 0
    started: Moment | None = None
    ended: Moment | None = None
    exit_status: ExitStatus | None = None


@dataclass(frozen=True)
class Attestation:
    """An attested document of the machine, which lies beside the record as <…>.<when>.p7: PKCS#7 in DER, with the
    certificate of its signer; its nonce is `sealing.nonce_of` the node's `public_key`. `sha256` is that of the file,
    None where the metadata service gave none, and `why` says so. `asked` is the node's own time."""

    when: When
    asked: Moment
    sha256: Sha256 | None = None
    why: str = ""


@dataclass(frozen=True)
class NodeEvidence:
    """evidence/<node_id>.json. `node` is the rank of the node, `node_id` its vmId. `bundle` is the SHA-256 of the
    archive that the node was sent, `agent` the digest of the agent's files as they lie there, `settings` that of the
    node's settings (`store.encode` of them). `variables` are the digests of the variables that all tasks of the run
    have alike, by name: of the value with its credentials left out, and, for a secret, of nothing. `locked` is the
    digest of the run's lock, None where it has none: then there are no `checks`."""

    run: Name
    node: Count
    node_id: Name
    hostname: Name
    address: Address
    machine: NodeMachine
    environment: NodeEnvironment
    public_key: str
    bundle: str
    agent: Sha256
    settings: Sha256
    variables: dict[str, Sha256]
    taken: Moment
    ended: Moment | None = None
    attested: tuple[Attestation, ...] = ()
    tasks: tuple[TaskEvidence, ...] = ()
    locked: Sha256 | None = None
    checks: tuple[NodeCheck, ...] = ()
    version: Count = EVIDENCE_VERSION
