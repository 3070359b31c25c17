"""A package's own requirements as its index has them, read from pip's report, which is made for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tfinfra.environment.pins import write_requirements
from tfinfra.environment.tools import tool_environment
from tfinfra.errors import TfinfraError

_LINUX_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def requires_of(uv: str, package: str, python: str, platform: str | None) -> tuple[str, ...]:
    """The `Requires-Dist` lines of `package` ("tensorflow-cpu==2.15.1") for Python `python` on a uv platform (None:
    this machine's own). Source: pip's documentation, "Installation Report". Raises TfinfraError with pip's last line.
    """
    arguments = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-"]
    arguments += ["--only-binary", ":all:", "--target", "unused", "--python-version", python]
    if platform is not None:
        machine = platform.partition("-")[0]
        arguments += [word for tag in _LINUX_TAGS for word in ("--platform", f"{tag}_{machine}")]
    with tempfile.TemporaryDirectory(prefix="tfinfra-pip-") as folder:
        pinned = str(write_requirements(("pip",), Path(folder)))
        into = ["--quiet", "--python", sys.executable, "--target", folder]
        done = _run([uv, "pip", "install", *into, "--require-hashes", "-r", pinned])
        if not done.returncode:
            done = _run([sys.executable, "-I", f"{folder}/pip", *arguments, package])
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TfinfraError(f"the requirements of {package} could not be read: {last}")
    (found,) = json.loads(done.stdout)["install"]
    return tuple(found["metadata"].get("requires_dist", ()))


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**tool_environment(), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=os.sep, env=environment)


def markers_of(python: str, platform: str) -> dict[str, str]:
    """The environment that markers are evaluated in, on a lock's platform."""
    is_mac = "darwin" in platform
    machine = "x86_64" if "x86_64" in platform else "arm64" if is_mac else "aarch64"
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": "darwin" if is_mac else "linux",
        "platform_system": "Darwin" if is_mac else "Linux",
        "platform_machine": machine,
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
