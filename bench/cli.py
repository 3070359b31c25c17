"""How long the command line takes to do little: its help, its version, the check of an example."""

from __future__ import annotations

import sys

from bench.common import EXAMPLE, ROOT, Result, Row, measure, repeated, tell, tfinfra_command

BARE = "python -c 'import click'"


def run(repeat: int) -> Result:
    """One row per command, against a Python that imports no more than click."""
    tfinfra = tfinfra_command()
    example = str(EXAMPLE.relative_to(ROOT))
    rows = [_row(repeat, BARE, [sys.executable, "-I", "-c", "import click"])]
    rows.append(_row(repeat, "tfinfra --help", [*tfinfra, "--help"], 0.15))
    rows.append(_row(repeat, f"tfinfra validate {example}", [*tfinfra, "validate", str(EXAMPLE)], 0.25))
    rows.append(_row(repeat, f"tfinfra plan {example}", [*tfinfra, "plan", str(EXAMPLE)]))
    rows.append(_row(repeat, "bin/tfinfra --help", [str(ROOT / "bin/tfinfra"), "--help"]))
    return Result("cli", tuple(rows))


def _row(repeat: int, case: str, argv: list[str], at_most: float | None = None) -> Row:
    tell(case)
    samples = repeated(repeat, lambda: measure(argv))
    return Row(case, samples, None if case == BARE else BARE, {"seconds": at_most} if at_most else None)
