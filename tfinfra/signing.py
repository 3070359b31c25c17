"""Text that only the holder of one key can have written: ECDSA on P-256 with SHA-256. Who signs has cryptography. A
node has not, as that needs a wheel of cffi for each Python: it verifies by openssl, which images have beside their
certificates."""

from __future__ import annotations

import base64
import shutil
from contextlib import suppress
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tfinfra.system.process.commands import finished

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_SECONDS = 10.0


class CannotVerify(Exception):
    """This machine has nothing that could hold a signature against its key; the text says what is missing."""


class SigningKey:
    """The private half. `public` is what others verify by: its SubjectPublicKeyInfo (DER) in base64."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public = base64.b64encode(der).decode("ascii")

    @staticmethod
    def new() -> SigningKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        return SigningKey(ec.generate_private_key(ec.SECP256R1()))

    @staticmethod
    def from_pem(data: bytes) -> SigningKey:
        """Raises ValueError for what is no such key."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(data, None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(str(error)) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("it is no key on a curve")  # noqa: TRY004  the data is wrong, not an argument
        return SigningKey(key)

    def pem(self) -> bytes:
        """PKCS #8, without a passphrase: to be kept where its owner alone can read it."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, text: str) -> str:
        """The signature of `text`, in base64."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return base64.b64encode(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode("ascii")


def is_signed(text: str, signature: str, public: str) -> bool:
    """Whether the owner of the key `public` has signed `text`. Raises CannotVerify."""
    tool = shutil.which("openssl")
    if tool is None:
        raise CannotVerify("there is no openssl on this machine")
    with TemporaryDirectory(prefix="tfinfra-") as folder:
        key, said, mark = (Path(folder, name) for name in ("key.pem", "text", "signature"))
        key.write_text(f"-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n", "ascii")
        said.write_bytes(text.encode())
        with suppress(ValueError):
            mark.write_bytes(base64.b64decode(signature, validate=True))
            return _agrees([tool, "dgst", "-sha256", "-verify", str(key), "-signature", str(mark), str(said)])
    return False


def _agrees(command: list[str]) -> bool:
    """Whether openssl ends with 0, as it does for a signature that is right alone."""
    try:
        return finished(command, timeout=_SECONDS).returncode == 0
    except (OSError, SubprocessError) as error:
        raise CannotVerify(f"openssl could not be run: {error}") from error
