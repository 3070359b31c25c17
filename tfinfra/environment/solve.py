"""Requirement lines → exact versions with hashes, by uv; and uv's errors in the words of the manifest."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.environment.requirement import BUILDS
from tfinfra.environment.tools import tool_environment
from tfinfra.errors import ManifestError, NotFeasible, TfinfraError

_UNREACHABLE = ("error sending request", "dns error", "Failed to fetch", "operation timed out", "network was disabled")
_EXPLANATION_LINES = 8


@dataclass(frozen=True)
class SolveRequest:
    """What uv solves for: `platform` is a uv platform or None for this machine's, `python` its version, `interpreter`
    one of that version where there is one (uv builds source packages' metadata with it), `wheels` a folder of wheels
    beside the index, `source_builds` the packages that may be built from source where there is no wheel of them: all
    others come as wheels, so that no code of theirs runs here."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    python: str
    platform: str | None
    interpreter: Path | None
    wheels: Path | None = None
    source_builds: tuple[str, ...] = ()


class Unsolvable(Exception):
    """uv found no solution; the text is its explanation."""


def solve(uv: str, request: SolveRequest) -> str:
    """Requirements text: every package with its exact version and the hashes of its files; no index, no host.

    Raises Unsolvable, NotFeasible where no package index can be reached, TfinfraError for other faults of uv.
    """
    with tempfile.TemporaryDirectory(prefix="tfinfra-lock-") as folder:
        packages, constraints = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        packages.write_text("\n".join(request.lines) + "\n", "utf-8")
        constraints.write_text("\n".join(request.constraints) + "\n", "utf-8")
        arguments = ["pip", "compile", str(packages), "--constraints", str(constraints), "--quiet"]
        arguments += wheels_only(request.source_builds)
        arguments += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
        arguments += ["--python-version", request.python]
        arguments += ["--python-platform", request.platform] if request.platform else []
        arguments += ["--python", str(request.interpreter)] if request.interpreter else []
        arguments += ["--find-links", str(request.wheels)] if request.wheels else []
        done = subprocess.run(
            [uv, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=os.sep,  # no folder on its way up may configure uv, as that of temporary files may, which others write
            env=tool_environment(),
        )
    if done.returncode == 0:
        return done.stdout
    if any(sign in done.stderr for sign in _UNREACHABLE):
        causes = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        cause = causes[-1].removeprefix("cause:").strip()
        raise NotFeasible(
            f"the package index cannot be reached: {cause}",
            hint="the first run of an environment needs a package index; UV_DEFAULT_INDEX names another one",
        )
    if "No solution found" in done.stderr:
        raise Unsolvable(explanation(done.stderr))
    raise TfinfraError(f"the training environment could not be locked:\n{explanation(done.stderr)}")


def wheels_only(source_builds: Iterable[str]) -> list[str]:
    """uv's options by which it builds nothing but these packages, and those always."""
    return ["--only-binary", ":all:", *(word for name in source_builds for word in ("--no-binary", name))]


def explanation(stderr: str) -> str:
    """uv's reasons without its framing, at most a few lines, indented."""
    text = "\n".join(line for line in stderr.splitlines() if not line.startswith(("error: No solution", "warning:")))
    text = re.sub(r",? we can conclude that your requirements are unsatisfiable\.", ".", text)
    lines = [re.sub(r"^\s*(cause:|hint:)?\s*", "", line) for line in text.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in lines if line][:_EXPLANATION_LINES])


def solver_error(why: Unsolvable, tensorflow: str, version: str, python: str) -> ManifestError:
    """The error that names the manifest's key at fault."""
    text = str(why)
    if f"there is no version of {tensorflow}=={version}" in text:
        return ManifestError(
            f"framework_version: there is no TensorFlow {version} for this platform",
            hint="write a version that PyPI has, such as 2.15.1 (the default)",
        )
    if re.search(rf"\b{re.escape(tensorflow)}(\[[\w-]+\])?=={re.escape(version)} has no wheels with a matching", text):
        return ManifestError(
            f"python_version: TensorFlow {version} has no build for Python {python}:\n{text}",
            hint="choose a python_version that this framework_version was built for, or another framework_version",
        )
    if wheel := re.search(r"Wheels are required for `([^`]+)`", text):
        name = wheel[1]
        return ManifestError(
            f"pip_packages: there is no wheel of {name} that fits:\n{text}",
            hint=f"another version may have one; `source_builds: [{name}]` {BUILDS}",
        )
    return ManifestError(
        f"pip_packages: the packages do not fit TensorFlow {version} on Python {python} or one another:\n{text}",
        hint="change pip_packages (or the requirements file), framework_version or python_version",
    )
