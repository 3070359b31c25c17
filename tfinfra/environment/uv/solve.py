"""Requirement lines → exact versions with hashes, by uv."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tfinfra.environment.requirements.requirement import normalised
from tfinfra.environment.uv.package_index import page_options, source_variables
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.environment.uv.tools import run_quietly
from tfinfra.environment.uv.uv_refusals import is_unreachable, refusal_of
from tfinfra.model import PackageSources


@dataclass(frozen=True)
class SolveRequest:
    """What uv solves for: `platform` is a uv platform or None for this machine's, `python` its version, `interpreter`
    one of that version where there is one (uv builds source packages' metadata with it), `wheels` a folder of wheels
    beside the index, `source_builds` the packages that may be built from source where there is no wheel of them: all
    others come as wheels, so that no code of theirs runs here. With `prereleases` those are taken, and `sources` is
    where packages come from. `preferences` is a requirements text whose versions are taken where they still fit."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    python: str
    platform: str | None
    interpreter: Path | None
    wheels: Path | None = None
    source_builds: tuple[str, ...] = ()
    prereleases: bool = False
    sources: PackageSources = field(default_factory=PackageSources)
    preferences: str = ""


def solve(uv: str, request: SolveRequest) -> str:
    """Requirements text: every package with its exact version and the hashes of its files; no index, no host.

    Raises what uv's refusal means: see `refusal_of`.
    """
    return _compiled(uv, request, "--generate-hashes", "--no-emit-index-url", "--no-annotate")


def installable_hashes(uv: str, request: SolveRequest) -> dict[str, frozenset[str]]:
    """{normalised name: hashes} of the files that may be installed for the exact lines of `request`: wheels of its
    platform, or source packages of what is built. A lock's text has those of all files. Raises as `solve` does."""
    blocks = exact_pylock(uv, request).split("[[packages]]")[1:]
    named = [(re.search(r'^name = "([^"]+)"', block, re.MULTILINE), block) for block in blocks]
    return {
        normalised(name[1]): frozenset(f"sha256:{digits}" for digits in re.findall(r'sha256 = "([0-9a-f]+)"', block))
        for name, block in named
        if name
    }


def exact_pylock(uv: str, request: SolveRequest) -> str:
    """A pylock.toml (packaging.python.org, "pylock.toml") of the exact lines of `request`, with the files of its
    platform that are installed, and their URLs. Raises as `solve` does."""
    return _compiled(
        uv, replace(request, constraints=(), prereleases=True, preferences=""), "--no-deps", "--format", "pylock.toml"
    )


def fetch(uv: str, request: SolveRequest) -> None:
    """Fetches the wheels of the exact lines of `request`, into uv's cache: so that hashes are held against files, of
    which no index tells them. Raises as `solve` does."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-fetch-") as folder:
        packages = Path(folder, "requirements.txt")
        packages.write_text("\n".join(request.lines) + "\n", "utf-8")
        arguments = [
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-progress",
            "--target",
            str(Path(folder, "fetched")),
        ]
        arguments += [*wheels_only(()), *page_options(request.sources), "--python-version", request.python]
        arguments += ["--python-platform", request.platform] if request.platform else []
        arguments += ["--python", str(request.interpreter or sys.executable), "-r", str(packages)]
        done = _uv([uv, *arguments], request.sources)
    if done.returncode:
        raise refusal_of(done.stderr, request.lines, lambda: _index_answers(uv, request.sources))


def _compiled(uv: str, request: SolveRequest, *more: str) -> str:
    with tempfile.TemporaryDirectory(prefix="tfinfra-lock-") as folder:
        packages, constraints = Path(folder, "requirements.in"), Path(folder, "constraints.txt")
        packages.write_text("\n".join(request.lines) + "\n", "utf-8")
        constraints.write_text("\n".join(request.constraints) + "\n", "utf-8")
        arguments = ["pip", "compile", str(packages), "--constraints", str(constraints), "--quiet", "--no-header"]
        arguments += more
        arguments += [*wheels_only(request.source_builds), *page_options(request.sources)]
        arguments += ["--python-version", request.python]
        arguments += ["--python-platform", request.platform] if request.platform else []
        arguments += ["--python", str(request.interpreter)] if request.interpreter else []
        arguments += ["--find-links", str(request.wheels)] if request.wheels else []
        arguments += ["--prerelease", "allow"] if request.prereleases else []
        preferred = Path(folder, "preferred.txt")
        if request.preferences:  # uv keeps to what is in the file that it writes
            preferred.write_text(request.preferences, "utf-8")
            arguments += ["--output-file", str(preferred)]
        done = _uv([uv, *arguments], request.sources)
        solved = preferred.read_text("utf-8") if request.preferences else done.stdout
    if done.returncode:
        raise refusal_of(done.stderr, request.lines, lambda: _index_answers(uv, request.sources))
    return solved


def _uv(command: list[str], sources: PackageSources, **more: str) -> subprocess.CompletedProcess[str]:
    given = tool_environment()
    variables = {**given, **source_variables(sources, given), **more}
    return run_quietly(command, variables)


def _index_answers(uv: str, sources: PackageSources) -> bool:
    """Whether the index, asked afresh, says anything: also that it has no such package."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-ask-") as folder:
        question = Path(folder, "requirements.in")
        question.write_text("pip\n", "utf-8")
        arguments = ["pip", "compile", str(question), "--quiet", "--no-deps", "--refresh"]
        return not is_unreachable(_uv([uv, *arguments], sources, UV_HTTP_RETRIES="0").stderr)


def wheels_only(source_builds: Iterable[str]) -> list[str]:
    """uv's options by which it builds nothing but these packages, and those always."""
    return ["--only-binary", ":all:", *(word for name in source_builds for word in ("--no-binary", name))]
