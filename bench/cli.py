"""How long the command line takes to do little: help, version, the check of an example, a hook of pre-commit."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.common import EXAMPLE, ROOT, Result, Row, measure, repeated, tell, tfinfra_command

BARE = "python -c 'import click'"
HOOKED = ("single", "ps", "azure-horovod")
"""The manifests that the hooks look at."""
HOOKS = {"validate .": 0.5, "compile --check .": 0.5}
"""As .pre-commit-hooks.yaml calls them: the most that each may take, in seconds."""
MANY = 1000
"""Source files of the manifest whose lock is compared."""


def run(repeat: int) -> Result:
    """One row per command, against a Python that imports no more than click."""
    tfinfra = tfinfra_command()
    example = str(EXAMPLE.relative_to(ROOT))
    rows = [_row(repeat, BARE, [sys.executable, "-I", "-c", "import click"])]
    rows.append(_row(repeat, "tfinfra --version", [*tfinfra, "--version"], 0.15))
    rows.append(_row(repeat, "tfinfra --help", [*tfinfra, "--help"], 0.15))
    rows.append(_row(repeat, f"tfinfra validate {example}", [*tfinfra, "validate", str(EXAMPLE)], 0.25))
    rows.append(_row(repeat, f"tfinfra plan {example}", [*tfinfra, "plan", str(EXAMPLE)]))
    rows.append(_row(repeat, "bin/tfinfra --help", [str(ROOT / "bin/tfinfra"), "--help"]))
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = _repository(Path(name))
        subprocess.run([*tfinfra, "compile", "."], cwd=folder, capture_output=True, check=True)
        for words, at_most in HOOKS.items():
            case = f"hook: tfinfra {words}, {len(HOOKED)} manifests"
            rows.append(_row(repeat, case, [*tfinfra, *words.split()], at_most, folder))
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = _with_many_files(Path(name))
        subprocess.run([*tfinfra, "lock", "single.yaml"], cwd=folder, capture_output=True, check=True)
        rows.append(_row(repeat, f"tfinfra lock --check, {MANY:,} source files", [*tfinfra, *CHECK], 0.5, folder))
    return Result("cli", tuple(rows))


def _repository(folder: Path) -> Path:
    """`folder` with the examples that the hooks look at, and their scripts."""
    examples = EXAMPLE.parent
    for path in (*(examples / f"{name}.yaml" for name in HOOKED), *examples.glob("*.py")):
        shutil.copy(path, folder)
    return folder


CHECK = ("lock", "--check", "single.yaml")


def _with_many_files(folder: Path) -> Path:
    """`folder` with one example and MANY modules of 40 lines."""
    for name in ("single.yaml", "train_single.py", "digits.py"):
        if (path := EXAMPLE.parent / name).exists():
            shutil.copy(path, folder)
    (folder / "many").mkdir()
    for number in range(MANY):
        (folder / "many" / f"part_{number}.py").write_text(f"VALUE = {number}\n" * 40)
    return folder


def _row(repeat: int, case: str, argv: Sequence[str], at_most: float | None = None, folder: Path | None = None) -> Row:
    tell(case)
    samples = repeated(repeat, lambda: measure(argv, folder))
    return Row(case, samples, None if case == BARE else BARE, {"seconds": at_most} if at_most else None)
