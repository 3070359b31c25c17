"""Whose signature of an attested document counts on which cloud, and where the certificates between come from."""

from __future__ import annotations

import re
from importlib.resources import files
from urllib.parse import urlsplit
from urllib.request import Request, build_opener

from tfinfra.azure.identity.attested import LARGEST
from tfinfra.cloud import Trust
from tfinfra.system.no_redirect import NoRedirect

# The names of the signers: learn.microsoft.com/azure/virtual-machines/instance-metadata-service#attested-data
_SIGNERS = re.compile(r"([a-z0-9-]+\.)?metadata\.azure\.(com|us|cn)")
# Where Microsoft's and DigiCert's certificates are: learn.microsoft.com/azure/security/fundamentals/azure-ca-details
_HOSTS = ("www.microsoft.com", "caissuers.microsoft.com", "cacerts.digicert.com")
_PATIENCE = 10.0


def azure_trust() -> Trust:
    """Azure's own clouds: the shipped roots alone, whatever this machine trusts besides."""
    roots = files("tfinfra.azure").joinpath("data/attestation-roots.pem").read_bytes()
    return Trust(roots, _SIGNERS, _fetched)


def _fetched(url: str) -> bytes:
    """The certificate at `url`. The host must be Microsoft's or DigiCert's, because a node's text names the URL; what
    comes over plain HTTP is believed for its signature alone. Raises OSError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.netloc not in _HOSTS:
        raise OSError(f"{parts.hostname} is not where Azure's certificates are")
    with build_opener(NoRedirect).open(Request(url), timeout=_PATIENCE) as answer:  # noqa: S310  checked above
        data: bytes = answer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise OSError(f"it has more than {LARGEST} bytes")
    return data
