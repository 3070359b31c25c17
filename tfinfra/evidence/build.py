"""Material → the files of audit/: first those that say something, then the statement on them, the signatures on that,
and the sums over all of it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.evidence import names
from tfinfra.evidence.bill import bill
from tfinfra.evidence.dsse import Signer, bundle
from tfinfra.evidence.jsons import json_bytes
from tfinfra.evidence.material import Material, NodeFiles
from tfinfra.evidence.oms import NoModel, model_statement, outputs_in
from tfinfra.evidence.statement import statement
from tfinfra.evidence.sums import sha256, sums


def unsigned(material: Material) -> dict[str, bytes]:
    """{name in audit/: content} of all but signatures and sums."""
    files = {
        names.RUN: json_bytes(material.document),
        names.LEDGER: json_bytes(material.ledger),
        names.STACKS: json_bytes(material.stacks),
        names.LOG_SUMS: sums(_outside(material.logs)),
        names.BILL: bill(material),
    }
    if material.baseline is not None:
        files[names.BASELINE] = json_bytes(material.baseline)
    if material.events is not None:
        files[names.EVENTS] = material.events
    if material.journal is not None:
        files[names.JOURNAL] = material.journal
    for node in material.nodes:
        files |= _node(node)
    files |= _origin(material)
    return {**files, names.STATEMENT: statement(material, files)}


def _node(node: NodeFiles) -> dict[str, bytes]:
    document = {
        "node": node.node,
        "registration": node.registration,
        "tasks": list(node.tasks),
        "evidence": node.evidence,
    }
    files = {names.node_file(node.node): json_bytes(document)}
    if node.unfit is not None:
        files[names.unfit_file(node.node)] = node.unfit
    if node.attested is not None:
        files[names.attested_file(node.node)] = node.attested
    if node.attested_after is not None:
        files[names.attested_file(node.node, after=True)] = node.attested_after
    if node.chain:
        files[names.chain_file(node.node)] = "".join(map(ssl.DER_cert_to_PEM_cert, node.chain)).encode()
    return files


def _origin(material: Material) -> dict[str, bytes]:
    origin = material.origin
    if origin is None:
        return {}
    files = {f"{names.DEPLOY}/{name}": text.encode() for name, text in origin.deploy.items()}
    if origin.lock is not None:
        files[names.LOCK] = origin.lock.encode()
    elif names.RESOLVED in origin.deploy:
        files[names.RESOLVED] = origin.deploy[names.RESOLVED].encode()
    return {**files, names.SOURCE_SUMS: sums(origin.source)}


@dataclass(frozen=True)
class Signatures:
    """`files` are those that a key signed; `unsigned` says why outputs/ has no signature of its own, None where it
    has."""

    files: Mapping[str, bytes]
    unsigned: str | None = None


def signatures(statement_bytes: bytes, made: Mapping[str, str], run: str, signer: Signer) -> Signatures:
    """What `signer` signs: the statement, and the files of outputs/ among `made`. Raises what the signer raises."""
    files = {names.SIGNED_STATEMENT: bundle(statement_bytes, signer)}
    try:
        files[names.MODEL_SIGNATURE] = bundle(model_statement(outputs_in(made), run), signer)
    except NoModel as error:
        return Signatures(files, f"{names.OUTPUTS}/ {error}")
    return Signatures(files)


def all_sums(files: Mapping[str, bytes], made: Mapping[str, str], logs: Mapping[str, str]) -> bytes:
    """SHA256SUMS: of the `files` of audit/, and of what lies beside it."""
    return sums({**{name: sha256(data) for name, data in files.items()}, **_outside(made), **_outside(logs)})


def _outside(digests: Mapping[str, str]) -> dict[str, str]:
    """By the names that the files have from audit/."""
    return {f"../{name}": digest for name, digest in digests.items()}
