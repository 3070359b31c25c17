"""A package's own requirements as its index has them, read from pip's report, which is made for programs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.pins import write_requirements
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import run_quietly
from tfinfra.errors import TfinfraError
from tfinfra.model import PackageSources

_LINUX_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def requires_of(uv: str, package: str, python: str, platform: str | None, sources: PackageSources) -> tuple[str, ...]:
    """The `Requires-Dist` lines of `package` ("tensorflow-cpu==2.15.1") for Python `python` on a uv platform (None:
    this machine's own), as `sources` have it. Source: pip's documentation, "Installation Report". Raises TfinfraError
    with pip's last line."""
    arguments = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-"]
    arguments += ["--only-binary", ":all:", "--target", "unused", "--python-version", python]
    arguments += page_options(sources)
    if platform is not None:
        machine = platform.partition("-")[0]
        arguments += [word for tag in _LINUX_TAGS for word in ("--platform", f"{tag}_{machine}")]
    with tempfile.TemporaryDirectory(prefix="tfinfra-pip-") as folder:
        pinned = str(write_requirements(("pip",), Path(folder)))
        into = ["--quiet", "--python", sys.executable, "--target", folder]
        done = _run([uv, "pip", "install", *into, "--require-hashes", "-r", pinned], PackageSources())
        if not done.returncode:
            done = _run([sys.executable, "-I", f"{folder}/pip", *arguments, package], sources)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TfinfraError(f"the requirements of {package} could not be read: {last}")
    (found,) = json.loads(done.stdout)["install"]
    return tuple(found["metadata"].get("requires_dist", ()))


def _run(command: list[str], sources: PackageSources) -> subprocess.CompletedProcess[str]:
    given = tool_environment()
    environment = {**given, **source_variables(sources, given), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return run_quietly(command, environment)
