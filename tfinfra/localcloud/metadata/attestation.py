"""The attested document of a machine: what the cloud says of it, signed, so that others can believe it.

The shape is that of /metadata/attested/document; here the local cloud's own CA vouches instead of Azure's.
https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#attested-data
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

VALID_SECONDS = 6 * 3600


def document(compute: dict[str, Any], nonce: str, now: float) -> dict[str, Any]:
    """What is attested of a machine, whose instance document has `compute`. The time replaces a missing nonce."""
    moment = time.gmtime(now)
    return {
        "licenseType": compute["licenseType"],
        "nonce": nonce or time.strftime("%Y%m%d-%H%M%S", moment),
        "plan": compute["plan"],
        "sku": compute["sku"],
        "subscriptionId": compute["subscriptionId"],
        "timeStamp": {"createdOn": _stamp(now), "expiresOn": _stamp(now + VALID_SECONDS)},
        "vmId": compute["vmId"],
    }


def signed(attested: dict[str, Any], pem: bytes) -> dict[str, str]:
    """{"encoding": "pkcs7", "signature": base64 of PKCS#7 SignedData in DER, which holds the document}. `pem` is the
    signer's key and its certificates up to the CA."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import pkcs7
    from cryptography.x509 import load_pem_x509_certificates

    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the cloud signs with RSA, as Azure does")
    certificate = load_pem_x509_certificates(pem)[0]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(json.dumps(attested, separators=(",", ":")).encode())
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes]
    signature = builder.sign(serialization.Encoding.DER, options)
    return {"encoding": "pkcs7", "signature": base64.b64encode(signature).decode("ascii")}


def _stamp(seconds: float) -> str:
    return time.strftime("%m/%d/%y %H:%M:%S -0000", time.gmtime(seconds))
