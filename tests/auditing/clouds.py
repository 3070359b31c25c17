"""A cloud of a test's own that attests machines, with documents as the local cloud makes them."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tfinfra.cloud import Trust
from tfinfra.sealing import nonce_of

NAME = "metadata.tfinfra.local"


@dataclass(frozen=True)
class Signing:
    """Who signs attested documents: a key, and its certificate."""

    certificate: x509.Certificate
    key: Any = field(repr=False)

    def document(self, vm_id: str, key: str, at: float, subscription: str) -> bytes:
        """What the cloud says of a machine and of the key `key` at `at` (Unix seconds)."""
        made, until = (time.strftime("%m/%d/%y %H:%M:%S -0000", time.gmtime(moment)) for moment in (at, at + 21600))
        said = {
            "nonce": nonce_of(key),
            "subscriptionId": subscription,
            "timeStamp": {"createdOn": made, "expiresOn": until},
            "vmId": vm_id,
        }
        builder = pkcs7.PKCS7SignatureBuilder().set_data(json.dumps(said).encode())
        builder = builder.add_signer(self.certificate, self.key, SHA256())
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes])


@dataclass(frozen=True)
class Attesting:
    """A cloud whose metadata service signs with `signing`; the others should not count."""

    trust: Trust
    signing: Signing
    expired: Signing
    early: Signing
    other_name: Signing
    other_cloud: Signing


@cache
def attesting() -> Attesting:
    """Made once: keys take a while."""
    root, other = trustme.CA(), trustme.CA()
    trust = Trust(root.cert_pem.bytes(), re.compile(re.escape(NAME)))
    years = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2019, 2020, 2090, 2091)]
    return Attesting(
        trust,
        _signing(root),
        _signing(root, not_before=years[0], not_after=years[1]),
        _signing(root, not_before=years[2], not_after=years[3]),
        _signing(root, "elsewhere.example"),
        _signing(other),
    )


def _signing(root: trustme.CA, name: str = NAME, **held: Any) -> Signing:
    leaf = root.issue_cert(name, key_type=trustme.KeyType.RSA, **held)
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    return Signing(certificate, serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None))
