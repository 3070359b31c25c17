"""The private CA of the local cloud: the Azure SDKs refuse a bearer token over plain HTTP, so loopback speaks TLS."""

from __future__ import annotations

import secrets

from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_files import write_file
from tfinfra.localcloud.common.state_folder import AUDIENCE, Layout

TOKEN_SECONDS = 366 * 24 * 3600  # renewed at every start; the file is its owner's alone
ATTESTATION = "metadata.tfinfra.local"  # Azure's are subdomains of metadata.azure.com
NAMES = ("127.0.0.1", "localhost")


def prepare_certificates(layout: Layout) -> None:
    """Makes the CA, the server's certificate and that of the machines' attested documents once. The CA's key is not
    kept: nothing else is ever signed by it."""
    if all(path.exists() for path in (layout.ca, layout.certificate, layout.attestation)):
        return
    import trustme

    authority = trustme.CA(organization_name="tfinfra local cloud")
    certificate = authority.issue_cert(*NAMES)
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    write_file(layout.certificate, certificate.private_key_pem.bytes() + chain)
    signer = authority.issue_cert(ATTESTATION, common_name=ATTESTATION, key_type=trustme.KeyType.RSA)
    vouching = b"".join(blob.bytes() for blob in signer.cert_chain_pems)
    write_file(layout.attestation, signer.private_key_pem.bytes() + vouching)
    write_file(layout.ca, authority.cert_pem.bytes(), 0o644)


def prepare_keys(layout: Layout, now: float, caller: str = tokens.OWNER_OID) -> bytes:
    """The key that signs tokens, made once; writes the tokens of `caller`, who is an owner, beside it."""
    if not layout.signing_key.exists():
        write_file(layout.signing_key, secrets.token_bytes(32))
    key = layout.signing_key.read_bytes()
    for file, audience in ((layout.token, AUDIENCE), (layout.storage_token, tokens.STORAGE)):
        write_file(file, tokens.mint(key, caller, now, TOKEN_SECONDS, audience).encode())
    return key
