"""Platforms, and what environment markers mean on them (packaging.python.org, "Dependency specifiers")."""

from __future__ import annotations

import platform as machine
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.markers import Marker


def this_platform() -> str:
    """This kind of machine, as "linux-x86_64" or "darwin-arm64"."""
    return f"{sys.platform}-{machine.machine()}"


def markers_of(python: str, platform: str) -> dict[str, str]:
    """The environment that markers are evaluated in, on a lock's platform."""
    is_mac = "darwin" in platform
    machine_name = "x86_64" if "x86_64" in platform else "arm64" if is_mac else "aarch64"
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": "darwin" if is_mac else "linux",
        "platform_system": "Darwin" if is_mac else "Linux",
        "platform_machine": machine_name,
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def applies(marker: Marker | None, python: str, platform: str) -> bool:
    """Whether a requirement with `marker` counts. `python` may lack its patch number: what holds for some releases of
    it alone does not count for certain."""
    releases = [python] if python.count(".") > 1 else [f"{python}.0", f"{python}.99"]
    return marker is None or all(marker.evaluate({**markers_of(one, platform), "extra": ""}) for one in releases)
