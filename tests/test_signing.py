"""Only what the holder of the key has signed counts, byte for byte."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tfinfra.signing import CannotVerify, SigningKey, is_signed

KEY = SigningKey.new()
TEXT = '{"run": "digits-abc123", "ü": "several\\nlines"}'


def test_what_was_signed_is_known_also_by_a_key_that_was_kept() -> None:
    kept = SigningKey.from_pem(KEY.pem())
    assert kept.public == KEY.public
    assert is_signed(TEXT, kept.sign(TEXT), KEY.public)


def _changed(signature: str) -> str:
    data = bytearray(base64.b64decode(signature))
    data[-1] ^= 1
    return base64.b64encode(bytes(data)).decode()


@pytest.mark.parametrize(
    ("text", "signature", "public"),
    [
        pytest.param(TEXT + " ", KEY.sign(TEXT), KEY.public, id="another text"),
        pytest.param(TEXT, _changed(KEY.sign(TEXT)), KEY.public, id="a changed signature"),
        pytest.param(TEXT, SigningKey.new().sign(TEXT), KEY.public, id="somebody else's signature"),
        pytest.param(TEXT, KEY.sign(TEXT), SigningKey.new().public, id="somebody else's key"),
        pytest.param(TEXT, "", KEY.public, id="no signature"),
        pytest.param(TEXT, "no base64", KEY.public, id="a signature that is none"),
        pytest.param(TEXT, KEY.sign(TEXT), "", id="no key"),
        pytest.param(TEXT, KEY.sign(TEXT), "AAAA", id="a key that is none"),
    ],
)
def test_nothing_else_is_signed(text: str, signature: str, public: str) -> None:
    assert not is_signed(text, signature, public)


@pytest.mark.parametrize("data", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_a_key_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        SigningKey.from_pem(data)


def test_a_machine_without_openssl_takes_nothing_for_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotVerify, match="no openssl"):
        is_signed(TEXT, KEY.sign(TEXT), KEY.public)
