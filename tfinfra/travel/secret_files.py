"""Files that hold credentials, by the names under which tools keep them, or by what they hold."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable

_FILES = (
    *(".env", ".env.*", "*.env", ".envrc", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key"),
    *("*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc"),
    *(".git-credentials", ".htpasswd", ".dockercfg", "kubeconfig", ".boto", ".s3cfg", ".vault-token", ".databrickscfg"),
    *("kaggle.json", "*.tfstate", "*.tfstate.*", "credentials", "credentials.json", "client_secret*.json"),
    *("service-account*.json", "service_account*.json", "secrets.yaml", "secrets.yml", "secrets.json", "secrets.toml"),
    *(".secrets*", "application_default_credentials.json"),
)
_FOLDERS = (
    *(".azure", ".aws", ".ssh", ".gnupg", ".kube", ".docker", "gcloud"),
    *(".kaggle", ".huggingface", ".pulumi", ".secrets"),
)
_FOR_OTHERS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")
"""Patterns to fill in, and the public halves of keys."""

MOST_BYTES = 16_384
"""No private key is longer."""
_MOST_CERTIFICATES = 2_000_000
_SIGNS = (b"PRIVATE KEY", b"PuTTY-User-Key-File-", b"AGE-SECRET-KEY-1")
_KEY = re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----|^PuTTY-User-Key-File-\d|^AGE-SECRET-KEY-1", re.M)
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_CODE_OR_DATA = frozenset(
    {
        *(b".py", b".pyi", b".ipynb", b".md", b".rst", b".html", b".js", b".ts", b".c", b".cc", b".cpp", b".h", b".cu"),
        *(b".go", b".rs", b".java", b".csv", b".tsv", b".npy", b".npz", b".jpg", b".jpeg", b".png", b".gif", b".wav"),
        *(b".tfrecord", b".parquet"),
    }
)


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)


_FILE, _FOLDER, _HARMLESS = _any(_FILES), _any(_FOLDERS), _any(_FOR_OTHERS)


def named_like_a_secret(name: str, *, is_folder: bool) -> bool:
    """Whether tools keep credentials under the name, which is the last part of a path."""
    if is_folder:
        return _FOLDER.match(name) is not None
    return _FILE.match(name) is not None and _HARMLESS.match(name) is None


def holds_private_key(path: bytes, size: int) -> bool:
    """Whether a regular file of `size` bytes holds a private key."""
    if not 0 < size <= MOST_BYTES or os.path.splitext(path)[1].lower() in _CODE_OR_DATA:  # noqa: PTH122  bytes
        return False
    data = _read(path, MOST_BYTES)
    return any(sign in data for sign in _SIGNS) and _KEY.search(data) is not None


def holds_certificates(path: bytes) -> bool:
    """Whether a file holds certificates, which are public, and no private key."""
    data = _read(path, _MOST_CERTIFICATES)
    return _CERTIFICATE in data and b"PRIVATE KEY" not in data


def _read(path: bytes, most: int) -> bytes:
    """The beginning of a regular file, b"" of what is none or may not be read."""
    try:
        at = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(at, most)
    except OSError:
        return b""
    finally:
        os.close(at)
