"""Where the local cloud keeps its state, the same for the daemon that owns it and the client that finds the daemon."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-00000000cafe"
AUDIENCE = "https://management.tfinfra.local/"
SOCKET_PATH_MAX = 100  # sun_path holds 108 bytes on Linux, 104 on macOS


@dataclass(frozen=True)
class Layout:
    """The files below `root`. Everything there is the user's alone (0700); secrets are 0600 besides."""

    root: Path

    @property
    def endpoint(self) -> Path:
        return self.root / "endpoint.json"

    @property
    def token(self) -> Path:
        return self.root / "token"

    @property
    def storage_token(self) -> Path:
        """The owner's token for Blob, beside the one for ARM."""
        return self.root / "storage-token"

    @property
    def signing_key(self) -> Path:
        return self.root / "signing.key"

    @property
    def ca(self) -> Path:
        return self.root / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.root / "server.pem"

    @property
    def attestation(self) -> Path:
        """The key and the certificate that the machines' attested documents are signed with."""
        return self.root / "metadata-signer.pem"

    @property
    def lock(self) -> Path:
        return self.root / "daemon.lock"

    @property
    def server_lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def start_lock(self) -> Path:
        return self.root / "start.lock"

    @property
    def log(self) -> Path:
        return self.root / "daemon.log"

    @property
    def groups(self) -> Path:
        return self.root / "groups"

    @property
    def subscription(self) -> Path:
        return self.root / "subscription"

    @property
    def operations(self) -> Path:
        return self.root / "operations"

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def arm_socket(self) -> Path:
        """ARM over TLS, for what cannot reach the host's loopback."""
        return _socket_folder(self.root) / "arm.sock"

    @property
    def metadata_socket(self) -> Path:
        """The instance metadata over plain HTTP, beside `arm_socket`."""
        return _socket_folder(self.root) / "metadata.sock"


def _socket_folder(root: Path) -> Path:
    """`root`, or a short folder of the user's own where the sockets' paths would be too long for the system."""
    if len(os.fsencode(root / "metadata.sock")) <= SOCKET_PATH_MAX:
        return root
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tfinfra-{os.getuid()}-{digest}"
