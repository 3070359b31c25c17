"""DSSE envelopes (github.com/secure-systems-lab/dsse, protocol v1) around in-toto statements, in Sigstore bundles v0.3
whose key is named by its digest (docs.sigstore.dev/about/bundle)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.evidence.sums import sha256

PAYLOAD_TYPE = "application/vnd.in-toto+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True)
class Signer:
    """Who signs: `sign` gives the ECDSA P-256 signature (DER) over the SHA-256 of the bytes; `public_key` is PEM,
    `name` what a person calls the key."""

    sign: Callable[[bytes], bytes]
    public_key: bytes
    name: str

    @property
    def fingerprint(self) -> str:
        """As the bundles name the key: the digest of its PEM text."""
        return sha256(self.public_key)


@dataclass(frozen=True)
class Signed:
    """What a bundle holds: the statement's bytes, the signature over `pae` of them, and the key's fingerprint."""

    payload: bytes
    signature: bytes
    fingerprint: str


class BadBundle(ValueError):
    """It is no bundle of the kind that is written here; the text says why."""


def pae(payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])


def bundle(payload: bytes, signer: Signer) -> bytes:
    """The Sigstore bundle (JSON) of a statement's bytes. Raises what the signer raises."""
    signature = signer.sign(pae(payload))
    document = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": signer.fingerprint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return json.dumps(document).encode() + b"\n"


def read_bundle(data: bytes) -> Signed:
    """What a bundle holds; its signature is not verified. Raises BadBundle."""
    try:
        document = json.loads(data)
        envelope, material = document["dsseEnvelope"], document["verificationMaterial"]
        _require(document["mediaType"] == BUNDLE_TYPE, "its media type is another")
        _require(envelope["payloadType"] == PAYLOAD_TYPE, "it holds no in-toto statement")
        _require(len(envelope["signatures"]) == 1, "it has not exactly one signature")
        (signature,) = envelope["signatures"]
        fingerprint = material["publicKey"]["hint"]
        _require(isinstance(fingerprint, str), "it names no key")
        return Signed(_bytes(envelope["payload"]), _bytes(signature["sig"]), fingerprint)
    except BadBundle:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBundle("it is no Sigstore bundle") from error


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise BadBundle(why)


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadBundle("what it holds is not Base64") from error
