"""Pulumi's azure-native plugin by the names that its vendor gives it: what is fetched, and what stands in for it."""

from __future__ import annotations

import platform
import sys

VERSION = "3.29.0"
"""The version of the azure-native SDK that tfinfra pins: the engine takes a plugin of no other."""

BINARY = "pulumi-resource-azure-native"
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def archive_name() -> str:
    """The archive of this machine's plugin, as its vendor names it."""
    machine = platform.machine().lower()
    return f"{BINARY}-v{VERSION}-{sys.platform}-{_ARCHITECTURES.get(machine, machine)}.tar.gz"
