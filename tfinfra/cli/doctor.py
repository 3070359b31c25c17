"""`tfinfra doctor`: what works on this machine and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tfinfra.lifecycle.doctor import Finding

MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


@click.command(short_help="Say what works on this machine and what does not.")
@click.option("--role", is_flag=True, help="Print the custom role that a caller on Azure needs, as ARM's JSON.")
@click.option("--target", metavar="T", help="With --role: for the subscription of this target.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(role: bool, target: str | None, as_json: bool) -> int:
    """Check this machine. Exit 4 where a run on its local cloud is not feasible."""
    from tfinfra.cli.output import print_document

    if role:
        print_document(needed_role(target))
        return 0
    return _examined(as_json)


def needed_role(target: str | None) -> dict[str, Any]:
    """The role of a caller, for every resource that the stacks can make. Raises ManifestError."""
    from pathlib import Path

    from tfinfra.arm.kinds import kind_of
    from tfinfra.azure.caller_role import caller_role, stack_tokens
    from tfinfra.compiler.named_target import named_target
    from tfinfra.resources import resource_folder

    types = {kind_of(f"azure-native:{token}").arm_type for token in stack_tokens(resource_folder("stacks"))}
    subscription = named_target(target, Path()).subscription_id if target else None
    return caller_role(types, subscription or "<subscription id>")


def _examined(as_json: bool) -> int:
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
