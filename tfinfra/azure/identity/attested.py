"""What a machine's attested document proves: that this key was named on that machine, as its cloud signed it.

The document is CMS SignedData in DER (RFC 5652) around JSON, with the signer's certificate alone: the certificates
between it and the root are fetched from where it says that they are.
https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#attested-data
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from tfinfra.cloud import Trust
from tfinfra.sealing import NotAttested, nonce_of


@asn1.sequence
class _Algorithm:
    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Who:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Attribute:
    kind: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _SignerInfo:
    version: int
    who: _Who
    digest: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _Content:
    kind: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[_Algorithm]
    content: _Content
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    kind: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


LARGEST = 64 * 1024
"""Bytes of a document, which has about 4,000, and of a certificate."""
_DEPTH = 4  # certificates between a signer and its root
# Azure's documents name a signature's algorithm where RFC 5652 wants that of the digest.
_HASHES: dict[str, hashes.HashAlgorithm] = {
    **dict.fromkeys(("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"), hashes.SHA256()),
    **dict.fromkeys(("2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"), hashes.SHA384()),
    **dict.fromkeys(("2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"), hashes.SHA512()),
}
_KEYS = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)
_RSA, _CURVE = 2048, 256
"""Bits of the shortest keys that count; the verifier asks this of those above alone (cabforum.org, 6.1.5)."""
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_TIME = "%m/%d/%y %H:%M:%S %z"


class NoRoot(NotAttested):
    """Its signature holds, and the signer's certificate leads to no root that counts, or did not hold at the time."""


@dataclass(frozen=True)
class Attested:
    """What a document says whose signature holds. `chain` are the certificates (DER) between its signer's and the root:
    with them it can be verified again where nothing can be fetched."""

    said: Mapping[str, Any]
    chain: tuple[bytes, ...]

    @property
    def created(self) -> datetime | None:
        """When the cloud says that it was made; None where it does not say so."""
        return self._time("createdOn")

    @property
    def expires(self) -> datetime | None:
        return self._time("expiresOn")

    def _time(self, name: str) -> datetime | None:
        stamp = self.said.get("timeStamp")
        try:
            return datetime.strptime(str(stamp[name]), _TIME) if isinstance(stamp, dict) else None
        except (KeyError, ValueError):
            return None


def check(signature: str, *, key: str, vm_id: str, subscription: str, trust: Trust, now: datetime) -> None:
    """Raises NotAttested where `signature` (base64) is not one of `trust` over a document of the machine `vm_id` in
    `subscription` that has the nonce of `key`; `now` is aware of its time zone."""
    if len(signature) > 2 * LARGEST:
        raise NotAttested(f"its attested document has more than {LARGEST} bytes")
    try:
        document = base64.b64decode(signature, validate=True)
    except ValueError as error:
        raise NotAttested(f"its attested document cannot be read ({type(error).__name__})") from error
    require(verified(document, trust, now), key=key, vm_id=vm_id, subscription=subscription)


def verified(document: bytes, trust: Trust, now: datetime, chain: Sequence[bytes] = ()) -> Attested:
    """What the document (DER) says, which one of `trust` has signed, with a certificate that held at `now`. `chain` are
    the certificates of an earlier `Attested`; what is missing of them is fetched. Raises NotAttested."""
    with _reading(document):
        content, certificate = _signed(document)
        between = _trace(certificate, trust, now, [x509.load_der_x509_certificate(each) for each in chain])
    return Attested(_object(content), tuple(each.public_bytes(serialization.Encoding.DER) for each in between))


def self_signed(document: bytes) -> Attested:
    """What the document (DER) says, whose signature holds, whoever has signed it. Raises NotAttested."""
    with _reading(document):
        content, _ = _signed(document)
    return Attested(_object(content), ())


@contextmanager
def _reading(document: bytes) -> Iterator[None]:
    """Whatever goes wrong with a stranger's bytes is a NotAttested."""
    if len(document) > LARGEST:
        raise NotAttested(f"its attested document has more than {LARGEST} bytes")
    try:
        yield
    except NotAttested:
        raise
    except Exception as error:
        raise NotAttested(f"its attested document cannot be read ({type(error).__name__})") from error


def _signed(document: bytes) -> tuple[bytes, x509.Certificate]:
    """The content of a document whose signature holds, and the certificate of its signer."""
    content, signer, certificate = _only_signer(asn1.decode_der(_ContentInfo, document).content)
    _verify(certificate, signer, content)
    return content, certificate


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NotAttested("its attested document is not JSON") from error
    if not isinstance(said, dict):
        raise NotAttested("its attested document is not a JSON object")
    return said


def says_created(document: bytes) -> datetime | None:
    """When the document says that it was made, whoever signed it; None where it does not say so, or cannot be read."""
    said = unverified(document)
    return said.created if said is not None else None


def unverified(document: bytes) -> Attested | None:
    """What the document says, whoever signed it; None where it cannot be read."""
    try:
        content, _, _ = _only_signer(asn1.decode_der(_ContentInfo, document[:LARGEST]).content)
        return Attested(_object(content), ())
    except Exception:  # noqa: BLE001 - a stranger's bytes: what is wrong with them is told by who verifies them
        return None


@dataclass(frozen=True)
class Held:
    """When the certificate of a document's signer held, and the name (DER) of who issued it."""

    issuer: bytes
    begin: datetime
    end: datetime


def signer_of(document: bytes) -> Held | None:
    """What the certificate in the document says that is its signer's; None where it cannot be read."""
    try:
        _, _, certificate = _only_signer(asn1.decode_der(_ContentInfo, document[:LARGEST]).content)
        issuer = certificate.issuer.public_bytes()
        return Held(issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except Exception:  # noqa: BLE001 - as above
        return None


def require(attested: Attested, *, key: str, vm_id: str, subscription: str) -> None:
    """Raises NotAttested where the document is not one of the machine `vm_id` with the nonce of `key`."""
    expected = {"vmId": vm_id, "subscriptionId": subscription, "nonce": nonce_of(key)}
    for name, value in expected.items():
        if not value or str(attested.said.get(name, "")).lower() != value.lower():
            raise NotAttested(f"its attested document has another {name}")


def _only_signer(data: _SignedData) -> tuple[bytes, _SignerInfo, x509.Certificate]:
    signers, content = data.signers.as_list(), data.content.content
    if len(signers) != 1 or content is None:
        raise NotAttested("its attested document has not exactly one signer, or no content")
    for encoded in data.certificates.as_list() if data.certificates else ():
        certificate = x509.load_der_x509_certificate(asn1.encode_der(encoded))
        if certificate.serial_number == signers[0].who.serial:
            return content, signers[0], certificate
    raise NotAttested("its attested document lacks the certificate of its signer")


def _verify(certificate: x509.Certificate, signer: _SignerInfo, content: bytes) -> None:
    """RFC 5652, 5.4: the signature is over the content, or, where there are signed attributes, over their DER as a SET,
    with the content's digest among them."""
    algorithm = _HASHES.get(signer.digest.oid.dotted_string)
    if algorithm is None:
        raise NotAttested("its attested document is signed with an algorithm that does not count")
    signed = content
    if signer.attributes is not None:
        digest = hashes.Hash(algorithm)
        digest.update(content)
        attributes = signer.attributes.as_list()
        values = [a.values.as_list() for a in attributes if a.kind.dotted_string == _MESSAGE_DIGEST]
        if len(values) != 1 or len(values[0]) != 1 or bytes(values[0][0].data) != digest.finalize():
            raise NotAttested("the signature of its attested document does not hold")
        signed = asn1.encode_der(asn1.SetOf(attributes))
    public = certificate.public_key()
    try:
        if isinstance(public, _KEYS) and public.key_size < (_RSA if isinstance(public, rsa.RSAPublicKey) else _CURVE):
            raise NotAttested("its attested document is signed with a key that is too short")
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signer.signature, signed, padding.PKCS1v15(), algorithm)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signer.signature, signed, ec.ECDSA(algorithm))
        else:
            raise NotAttested("its attested document is signed with a kind of key that does not count")
    except InvalidSignature as error:
        raise NotAttested("the signature of its attested document does not hold") from error


def _trace(
    certificate: x509.Certificate, trust: Trust, now: datetime, between: list[x509.Certificate]
) -> list[x509.Certificate]:
    """Follows the certificate to one of the roots, fetching what is missing between. What lies there."""
    named = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    policy = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(trust.roots))).time(now)
    policy = policy.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=named)
    verifier = policy.max_chain_depth(_DEPTH).build_server_verifier(x509.DNSName(_name(certificate, trust)))
    while True:
        try:
            verifier.verify(certificate, between)
        except VerificationError as error:
            url = _issuer_url([certificate, *between][-1])
            if trust.fetch is None or url is None or len(between) == _DEPTH:
                raise NoRoot("the signer of its attested document leads to no root that counts") from error
        else:
            return between
        between.append(_issuer(url, trust.fetch))


def _name(certificate: x509.Certificate, trust: Trust) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        known = []
    for name in known:
        if trust.signers.fullmatch(name):
            return name
    raise NotAttested("its attested document is not signed by its cloud's metadata service")


def _issuer_url(certificate: x509.Certificate) -> str | None:
    """Where the certificate says that its issuer's is (RFC 5280, 4.2.2.1)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    issuers = (a.access_location for a in access if a.access_method == AuthorityInformationAccessOID.CA_ISSUERS)
    return next((at.value for at in issuers if isinstance(at, x509.UniformResourceIdentifier)), None)


def _issuer(url: str, fetch: Callable[[str], bytes]) -> x509.Certificate:
    try:
        data = fetch(url)
    except OSError as error:
        raise NotAttested(f"the certificate that vouches for it cannot be fetched: {error}", passing=True) from error
    if data.startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(data)
    return x509.load_der_x509_certificate(data)
