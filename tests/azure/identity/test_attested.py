"""A key is a machine's where that machine's attested document names it, and that is signed by whoever speaks for the
cloud's machines. The documents have the shape of a recorded one: one signer, RSA, no signed attributes, the signer's
certificate alone."""

from __future__ import annotations

import base64
import http.server
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID

from tfinfra import clouds
from tfinfra.azure.identity import issuers
from tfinfra.azure.identity.attested import LARGEST, check, require, says_created, verified
from tfinfra.azure.identity.environments import PUBLIC, Environment
from tfinfra.azure.identity.issuers import azure_trust
from tfinfra.cloud import Trust
from tfinfra.errors import NotFeasible
from tfinfra.sealing import NodeKey, NotAttested, nonce_of

SIGNER = "eastus.metadata.azure.com"
SIGNERS = azure_trust().signers
VM, SUBSCRIPTION = "bd8e7443-24a0-41f3-b949-8baf4fd1c573", "5f130ffc-0a3e-4795-b691-4f56a12a5547"
KEY = NodeKey().public
NOW = datetime.now(timezone.utc)
PLAIN = (pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes)
Pkcs7Key = Any


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def root_of(authority: trustme.CA) -> bytes:
    return authority.cert_pem.bytes()


def signed(
    authority: trustme.CA,
    said: object,
    name: str = SIGNER,
    options: tuple[pkcs7.PKCS7Options, ...] = PLAIN,
    kind: trustme.KeyType = trustme.KeyType.RSA,
    *,
    until: datetime | None = None,
) -> str:
    """The base64 of a signature by a certificate for `name` that `authority` made, and that holds `until` then."""
    leaf = authority.issue_cert(name, key_type=kind, not_after=until)
    key: Pkcs7Key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return base64.b64encode(builder.sign(serialization.Encoding.DER, list(options))).decode()


def document(**changes: object) -> dict[str, object]:
    return {"vmId": VM, "subscriptionId": SUBSCRIPTION, "nonce": nonce_of(KEY), **changes}


def checked(signature: str, trust: Trust, *, vm_id: str = VM, key: str = KEY, now: datetime = NOW) -> None:
    check(signature, key=key, vm_id=vm_id, subscription=SUBSCRIPTION, trust=trust, now=now)


def test_a_document_of_the_machine_that_names_the_key_holds(authority: trustme.CA) -> None:
    trust = Trust(root_of(authority), SIGNERS)
    checked(signed(authority, document()), trust)
    checked(signed(authority, document(vmId=VM.upper())), trust)
    checked(signed(authority, document(), "metadata.azure.com", (pkcs7.PKCS7Options.Binary,)), trust)


def test_azures_own_way_to_name_the_digest_is_understood(authority: trustme.CA) -> None:
    sha256, with_rsa = bytes.fromhex("608648016503040201"), bytes.fromhex("2a864886f70d01010b")
    plain = base64.b64decode(signed(authority, document()))
    assert plain.count(sha256) == 2
    checked(base64.b64encode(plain.replace(sha256, with_rsa)).decode(), Trust(root_of(authority), SIGNERS))


LIES: dict[str, tuple[object, str]] = {
    "another machine's": (document(vmId="0" * 36), "another vmId"),
    "of another subscription": (document(subscriptionId="0" * 36), "another subscriptionId"),
    "of another key": (document(nonce=nonce_of(NodeKey().public)), "another nonce"),
    "without a nonce of ours": (document(nonce="20220419-072721"), "another nonce"),
    "without an id": ({"nonce": nonce_of(KEY)}, "another vmId"),
    "a list": ([document()], "not a JSON object"),
    "no JSON": (b"\xff\xfe{", "not JSON"),
    "nested too deep": (b"[" * 60_000, "not JSON"),
}


@pytest.mark.parametrize("case", LIES)
def test_a_document_that_says_something_else_proves_nothing(authority: trustme.CA, case: str) -> None:
    said, why = LIES[case]
    with pytest.raises(NotAttested, match=why):
        checked(signed(authority, said), Trust(root_of(authority), SIGNERS))


@pytest.mark.parametrize(
    "name", ["metadata.azure.com.evil.example", "evil.example", "xmetadata.azure.com", "a.b.metadata.azure.com"]
)
def test_a_certificate_of_another_name_signs_for_nobody(authority: trustme.CA, name: str) -> None:
    with pytest.raises(NotAttested, match="not signed by its cloud's metadata service"):
        checked(signed(authority, document(), name), Trust(root_of(authority), SIGNERS))


def test_another_root_vouches_for_nobody_and_azures_is_not_this_machines(authority: trustme.CA) -> None:
    signature = signed(authority, document())
    for roots in (root_of(trustme.CA()), azure_trust().roots):
        with pytest.raises(NotAttested, match="leads to no root that counts"):
            checked(signature, Trust(roots, SIGNERS))


@pytest.mark.parametrize("days", [-400, 400_000])
def test_a_certificate_that_is_not_valid_now_counts_for_nothing(authority: trustme.CA, days: int) -> None:
    when = min(NOW + timedelta(days=days), datetime(9999, 1, 1, tzinfo=timezone.utc)) if days > 0 else NOW
    when = when if days > 0 else datetime(1999, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(NotAttested, match="leads to no root that counts"):
        checked(signed(authority, document()), Trust(root_of(authority), SIGNERS), now=when)


def test_a_changed_byte_anywhere_is_noticed(authority: trustme.CA) -> None:
    trust, whole = Trust(root_of(authority), SIGNERS), base64.b64decode(signed(authority, document()))
    for place in range(0, len(whole), 41):
        torn = bytearray(whole)
        torn[place] ^= 0x20
        with pytest.raises(NotAttested):
            checked(base64.b64encode(bytes(torn)).decode(), trust, key="age1another")


@pytest.mark.parametrize("text", ["", "no base64!", base64.b64encode(b"\x30\x80\x00").decode(), "QUJD" * LARGEST])
def test_what_is_no_document_is_said_to_be_none(authority: trustme.CA, text: str) -> None:
    with pytest.raises(NotAttested, match=r"cannot be read|more than"):
        checked(text, Trust(root_of(authority), SIGNERS))


def test_what_lies_between_is_fetched_where_the_certificate_says(authority: trustme.CA) -> None:
    between = authority.create_child_ca()
    leaf = with_issuer_url(between, "http://www.microsoft.com/pkiops/certs/between.crt")
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return ssl.PEM_cert_to_DER_cert(between.cert_pem.bytes().decode())

    checked(leaf(document()), Trust(root_of(authority), SIGNERS, fetch))
    assert asked == ["http://www.microsoft.com/pkiops/certs/between.crt"]


def test_what_was_fetched_proves_a_document_again_where_nothing_can_be_fetched(authority: trustme.CA) -> None:
    between = authority.create_child_ca()
    stamp = {"createdOn": "11/28/26 00:16:17 -0000", "expiresOn": "11/28/26 06:16:17 -0000"}
    leaf = with_issuer_url(between, "http://www.microsoft.com/pkiops/certs/between.crt")
    made = base64.b64decode(leaf(document(timeStamp=stamp)))
    fetched = ssl.PEM_cert_to_DER_cert(between.cert_pem.bytes().decode())
    first = verified(made, Trust(root_of(authority), SIGNERS, lambda url: fetched), NOW)
    assert first.chain == (fetched,)
    offline = Trust(root_of(authority), SIGNERS)
    again = verified(made, offline, NOW, first.chain)
    require(again, key=KEY, vm_id=VM, subscription=SUBSCRIPTION)
    assert (again, again.created, again.expires) == (
        first,
        datetime(2026, 11, 28, 0, 16, 17, tzinfo=timezone.utc),
        datetime(2026, 11, 28, 6, 16, 17, tzinfo=timezone.utc),
    )
    with pytest.raises(NotAttested, match="leads to no root that counts"):
        verified(made, offline, NOW)
    with pytest.raises(NotAttested, match="leads to no root that counts"):
        verified(made, offline, datetime(1999, 1, 1, tzinfo=timezone.utc), first.chain)


@pytest.mark.parametrize("stamp", [None, "soon", {}, {"createdOn": "yesterday"}, {"createdOn": 7}])
def test_a_document_without_a_time_has_none(authority: trustme.CA, stamp: object) -> None:
    made = base64.b64decode(signed(authority, document(timeStamp=stamp)))
    assert verified(made, Trust(root_of(authority), SIGNERS), NOW).created is None
    assert says_created(made) is None


def test_when_a_document_was_made_is_read_without_a_root_and_out_of_nothing_else(authority: trustme.CA) -> None:
    made = base64.b64decode(signed(authority, document(timeStamp={"createdOn": "11/28/26 00:16:17 -0000"})))
    assert says_created(made) == datetime(2026, 11, 28, 0, 16, 17, tzinfo=timezone.utc)
    assert [says_created(each) for each in (b"", made[:-1], base64.b64decode(signed(authority, [])))] == [None] * 3


def test_a_network_without_a_way_there_may_pass_and_a_wrong_answer_does_not(authority: trustme.CA) -> None:
    leaf = with_issuer_url(authority.create_child_ca(), "http://www.microsoft.com/x.crt")

    def closed(url: str) -> bytes:
        raise OSError("no way there")

    with pytest.raises(NotAttested, match="cannot be fetched: no way there") as raised:
        checked(leaf(document()), Trust(root_of(authority), SIGNERS, closed))
    assert raised.value.passing
    with pytest.raises(NotAttested, match="cannot be read") as raised:
        checked(leaf(document()), Trust(root_of(authority), SIGNERS, lambda url: b"<html>"))
    assert not raised.value.passing


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/metadata/identity",
        "file:///etc/passwd",
        "http://www.microsoft.com:8080/x.crt",
        "http://www.microsoft.com@evil.example/x.crt",
        "ftp://www.microsoft.com/x.crt",
    ],
)
def test_no_other_host_is_asked_for_certificates(url: str) -> None:
    fetch = azure_trust().fetch
    assert fetch is not None
    with pytest.raises(OSError, match="not where Azure's certificates are"):
        fetch(url)


class _Certificates(http.server.BaseHTTPRequestHandler):
    """Serves bytes as /<number of them>, and leads elsewhere from /moved."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/5")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * int(self.path[1:]))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        del format, args


def test_a_certificate_comes_from_the_host_that_was_asked_and_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Certificates)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    monkeypatch.setattr(issuers, "_HOSTS", (address,))
    fetch = azure_trust().fetch
    assert fetch is not None
    try:
        assert fetch(f"http://{address}/5") == b"xxxxx"
        with pytest.raises(OSError, match="more than"):
            fetch(f"http://{address}/{LARGEST + 1}")
        with pytest.raises(OSError, match="302"):
            fetch(f"http://{address}/moved")
    finally:
        server.shutdown()
        server.server_close()


WISHES = {
    "nothing": (None, PUBLIC, ".metadata.azure.com"),
    "off": ("off", PUBLIC, None),
    "a file, for an ARM of one's own": ("ca.pem", replace(PUBLIC, name=None), "metadata.mine"),
}


@pytest.mark.parametrize("case", WISHES)
def test_who_signs_is_azures_or_what_the_owner_of_an_arm_says(
    case: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, there, signer = WISHES[case]
    (tmp_path / "ca.pem").write_bytes(root_of(authority))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(clouds.ATTESTATION, raising=False)
    if wish is not None:
        monkeypatch.setenv(clouds.ATTESTATION, wish)
    trust = clouds.azure_attestation(there)
    if signer is None:
        assert trust is None
    else:
        assert trust is not None and trust.signers.fullmatch(signer.replace(".metadata.a", "x.metadata.a"))
        assert (trust.roots == root_of(authority)) is (wish == "ca.pem")


@pytest.mark.parametrize(("wish", "there"), [("ca.pem", PUBLIC), ("none.pem", replace(PUBLIC, name=None))])
def test_azures_own_clouds_have_azures_roots_alone(
    wish: str, there: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(clouds.ATTESTATION, str(tmp_path / wish))
    with pytest.raises(NotFeasible, match=clouds.ATTESTATION):
        clouds.azure_attestation(there)


def test_other_kinds_of_keys_and_signatures(authority: trustme.CA) -> None:
    trust = Trust(root_of(authority), SIGNERS)
    checked(signed(authority, document(), kind=trustme.KeyType.ECDSA), trust)
    plain = base64.b64decode(signed(authority, document()))
    sha256, sha1_length = bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040207")
    with pytest.raises(NotAttested, match="algorithm that does not count"):
        checked(base64.b64encode(plain.replace(sha256, sha1_length)).decode(), trust)
    nameless = signed(authority, document(), "10.0.0.1")
    with pytest.raises(NotAttested, match="not signed by its cloud's metadata service"):
        checked(nameless, trust)


SHORT: dict[str, Callable[[], Pkcs7Key]] = {
    "RSA with 1024 bits": lambda: rsa.generate_private_key(65537, 1024),
    "a curve of 192 bits": lambda: ec.generate_private_key(ec.SECP192R1()),
}


@pytest.mark.parametrize("case", SHORT)
def test_a_key_that_is_too_short_signs_for_nobody(authority: trustme.CA, case: str) -> None:
    key = SHORT[case]()
    old = x509.load_pem_x509_certificate(authority.issue_cert(SIGNER).cert_chain_pems[0].bytes())
    issuer: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, key.public_key(), old.serial_number, old.not_valid_before_utc, old.not_valid_after_utc
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    by = builder.sign(issuer, hashes.SHA256())
    said = pkcs7.PKCS7SignatureBuilder().set_data(json.dumps(document()).encode()).add_signer(by, key, hashes.SHA256())
    signature = base64.b64encode(said.sign(serialization.Encoding.DER, list(PLAIN))).decode()
    with pytest.raises(NotAttested, match="too short"):
        checked(signature, Trust(root_of(authority), SIGNERS))


def test_nothing_that_is_not_named_is_proved(authority: trustme.CA) -> None:
    said = {"subscriptionId": SUBSCRIPTION, "nonce": nonce_of(KEY)}
    with pytest.raises(NotAttested, match="another vmId"):
        checked(signed(authority, said), Trust(root_of(authority), SIGNERS), vm_id="")


def test_the_shipped_roots_are_the_four_that_are_named() -> None:
    roots = azure_trust().roots
    named = re.findall(r"^# (.+), ([0-9a-f]{64})$", roots.decode(), re.MULTILINE)
    found = x509.load_pem_x509_certificates(roots)
    assert [digest for _, digest in named] == [c.fingerprint(hashes.SHA256()).hex() for c in found]
    assert [name in c.subject.rfc4514_string() for (name, _), c in zip(named, found, strict=True)] == [True] * 4


def with_issuer_url(authority: trustme.CA, url: str) -> Callable[[object], str]:
    """Signs as `signed` does, by a certificate that says where its issuer's is."""
    issued = authority.issue_cert(SIGNER, key_type=trustme.KeyType.RSA)
    old = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    issuer: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key: Pkcs7Key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), old.serial_number, old.not_valid_before_utc, old.not_valid_after_utc
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    place = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))
    leaf = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False).sign(issuer, hashes.SHA256())

    def sign(said: object) -> str:
        made = pkcs7.PKCS7SignatureBuilder().set_data(json.dumps(said).encode()).add_signer(leaf, key, hashes.SHA256())
        return base64.b64encode(made.sign(serialization.Encoding.DER, list(PLAIN))).decode()

    return sign
