"""One job of a CI system: installs what its verb needs from this checkout, runs the verb, and hands on its exit code.

GitHub's action, GitLab's component and the template of Azure Pipelines call this. What they are given comes in
variables, TFINFRA_CI_…, never in a command line: nothing that a pull request can name is read as a command or an
option. Needs Python 3.10 and nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIGHT_VERBS = ("validate", "compile", "plan")
"""Verbs for which the light install is enough."""
VERBS = (*LIGHT_VERBS, "check", "up", "wait", "fetch", "sweep")
USAGE = 2
_OF_A_RUN = ("wait", "fetch")
_REPORTS = {"SARIF": "--sarif", "JUNIT": "--junit", "MARKDOWN": "--markdown"}


def main() -> int:
    """The exit code of the verb, or 2 where the job itself is described wrongly."""
    given = {
        name.removeprefix("TFINFRA_CI_"): value
        for name, value in os.environ.items()
        if name.startswith("TFINFRA_CI_") and value
    }
    try:
        words = verb_words(given)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    command = [*_tfinfra(given["RUN"]), *words]
    is_up = given["RUN"] == "up"
    code, document = _ended(command, subprocess.PIPE if is_up else None)
    run = given["RUN_ID"] if given["RUN"] in _OF_A_RUN else ""
    if is_up:
        run = _run_of(document)
    _hand_on({"exit-code": str(code), "run": run}, given)
    return code


def verb_words(given: Mapping[str, str]) -> list[str]:
    """The words of tfinfra's command line for the job that these variables (without TFINFRA_CI_) describe. Raises
    ValueError with what is wrong."""
    verb = given.get("RUN", "")
    if verb not in VERBS:
        raise ValueError(f"run is '{verb}'; it is one of {', '.join(VERBS)}")
    cloud = [f"--{name.lower()}={given[name]}" for name in ("TARGET", "SUBSCRIPTION") if name in given]
    if verb == "sweep":
        return ["down", "--expired", "--yes", *cloud]
    if verb in _OF_A_RUN:
        if "RUN_ID" not in given:
            raise ValueError(f"{verb} needs the id of a run, the output `run` of the job that began it")
        timeout = [f"--timeout={given['TIMEOUT']}"] if verb == "wait" and "TIMEOUT" in given else []
        return [verb, *timeout, *cloud, "--", given["RUN_ID"]]
    manifests = given.get("MANIFESTS", "." if verb != "up" else "").splitlines()
    manifests = [line.strip() for line in manifests if line.strip()]
    options = [f"--{name.lower()}={given[name]}" for name in ("TARGET", "GUARDRAILS") if name in given]
    if verb == "up":
        if len(manifests) != 1:
            raise ValueError(f"up takes one manifest, and manifests names {len(manifests)}")
        detach = ["--detach"] if _is_set(given, "DETACH") else []
        return ["up", "--yes", "--json", *detach, *options, "--", *manifests]
    options += [f"{option}={given[name]}" for name, option in _REPORTS.items() if name in given]
    options += [f"--base={given['BASE']}"] if "BASE" in given and "MARKDOWN" in given else []
    options += ["--deny=warnings"] if _is_set(given, "DENY_WARNINGS") else []
    return [verb, *(["--check"] if verb == "compile" else []), *options, "--", *manifests]


def _is_set(given: Mapping[str, str], name: str) -> bool:
    """Raises ValueError for what is neither true nor false: a gate that is meant must not be open for a spelling."""
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise ValueError(f"{name.lower().replace('_', '-')} is '{value}'; it is true or false")
    return value == "true"


def _ended(command: list[str], stdout: int | None) -> tuple[int, bytes]:
    """The exit code of the command, and what it wrote to a pipe. It hears of a cancelled job once, from here, and has
    the time that it takes to delete its nodes: `subprocess.run` would kill it."""
    with subprocess.Popen(command, stdout=stdout, start_new_session=True) as process:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda heard, _: process.send_signal(heard))
        document, _ = process.communicate()
    return process.returncode, document or b""


def _tfinfra(verb: str) -> list[str]:
    """The command itself, installed from locks with hashes: `bin/tfinfra` installs all on its first call."""
    if verb not in LIGHT_VERBS or (ROOT / ".venv").is_dir():
        return [str(ROOT / "bin/tfinfra")]
    folder = ROOT / ".venv-light"
    python = str(folder / "bin/python")
    if not (folder / "whole").is_file():
        lock = str(ROOT / "requirements/light.lock")
        quietly = ["-q", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"]
        install = ["-m", "pip", "install", *quietly, "--require-hashes", "-r", lock]
        subprocess.run([sys.executable, "-I", "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-I", *install], check=True)
        (site_packages,) = folder.glob("lib/python*/site-packages")
        (site_packages / "tfinfra.pth").write_text(f"{ROOT}\n", encoding="utf-8")
        (folder / "whole").touch()
    return [python, "-I", "-m", "tfinfra"]


def _run_of(document: bytes) -> str:
    """The id of the run in a document of `up --json`; "" where none was begun."""
    sys.stdout.buffer.write(document)
    try:
        return str(json.loads(document).get("run") or "")
    except (ValueError, AttributeError):
        return ""


def _hand_on(outputs: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Appends `name=value` lines to the file that the system reads a job's outputs from."""
    if "OUTPUT" in given:
        with Path(given["OUTPUT"]).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items() if value.isprintable())


if __name__ == "__main__":
    sys.exit(main())
