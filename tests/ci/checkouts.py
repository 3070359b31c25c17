"""Repositories as the pipelines of docs/ci.md meet them: tfinfra's own, and what stands in the document's URLs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.ci import whole_install
from tests.ci.compiled import bytecode_of
from tests.ci.extracted import ROOT

SHIPPED = ("tfinfra", "stacks", "templates", "bin", "ci", "requirements", "pyproject.toml", "action.yml", "README.md")
URL = "https://git.example.com/platform/tfinfra.git"
PIPELINES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", (ROOT / "docs/ci.md").read_text("utf-8"), re.DOTALL))
"""The pipelines of the document, by the name in their first line."""


def lay_checkout(folder: Path) -> Path:
    """A clone of tfinfra as a runner has it: no environment has been made in it. What this Python has compiled is
    there, and in all clones of it: each would compile every module anew, which takes longer than what the jobs do."""
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return bytecode_of(ROOT, folder)


def committed(folder: Path, branch: str = "main") -> str:
    """The commit of all that is in the folder, which becomes a repository where it is none."""
    if not (folder / ".git").exists():
        _git(folder, "init", "-q", "-b", branch)
        for name in ("core.compression", "pack.window"):  # a clone on the same disk gains nothing by either
            _git(folder, "config", name, "0")
    _git(folder, "add", "-A")
    _git(folder, "-c", "user.name=n", "-c", "user.email=e@e.invalid", "commit", "-q", "-m", "m")
    return _git(folder, "rev-parse", "HEAD").strip()


def found_at(published: Path, folder: Path, *, whole: bool = False) -> dict[str, str]:
    """The variables of a machine on which the document's URL is the repository `published`; where the `whole` install
    is to be had, a clone of it has one at once."""
    setting = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{published}.insteadOf", "GIT_CONFIG_VALUE_0": URL}
    if not whole:
        return setting
    hook = folder / "template/hooks/post-checkout"
    hook.parent.mkdir(parents=True)
    hook.write_text(f'#!/bin/sh\n[ ! -e bin/tfinfra ] || exec {sys.executable} {whole_install.__file__} "$PWD"\n')
    hook.chmod(0o755)
    return {**setting, "GIT_TEMPLATE_DIR": str(hook.parents[1])}


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout
