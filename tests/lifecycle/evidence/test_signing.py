"""Which keys sign, and which cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.evidence.made import a_key
from tests.lifecycle.evidence.guarded import guarded, key_file
from tests.lifecycle.fakes import FakeObserver
from tfinfra.compiler.guardrail_files import load_guardrails
from tfinfra.compiler.load import load_project
from tfinfra.errors import ManifestError
from tfinfra.evidence.dsse import pae
from tfinfra.lifecycle.evidence.signing import CannotSign, refuse_unusable_key, signer_of_file
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.launch import compile_to_folder
from tfinfra.system.process.inherited_variables import PASSPHRASE

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


@pytest.mark.parametrize("detach", [False, True])
def test_a_run_whose_key_cannot_sign_is_refused_before_anything_is_written_unless_others_will_sign(
    detach: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/train.py").write_text("print()\n")
    (tmp_path / "project/train.yaml").write_text("entry_script: train.py\n")
    project, options = load_project(tmp_path / "project/train.yaml"), UpOptions(tmp_path, detach=detach)
    if detach:
        compile_to_folder(project, options, FakeObserver(), {})
    else:
        with pytest.raises(ManifestError, match="cannot be read: No such file"):
            compile_to_folder(project, options, FakeObserver(), {})
    assert (tmp_path / "deploy").exists() is detach
