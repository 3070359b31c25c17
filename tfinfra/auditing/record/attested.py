"""The words of a node's cloud on it: signed by that cloud, with a certificate that held, about this machine and this
key. What they say of the time nobody can move."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.records import NodeRead
from tfinfra.auditing.run_files import in_run
from tfinfra.azure.identity.attested import (
    Attested,
    NoRoot,
    self_signed,
    signer_of,
    unverified,
    verified,
)
from tfinfra.cloud import Trust
from tfinfra.evidence import names
from tfinfra.evidence.sums import sha256
from tfinfra.model import AFTER, BEFORE, Attestation, NodeEvidence
from tfinfra.sealing import NotAttested, nonce_of


@dataclass(frozen=True)
class Document:
    """An attested document of a node, and what the node's record says of it; `name` is the file's in audit/."""

    node: NodeRead
    when: str
    name: str
    data: bytes
    noted: Attestation | None


def documents(evidence: Evidence) -> Iterator[Document]:
    """All that lie there."""
    for node in evidence.nodes:
        for when in (BEFORE, AFTER):
            name = names.attested_file(node.number, after=when == AFTER)
            data = evidence.files.evidence.get(name)
            if data is not None:
                yield Document(node, when, name, data, _noted(node.evidence, when))


def _noted(record: NodeEvidence | None, when: str) -> Attestation | None:
    return next((each for each in record.attested if each.when == when), None) if record is not None else None


def signed_by_its_cloud(evidence: Evidence) -> Iterator[Finding]:
    """Each is signed by the metadata service of the run's cloud, with a certificate that held when it was made."""
    cloud = str(evidence.run.get("cloud"))
    trust = evidence.auditor.clouds.get(cloud)
    found = [(document, _fault(evidence, document, trust)) for document in documents(evidence)]
    some_holds = any(fault is None for _, fault in found)
    for document, fault in found:
        if fault is None:
            continue
        rule, why = fault
        if rule == "TFA254" and some_holds:
            yield _finding("TFA250", document, Verdict.FOREIGN, f"{why}, and others of this run do")
        elif rule == "TFA254":
            yield _no_roots(document, why)
        else:
            yield _finding(rule, document, Verdict.FOREIGN, why)


_Fault = tuple[str, str]
"""The rule, and the reason."""


def _fault(evidence: Evidence, document: Document, trust: Trust | None) -> _Fault | None:
    """What is wrong with the signature of a document, None where nothing is."""
    try:
        made = self_signed(document.data).created
    except NotAttested as error:
        return "TFA250", str(error)
    signer = signer_of(document.data)
    if signer is not None and made is not None and not signer.begin <= made <= signer.end:
        held = f"{signer.begin:%Y-%m-%d %H:%M} to {signer.end:%Y-%m-%d %H:%M}"
        return "TFA251", f"its signer's certificate held from {held}, and not when it was made ({made:%Y-%m-%d %H:%M})"
    if trust is None:
        return "TFA254", f"the roots of the cloud '{evidence.run.get('cloud')}' are not known here"
    chain = _chain(evidence, document.node)
    return ("TFA250", chain) if isinstance(chain, str) else _to_no_root(document, trust, made, chain)


def _to_no_root(document: Document, trust: Trust, made: datetime | None, chain: tuple[bytes, ...]) -> _Fault | None:
    """Why a document whose own signature holds counts for nothing; None where its signer leads to a root."""
    try:
        verified(document.data, replace(trust, fetch=None), made or datetime.now(timezone.utc), chain)
    except NoRoot:
        return _without_root(document, trust, chain)
    except NotAttested as error:
        return "TFA250", str(error)
    return None


def _without_root(document: Document, trust: Trust, chain: tuple[bytes, ...]) -> _Fault:
    """Why its signer leads to no root: a certificate above it did not hold then, or another cloud's has signed."""
    signer = signer_of(document.data)
    if signer is not None and _holds_at(document, trust, chain, signer.begin):
        return "TFA251", "a certificate above its signer's did not hold when it was made"
    if signer is not None and signer.issuer in _names_of(trust, chain):
        return "TFA250", "its signer names an authority that has not signed for it"
    if chain:
        return "TFA250", "the certificates beside it lead to no root that counts"
    return "TFA254", "who signed it leads to no root that is known here"


def _holds_at(document: Document, trust: Trust, chain: tuple[bytes, ...], moment: datetime) -> bool:
    try:
        verified(document.data, replace(trust, fetch=None), moment, chain)
    except NotAttested:
        return False
    return True


def _names_of(trust: Trust, chain: tuple[bytes, ...]) -> set[bytes]:
    """Of the roots, and of the certificates between as far as they can be read."""
    from cryptography import x509

    found = {each.subject.public_bytes() for each in x509.load_pem_x509_certificates(trust.roots)}
    for each in chain:
        with suppress(ValueError):
            found.add(x509.load_der_x509_certificate(each).subject.public_bytes())
    return found


def _chain(evidence: Evidence, node: NodeRead) -> tuple[bytes, ...] | str:
    """The certificates beside a node's documents (DER), or why they are none."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    data = evidence.files.evidence.get(names.chain_file(node.number))
    if data is None:
        return ()
    try:
        return tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(data))
    except (ValueError, x509.InvalidVersion):
        return f"{in_run(names.chain_file(node.number))} holds no certificates"


def about_this_node(evidence: Evidence) -> Iterator[Finding]:
    """Each is about the machine that the node is, and names the key that only its agent had."""
    for document in documents(evidence):
        said = unverified(document.data)
        if said is None:
            continue  # that it cannot be read is told
        for what, expected in _expected(document.node):
            found = str(said.said.get(what, ""))
            if found.lower() != expected.lower():
                why = f"it has another {what} than the node: it was made for another machine, or for another key"
                finding = _finding("TFA252", document, Verdict.FOREIGN, why)
                yield replace(finding, was=expected, now=found[:80])


def _expected(node: NodeRead) -> Iterator[tuple[str, str]]:
    yield "vmId", node.registration.node_id
    key = node.evidence.public_key if node.evidence is not None else node.registration.public_key
    if key:
        yield "nonce", nonce_of(key)
    if node.evidence is not None and (subscription := _subscription(node.evidence.machine.resource_id)):
        yield "subscriptionId", subscription


def _subscription(resource_id: str) -> str | None:
    """Of an ARM id: /subscriptions/<…>/…"""
    parts = resource_id.split("/")
    return parts[2] if len(parts) > 2 and parts[1].lower() == "subscriptions" else None


def each_once(evidence: Evidence) -> Iterator[Finding]:
    """No document serves twice: for two nodes, or for two moments."""
    seen: dict[str, Document] = {}
    for document in documents(evidence):
        digest = sha256(document.data)
        first = seen.setdefault(digest, document)
        if first is not document and not _is_of_one_second(first, document):
            yield _finding("TFA252", document, Verdict.FOREIGN, f"it is {in_run(first.name)} once more")


def _is_of_one_second(first: Document, second: Document) -> bool:
    """A document has its time in whole seconds, so that a node whose tasks took less than one gets the same twice."""
    made = created(second)
    asked = [each.noted.asked for each in (first, second) if each.noted is not None]
    return first.node is second.node and made is not None and all(abs(at - made) < 2.0 for at in asked)


def as_noted(evidence: Evidence) -> Iterator[Finding]:
    """Each is the one that the node's own record has the digest of; what the record has and is not there is missing."""
    for node in evidence.nodes:
        for noted in node.evidence.attested if node.evidence is not None else ():
            name = names.attested_file(node.number, after=noted.when == AFTER)
            data = evidence.files.evidence.get(name)
            document = Document(node, noted.when, name, data or b"", noted)
            if noted.sha256 is None:
                yield _no_roots(document, f"its cloud gave none: {noted.why or 'nobody said why'}")
            elif data is None and in_run(name) not in evidence.files.unread:
                yield _finding("TFA253", document, Verdict.MISSING, "the node's record has its digest, and it is gone")
            elif data is not None and sha256(data) != noted.sha256:
                why = f"it is not the one that {in_run(node.file)} has the digest of"
                found = _finding("TFA253", document, Verdict.CHANGED, why)
                yield replace(found, was=noted.sha256, now=sha256(data))


def each_asked_for(evidence: Evidence) -> Iterator[Finding]:
    """A node that began asked its cloud for a document, and for another after its last task: its record says what came
    of it, also where that was none. A record without that was made by something else than an agent of tfinfra."""
    for node in evidence.nodes:
        record = node.evidence
        if record is None:
            continue
        if _noted(record, BEFORE) is None:
            yield _never_asked(node, BEFORE, Verdict.MISSING)
        if _noted(record, AFTER) is not None:
            continue
        if record.ended is not None:
            yield _never_asked(node, AFTER, Verdict.MISSING)
        elif node.tasks and all(task.exit_status is not None for task in node.tasks):
            yield _never_asked(node, AFTER, Verdict.UNVERIFIABLE)


def _never_asked(node: NodeRead, when: str, verdict: Verdict) -> Finding:
    document = Document(node, when, names.attested_file(node.number, after=when == AFTER), b"", None)
    if verdict is Verdict.UNVERIFIABLE:
        return _no_roots(document, "its tasks ended, and the node did not come to say so itself")
    return _finding("TFA253", document, verdict, f"{in_run(node.file)} does not say that the node asked for it")


def as_registered(evidence: Evidence) -> Iterator[Finding]:
    """A node that had to show its document to register, because secrets were sealed for it, showed this one."""
    for document in documents(evidence):
        shown = document.node.registration.attested
        if document.when == BEFORE and shown and shown != base64.b64encode(document.data).decode():
            yield _finding("TFA253", document, Verdict.CHANGED, "the node registered with another one")


def created(document: Document) -> float | None:
    """When its cloud made it, in Unix seconds; None where it does not say so."""
    said: Attested | None = unverified(document.data)
    moment = said.created if said is not None else None
    return moment.timestamp() if moment is not None else None


def _no_roots(document: Document, why: str) -> Finding:
    return _finding("TFA254", document, Verdict.UNVERIFIABLE, why)


def _finding(rule: str, document: Document, verdict: Verdict, why: str) -> Finding:
    file = in_run(document.name)
    sentence = f"{file}, of node {document.node.number}, {document.when} its tasks: {why}"
    return Finding(rule, verdict, file, sentence, file)


CHECKS: tuple[Check, ...] = (signed_by_its_cloud, about_this_node, each_once, as_noted, each_asked_for, as_registered)
