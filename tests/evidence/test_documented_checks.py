"""The checks of docs/audit.md, run as they stand there: silent on evidence as it was, and loud on any other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.evidence.made import a_key, at_home
from tests.locked_tools import locked_tools
from tfinfra.audit.log import AuditLog
from tfinfra.evidence.material import NodeFiles
from tfinfra.sealing import nonce_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
CHECKS = re.findall(r"^([^\n]*)\n\n```sh\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def chained(folder: Path) -> bytes:
    log = AuditLog(folder / "log" / "events.jsonl", lambda: "2026-11-30T10:00:00Z", lambda text: None)
    for event in ("begin", "outcome", "end"):
        log.append(event)
    return log.path.read_bytes()


def attested_node(roots: Path, key: str = "age1own") -> NodeFiles:
    """A node whose attested document is signed below an authority in between; the root's certificate goes to
    `roots`."""
    root = trustme.CA()
    between = root.create_child_ca()
    leaf = between.issue_cert("eastus.metadata.azure.com", key_type=trustme.KeyType.RSA)
    private: Any = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    said = json.dumps({"nonce": nonce_of(key)}).encode()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(said)
    builder = builder.add_signer(x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()), private, SHA256())
    document = builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes])
    chain = x509.load_pem_x509_certificate(between.cert_pem.bytes()).public_bytes(Encoding.DER)
    root.cert_pem.write_to_path(str(roots))
    evidence = {"public_key": "age1own", "attested": [{"when": "before", "asked": time.time()}]}
    return NodeFiles(0, {"node_id": "n0"}, (), evidence, document, None, (chain,))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with signed evidence, the public key beside it."""
    node = attested_node(tmp_path / "roots.pem")
    return at_home(tmp_path, signer=a_key().signer, events=chained(tmp_path), nodes=(node,))


def other_machine(run: Path) -> None:
    """A document of the same cloud that names another key."""
    node = attested_node(run.parent / "roots.pem", "age1other")
    assert node.attested is not None
    (run / "audit/nodes/0.attested.p7").write_bytes(node.attested)
    (run / "audit/nodes/0.attested-chain.pem").write_text(DER_cert_to_PEM_cert(node.chain[0]))


def other_cloud(run: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(run.parent / "roots.pem"))


SUMS, LOG, STATEMENT, SIGNATURE, MODEL, BILL, PACKAGES, ATTESTED = range(8)
BY_ALL_SYSTEMS = (SUMS, LOG, STATEMENT, SIGNATURE, ATTESTED)
"""What needs no program of others but openssl: the others take seconds to start."""


def failing(run: Path, numbers: Iterable[int] = range(8)) -> list[int]:
    """Which of these checks do not end with 0."""
    environment = {**os.environ, "PATH": f"{locked_tools('verifiers')}:{os.environ['PATH']}"}
    lines = {number: ["bash", "-ec", CHECKS[number][1]] for number in numbers}
    done = {
        number: subprocess.run(line, cwd=run, env=environment, capture_output=True, check=False)
        for number, line in lines.items()
    }
    return [number for number, one in done.items() if one.returncode != 0]


def change(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def changed(run: Path) -> None:
        data = (run / name).read_bytes()
        assert old in data
        (run / name).write_bytes(data.replace(old, new))

    return changed


def cut_tail(run: Path) -> None:
    log = run / "audit/events.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))


def other_key(run: Path) -> None:
    (run.parent / "key.pub").write_bytes(a_key().signer.public_key)


def test_all_checks_are_silent_on_evidence_as_it_was(run: Path) -> None:
    assert len(CHECKS) == ATTESTED + 1
    assert failing(run) == []


def test_programs_of_others_find_what_is_theirs(run: Path) -> None:
    change("outputs/model/weights.h5", b"weights", b"others!")(run)
    change("audit/bom.cdx.json", b"machine-learning-model", b"model")(run)
    assert failing(run, (MODEL, BILL)) == [MODEL, BILL]


@pytest.mark.parametrize(
    ("tamper", "found_by"),
    [
        (change("outputs/model/weights.h5", b"weights", b"others!"), [SUMS, STATEMENT]),
        (cut_tail, [SUMS, LOG, STATEMENT]),
        (change("audit/events.jsonl", b"outcome", b"success"), [SUMS, LOG, STATEMENT]),
        (change("audit/statement.json", b"0.1.0", b"0.2.0"), [SUMS, SIGNATURE]),
        (change("audit/deploy/__main__.py", b"pulumi", b"os"), [SUMS, STATEMENT]),
        (other_key, [SIGNATURE]),
        (other_machine, [SUMS, STATEMENT, ATTESTED]),
        (other_cloud, [ATTESTED]),
    ],
)
def test_each_change_is_found_by_its_checks(tamper: Callable[[Path], None], found_by: list[int], run: Path) -> None:
    tamper(run)
    assert failing(run, BY_ALL_SYSTEMS) == found_by
