"""The golden cases: tests/golden/<case>/ holds a manifest, train.yaml, with what it needs, and what is expected of it.

stderr.txt is what `tfinfra validate train.yaml` prints; exit_code.txt is there where a refused-… case does not end with
3. An accepted-… case has deploy/, with the files that are its own: the others are copies, which test_golden.py compares
with what they are copies of. WHOLE alone keeps its whole folder, for a reader to see one.

`bin/test --update-goldens` writes them anew: read the difference before committing it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfinfra.cli.output import render_diagnostics
from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import compile_manifest
from tfinfra.errors import TfinfraError

FOLDER = Path(__file__).resolve().parent.parent / "golden"
MANIFEST = Path("train.yaml")
WHOLE = "accepted-horovod"
OWN = frozenset(
    {"Pulumi.yaml", "README.md", "__main__.py", "config.example.yaml", "manifest.resolved.yaml", "plan.json"}
)
"""The files of a deploy folder that differ from manifest to manifest in more than the run's name."""


def cases() -> list[Path]:
    """The folders of all cases, by name."""
    return sorted(path.parent for path in FOLDER.glob("*/train.yaml"))


def outcome(case: Path) -> tuple[int, str, dict[str, str]]:
    """(exit code, stderr, deploy folder) of the case; GPUs of this machine do not count."""
    with _inside(case):
        try:
            compiled = compile_manifest(load_project(MANIFEST))
        except TfinfraError as error:
            return error.exit_code, render_diagnostics(error.diagnostics, False) + "\n", {}
    text = render_diagnostics(compiled.diagnostics, False)
    return 0, f"{text}\n" if text else "", compiled.tree


def kept(case: Path, tree: dict[str, str]) -> dict[str, str]:
    """What of `tree` stands beside the case: {path: text}."""
    return {path: text for path, text in tree.items() if case.name == WHOLE or path in OWN}


def update(case: Path) -> None:
    """Writes what the case gives now, in place of all that it gave before."""
    code, stderr, tree = outcome(case)
    _write(case / "stderr.txt", stderr)
    _write(case / "exit_code.txt", f"{code}\n" if code not in (0, 3) else "")
    if case.name.startswith("accepted-"):
        shutil.rmtree(case / "deploy", ignore_errors=True)
        write_tree(kept(case, tree), case / "deploy")


def _write(path: Path, text: str) -> None:
    if text:
        path.write_text(text, encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Positions name files as seen from the case's folder; compute_targets.yaml and the refreshed prices of this
    machine's user are out of it."""
    here, environment = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    os.environ["TFINFRA_CONFIG_DIR"] = str(folder / "no-configuration")
    os.environ["TFINFRA_STATE_DIR"] = str(folder / "no-state")
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
