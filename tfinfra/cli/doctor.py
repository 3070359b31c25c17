"""`tfinfra doctor`: what works on this machine and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tfinfra.lifecycle.doctor import Finding

MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


@click.command(short_help="Say what works on this machine and what does not.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(as_json: bool) -> int:
    """Check this machine. Exit 4 where a run on its local cloud is not feasible."""
    from tfinfra.cli.output import print_document
    from tfinfra.errors import NotFeasible
    from tfinfra.lifecycle.doctor import examine
    from tfinfra.localcloud.machines.choose import possible_kinds

    findings = examine(possible_kinds)
    if as_json:
        print_document({"findings": findings})
    else:
        for line in lines(findings):
            print(line)
    return NotFeasible.exit_code if any(f.level == "problem" for f in findings) else 0


def lines(findings: list[Finding]) -> list[str]:
    """The findings for a person, in columns."""
    width = max(len(f.check) for f in findings)
    told = [f"{MARKS[f.level]:<8}{f.check:<{width}}  {f.text}" + (f" ({f.hint})" if f.hint else "") for f in findings]
    return [line.rstrip() for line in told]
