"""A run's material, a key, and the evidence of both in a folder, as it lies at home."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tfinfra.evidence import names
from tfinfra.evidence.build import all_sums, signatures, unsigned
from tfinfra.evidence.dsse import Signer
from tfinfra.evidence.material import GivenInput, Material, NodeFiles, Origin
from tfinfra.model.git_state import GitState

RUN = "digits-abc123"
DIGEST = "ab" * 32
FILES = {
    "outputs/model/weights.h5": b"weights",
    "outputs/model.json": b"{}",
    "checkpoints/ckpt-1": b"ckpt",
    "tasks/rank-0.log": b"step 1\n",
    "nodes/agent-0.log": b"launched\n",
}
"""What lies at home, by its name in the run's folder."""
PACKAGES = f"""\
numpy==1.26.4 \\
    --hash=sha256:{"01" * 32}
tensorflow-cpu==2.15.1 \\
    --hash=sha256:{"02" * 32} \\
    --hash=sha256:{"03" * 32}
Own_Package @ https://index.example/own-1.0-py3-none-any.whl#sha256={"04" * 32}
"""
CONDA = {"name": "libx", "version": "1.2", "build": "h0_1", "subdir": "linux-64", "sha256": "05" * 32}
ORIGIN = Origin(
    source={"train.py": "06" * 32, "pkg/net.py": "07" * 32},
    executable=("train.py",),
    links={"data": "pkg"},
    bundle="08" * 32,
    environment={"packages": PACKAGES, "python_version": "3.11", "horovod": "0.28.1", "conda": [CONDA], "tools": ""},
    deploy={"__main__.py": "import pulumi\n", names.RESOLVED: "name: digits\n"},
    inputs=(GivenInput("digits", "09" * 32, 3, 1797), GivenInput("", "0a" * 32, 1, 4)),
    git=GitState("0b" * 20, dirty=True),
)
IMAGE = {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2404", "version": "24.4.1", "id": None}
MACHINE = {
    "image": IMAGE,
    "kernel": "6.8.0-azure",
    "driver": "550.54",
    "gpus": [{"model": "Tesla T4", "uuid": "GPU-1"}],
}
NODE = NodeFiles(0, {"node_id": "n0"}, ({"task": "rank-0", "exit_status": 0},), {"machine": MACHINE}, b"\x30p7")
PLAN = {
    "infrastructure": {"image": {**IMAGE, "version": "latest"}},
    "inputs": [{"name": "corpus", "url": "https://a.blob.core.windows.net/c/x"}, {"name": "digits", "path": "d"}],
}
EVENTS = b'{"seq": 0}\n{"seq": 1}\n'


def digests_of(files: dict[str, bytes], *folders: str) -> dict[str, str]:
    """{name: digest} of the files in these folders."""
    return {n: hashlib.sha256(data).hexdigest() for n, data in files.items() if n.partition("/")[0] in folders}


def a_material(files: dict[str, bytes] | None = None, **changes: Any) -> Material:
    there = FILES if files is None else files
    whole = Material(
        run=RUN,
        tfinfra="0.1.0",
        document={"run": RUN, "result": "succeeded", "exit_code": 0},
        ledger={"intervals": []},
        stacks={"keep": {"sha256": DIGEST, "resources": []}},
        events=EVENTS,
        made=digests_of(there, *names.SUBJECTS),
        logs=digests_of(there, *names.LOGS),
        nodes=(NODE,),
        origin=ORIGIN,
        plan=PLAN,
        started=1000.0,
        finished=2000.0,
    )
    return replace(whole, **changes)


@dataclass(frozen=True)
class Key:
    """A key of a test's own: `private` is PEM without a passphrase."""

    private: bytes
    signer: Signer


def a_key(number: int | None = None) -> Key:
    """A new one, or the one of that number, which is always the same."""
    curve = ec.SECP256R1()
    key = ec.generate_private_key(curve) if number is None else ec.derive_private_key(number, curve)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(private, Signer(lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())), public, "a key"))


def at_home(folder: Path, files: dict[str, bytes] | None = None, signer: Signer | None = None, **changes: Any) -> Path:
    """The run's folder, with its files and the evidence of them; the public key beside it as key.pub."""
    there = FILES if files is None else files
    material = a_material(there, **changes)
    run = folder / material.run
    evidence = unsigned(material)
    if signer is not None:
        evidence |= signatures(evidence[names.STATEMENT], material.made, material.run, signer).files
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "key.pub").write_bytes(signer.public_key)
    evidence[names.SUMS] = all_sums(evidence, material.made, material.logs)
    for name, data in {**there, **{f"{names.FOLDER}/{name}": data for name, data in evidence.items()}}.items():
        path = run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return run


def statement_of(material: Material) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unsigned(material)[names.STATEMENT])
    return found
