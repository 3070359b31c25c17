"""Who signed the statement and the outputs, by keys that the auditor trusts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import NAME_A_KEY, PublicKey, in_run
from tfinfra.evidence import names
from tfinfra.evidence.dsse import BadBundle, Signed, pae, read_bundle
from tfinfra.evidence.oms import model_files, outputs_in

_STATEMENT, _MODEL = in_run(names.SIGNED_STATEMENT), in_run(names.MODEL_SIGNATURE)


def signed_by(evidence: Evidence) -> PublicKey | None:
    """The trusted key that signed the statement, as it lies there; None where none has."""
    bundle = _bundle(evidence, names.SIGNED_STATEMENT)
    if not isinstance(bundle, Signed) or bundle.payload != evidence.files.evidence.get(names.STATEMENT):
        return None
    return _who(bundle, evidence.auditor.keys)


def statement_signature(evidence: Evidence) -> Iterator[Finding]:
    """The statement is signed, by a trusted key, and it is the one that lies there."""
    bundle = _bundle(evidence, names.SIGNED_STATEMENT)
    if bundle is None:
        yield from _unsigned(evidence)
        return
    if isinstance(bundle, str):
        yield Finding("TFA101", Verdict.CHANGED, _STATEMENT, f"{_STATEMENT} is no signature: {bundle}", _STATEMENT)
        return
    yield from _signer(evidence, bundle, _STATEMENT)
    if bundle.payload != evidence.files.evidence.get(names.STATEMENT):
        sentence = f"what was signed is another statement than {in_run(names.STATEMENT)}"
        yield Finding("TFA104", Verdict.CHANGED, in_run(names.STATEMENT), sentence, in_run(names.STATEMENT))


def _unsigned(evidence: Evidence) -> Iterator[Finding]:
    said = _said_signed(evidence)
    if said is not None:
        yield Finding("TFA106", Verdict.MISSING, _STATEMENT, f"{_STATEMENT} is gone: {said}", said.split(" ", 1)[0])
    elif evidence.auditor.require_signature:
        sentence = "nobody has signed the evidence, and --require-signature asks for it"
        yield Finding("TFA103", Verdict.MISSING, _STATEMENT, sentence)
    else:
        sentence = "nobody has signed the evidence: who changed a file can have written all digests anew"
        yield Finding("TFA103", Verdict.UNVERIFIABLE, _STATEMENT, sentence)


def _said_signed(evidence: Evidence) -> str | None:
    """What says that there was a signature, as the begin of a sentence; None where nothing does."""
    if names.MODEL_SIGNATURE in evidence.files.evidence:
        return f"{_MODEL} is there, and is never made alone"
    if names.SIGNED_STATEMENT in (evidence.sums or {}):
        return f"{in_run(names.SUMS)} has its digest"
    if mapping(evidence.run_beside.get("evidence")).get("signature") == "made":
        return f"{names.RUN} says that it was made"
    return None


def _signer(evidence: Evidence, bundle: Signed, file: str) -> Iterator[Finding]:
    """Whether a trusted key signed what the bundle holds."""
    keys = evidence.auditor.keys
    if not keys:
        sentence = f"{file} is signed, and no key is trusted here that could be asked whether it holds"
        yield Finding("TFA107", Verdict.UNVERIFIABLE, file, sentence, file, hint=NAME_A_KEY)
    elif _who(bundle, keys) is None:
        named = next((key for key in keys if key.fingerprint == bundle.fingerprint), None)
        if named is not None:
            sentence = f"the signature in {file} does not hold: not by the key {named.name}, which it names"
            yield Finding("TFA101", Verdict.CHANGED, file, sentence, file)
            return
        sentence = f"{file} is signed by a key that is not trusted here"
        was = ", ".join(key.fingerprint[:16] for key in keys)
        yield Finding("TFA102", Verdict.FOREIGN, file, sentence, file, was=was, now=bundle.fingerprint[:16])


def model_signature(evidence: Evidence) -> Iterator[Finding]:
    """The signature over outputs/ is by a trusted key, and over the files that lie there."""
    bundle = _bundle(evidence, names.MODEL_SIGNATURE)
    outputs = model_files(outputs_in(evidence.files.digests))
    if bundle is None:
        if outputs and names.SIGNED_STATEMENT in evidence.files.evidence and all(map(_is_text, outputs)):
            sentence = f"{_MODEL} is gone, though the statement is signed and there are outputs"
            yield Finding("TFA106", Verdict.MISSING, _MODEL, sentence)
        return
    if isinstance(bundle, str):
        yield Finding("TFA105", Verdict.CHANGED, _MODEL, f"{_MODEL} is no signature: {bundle}", _MODEL)
        return
    yield from _signer(evidence, bundle, _MODEL)
    said = _signed_outputs(bundle.payload)
    if said is None:
        yield Finding("TFA105", Verdict.CHANGED, _MODEL, f"what {_MODEL} holds is no list of outputs", _MODEL)
    elif said != outputs and not evidence.files.alone:
        other = sorted(name for name in {*said, *outputs} if said.get(name) != outputs.get(name))
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        sentence = f"{_MODEL} is over other outputs than those that lie there: {names.OUTPUTS}/{other[0]}{more}"
        yield Finding("TFA105", Verdict.CHANGED, f"{names.OUTPUTS}/{other[0]}", sentence, _MODEL)


def _signed_outputs(payload: bytes) -> dict[str, str] | None:
    """{path in outputs/: digest} of a statement of Model Signing; None where it is none."""
    try:
        listed = json.loads(payload)["predicate"]["resources"]
        return {str(each["name"]): str(each["digest"]) for each in listed}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def model_run(evidence: Evidence) -> str | None:
    """The run whose outputs model.sig is over, None where it does not say so."""
    bundle = _bundle(evidence, names.MODEL_SIGNATURE)
    if not isinstance(bundle, Signed):
        return None
    try:
        named: Any = json.loads(bundle.payload)["subject"][0]["name"]
        return str(named).removesuffix(f"/{names.OUTPUTS}")
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None


def holds_signature(evidence: Evidence, name: str) -> bool:
    """Whether a file holds what can be held against a key."""
    return isinstance(_bundle(evidence, name), Signed)


def _bundle(evidence: Evidence, name: str) -> Signed | str | None:
    """What a file holds; why it holds nothing; None where there is no such file."""
    data = evidence.files.evidence.get(name)
    if data is None:
        return None
    try:
        return read_bundle(data)
    except BadBundle as error:
        return str(error)


def _who(bundle: Signed, keys: tuple[PublicKey, ...]) -> PublicKey | None:
    """The key that signed it, the one that it names first."""
    ordered = sorted(keys, key=lambda key: key.fingerprint != bundle.fingerprint)
    return next((key for key in ordered if _holds(bundle, key)), None)


def _holds(bundle: Signed, key: PublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    public = serialization.load_pem_public_key(key.pem)
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return False
    try:
        public.verify(bundle.signature, pae(bundle.payload), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _is_text(name: str) -> bool:
    return name.encode("utf-8", "replace").decode("utf-8") == name


CHECKS: tuple[Check, ...] = (statement_signature, model_signature)
