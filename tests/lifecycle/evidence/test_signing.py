"""Which keys sign, and which cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.evidence.made import a_key
from tests.lifecycle.evidence.guarded import guarded, key_file
from tfinfra.azure.key_vault.client import KeyVaultError, VaultKey, vault_key, vault_signer
from tfinfra.azure.key_vault.key_vault_fake import VERSION, FakeKeyVault
from tfinfra.compiler.guardrail_files import load_guardrails
from tfinfra.errors import ManifestError
from tfinfra.evidence.dsse import pae
from tfinfra.lifecycle.evidence.signing import PASSPHRASE, CannotSign, refuse_unusable_key, signer_of_file

DATA = pae(b"{}")


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, word: bytes = b"") -> bytes:
    secret = serialization.BestAvailableEncryption(word) if word else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)


def verifies(public: bytes, signature: bytes) -> bool:
    key = serialization.load_pem_public_key(public)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, DATA, ec.ECDSA(hashes.SHA256()))
    return True


@pytest.mark.parametrize("passphrase", [None, "unneeded"])
def test_a_key_file_signs(passphrase: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if passphrase:
        monkeypatch.setenv(PASSPHRASE, passphrase)
    signer = signer_of_file(written(tmp_path / "key.pem", a_key().private))
    assert verifies(signer.public_key, signer.sign(DATA))


def test_a_key_with_a_passphrase_signs_where_the_environment_has_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "key.pem", pem(ec.generate_private_key(ec.SECP256R1()), b"word"))
    monkeypatch.setenv(PASSPHRASE, "word")
    signer = signer_of_file(path)
    assert verifies(signer.public_key, signer.sign(DATA))
    monkeypatch.setenv(PASSPHRASE, "other")
    with pytest.raises(CannotSign, match=f"or {PASSPHRASE} is not its passphrase"):
        signer_of_file(path)
    monkeypatch.delenv(PASSPHRASE)
    with pytest.raises(CannotSign, match=f"has a passphrase, and {PASSPHRASE} is not set"):
        signer_of_file(path)


def in_repository(folder: Path) -> Path:
    (folder / ".git").mkdir()
    return written(folder / "key.pem", a_key().private)


UNFIT: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing is there": (lambda folder: folder / "key.pem", "cannot be read: No such file"),
    "no key": (lambda folder: written(folder / "key.pem", b"key"), "holds no private key in PEM"),
    "a public key": (lambda folder: written(folder / "key.pem", a_key().signer.public_key), "holds no private key"),
    "another curve": (
        lambda folder: written(folder / "key.pem", pem(ec.generate_private_key(ec.SECP384R1()))),
        "is not of the curve P-256",
    ),
    "another kind": (
        lambda folder: written(folder / "key.pem", pem(ed25519.Ed25519PrivateKey.generate())),
        "is not of the curve P-256",
    ),
    "readable by a group": (lambda folder: written(folder / "key.pem", a_key().private, 0o640), "its mode is 640"),
    "readable by all": (lambda folder: written(folder / "key.pem", a_key().private, 0o604), "its mode is 604"),
    "in a repository": (
        in_repository,
        "lies in the repository",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_key_that_cannot_sign_or_that_others_can_have_is_refused(case: str, tmp_path: Path) -> None:
    make, why = UNFIT[case]
    with pytest.raises(CannotSign, match=why):
        signer_of_file(make(tmp_path))


def test_a_link_into_a_repository_is_no_way_around(tmp_path: Path) -> None:
    (tmp_path / "repository/.git").mkdir(parents=True)
    key = written(tmp_path / "repository/key.pem", a_key().private)
    (tmp_path / "key.pem").symlink_to(key)
    with pytest.raises(CannotSign, match="lies in the repository"):
        signer_of_file(tmp_path / "key.pem")


def test_a_run_is_refused_at_the_guardrails_line_where_its_key_cannot_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    with pytest.raises(ManifestError) as raised:
        refuse_unusable_key(load_guardrails(None))
    (fault,) = raised.value.diagnostics
    assert (fault.code, fault.place) == ("TFI457", f"{config / 'guardrails.yaml'}:1:15")
    key_file(config)
    refuse_unusable_key(load_guardrails(None))


# A vault


def test_a_vault_signs_by_one_request_each_and_its_key_verifies() -> None:
    vault, url = FakeKeyVault(), "azurekms://team/evidence"
    signer = vault_signer(url, vault_key(url), vault.ask)
    assert verifies(signer.public_key, signer.sign(DATA))
    assert vault.asked == [("GET", "/keys/evidence/"), ("POST", f"/keys/evidence/{VERSION}/sign")]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("azurekms://team/k", VaultKey("team.vault.azure.net", "k", "")),
        (f"azurekms://team.vault.azure.cn/k/{VERSION}", VaultKey("team.vault.azure.cn", "k", VERSION)),
        ("azurekms://Hsm.managedhsm.azure.net/k", VaultKey("hsm.managedhsm.azure.net", "k", "")),
    ],
)
def test_a_vault_is_named_by_its_name_or_its_host(url: str, key: VaultKey) -> None:
    assert vault_key(url) == key
    assert key.scope == f"https://{key.host.partition('.')[2]}/.default"


@pytest.mark.parametrize(
    "url",
    [
        "azurekms://team.example/k",
        "azurekms://vault.azure.net/k",
        "azurekms://a.b.vault.azure.net/k",
        "azurekms://team",
    ],
)
def test_no_token_goes_to_a_host_that_is_no_vault(url: str) -> None:
    with pytest.raises(KeyVaultError):
        vault_key(url)


def test_a_vault_that_refuses_is_told_in_its_words() -> None:
    vault = FakeKeyVault()
    signer = vault_signer("azurekms://team/evidence", vault_key("azurekms://team/evidence"), vault.ask)
    vault.refuse = "403 Forbidden"
    with pytest.raises(KeyVaultError, match="the vault answered 403 Forbidden"):
        signer.sign(DATA)


def test_a_signature_that_is_not_its_key_s_does_not_count() -> None:
    vault = FakeKeyVault()
    signer = vault_signer("azurekms://team/evidence", vault_key("azurekms://team/evidence"), vault.ask)
    vault.key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyVaultError, match="not one of its key"):
        signer.sign(DATA)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"key": {"crv": "P-384"}},
        {"key": {"crv": "P-256", "x": "AA", "y": "AA", "kid": f"https://v/keys/k/{VERSION}"}},
        {"key": {"crv": "P-256", "x": "%", "y": "AA", "kid": f"https://v/keys/k/{VERSION}"}},
        {"key": {"crv": "P-256", "x": "AA", "y": "AA", "kid": "https://v/keys/k/.."}},
    ],
)
def test_an_answer_that_is_no_key_is_refused(answer: object) -> None:
    with pytest.raises(KeyVaultError):
        vault_signer("azurekms://team/k", vault_key("azurekms://team/k"), lambda *asked: answer)
