"""`tfinfra doctor`: what works on this machine and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import completing, manifests, targets
from tfinfra.cli.options import NamedPath
from tfinfra.cli.tables import Bold

if TYPE_CHECKING:
    from tfinfra.machine.doctor import CheckResult
    from tfinfra.machine.walk.target import Checklist

_MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
_STEP_MARKS = {"ok": "ok", "not": "NOT", "unknown": "?"}


@click.command(short_help="Say what works on this machine and what does not.")
@click.option("--role", is_flag=True, help="Print a caller's custom role, ARM's JSON, and how it is given.")
@click.option(
    "--target",
    metavar="T",
    shell_complete=completing(targets),
    help="Walk the whole way of a run to this target, up to its first write.",
)
@click.option("--subscription", metavar="ID", help="With --role: the subscription that the role is for.")
@click.option(
    "--manifest",
    metavar="M",
    type=NamedPath(path_type=Path),
    shell_complete=manifests,
    help="Check what this manifest needs of Azure.",
)
@click.option("--rehearse", is_flag=True, help="Ask this machine's local cloud, whatever the target.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def command(
    *, role: bool, target: str | None, subscription: str | None, manifest: Path | None, rehearse: bool, as_json: bool
) -> int:
    """Check this machine. Exit 4 where a run on its local cloud is not feasible.

    With --target or --manifest: check credential, subscription, rights, quotas, image, provider, policy, network and
    deletion, and change nothing. Exit 0 where nothing stops a run, 3 where the target is wrong, 4 where a run is not
    feasible, 5 where the credential will not do, 2 or 1 where a variable or the plugin's archive is wrong: what `up`
    would end with.
    """
    from tfinfra.errors import UsageError
    from tfinfra.system.installation import require_run_packages

    if role:
        _show_role(target, subscription, as_json)
        return 0
    if subscription is not None:
        raise UsageError("--subscription is for --role", hint="a walk goes to the subscription of its target")
    if target is not None or manifest is not None:
        require_run_packages()
        return _walk(target, manifest, rehearse=rehearse, as_json=as_json)
    if rehearse:
        raise UsageError("--rehearse is for a walk", hint="name a target by --target T, or a manifest by --manifest M")
    return _examine(as_json)


def _show_role(target: str | None, subscription: str | None, as_json: bool) -> None:
    """Without --json it is the file that `az role definition create` takes, and how to assign it beside."""
    from tfinfra.cli.output import print_document, print_json, result_line
    from tfinfra.machine.needed_role import how_to_assign, needed_role

    role = needed_role(target, subscription)
    how = how_to_assign(role)
    if as_json:
        print_document("doctor-role", {"role": role, "how_to_assign": how})
    else:
        print_json(role)
    for line in how:
        result_line(line)


def _walk(target: str | None, manifest: Path | None, *, rehearse: bool, as_json: bool) -> int:
    from contextlib import closing

    from tfinfra.cli.output import print_document, show
    from tfinfra.engine.client import EngineProcess
    from tfinfra.machine.walk.target import walk

    with closing(EngineProcess(records=True)) as recorder:
        found = walk(target, manifest, recorder, rehearse=rehearse)
    if as_json:
        print_document("doctor-target", found)
    else:
        show(*checklist_lines(found))
    return found.exit_code


def _examine(as_json: bool) -> int:
    from tfinfra.cli.output import print_document, show
    from tfinfra.errors import NotFeasible
    from tfinfra.machine.doctor import examine

    findings = examine()
    if as_json:
        print_document("doctor", {"findings": findings})
    else:
        show(*lines(findings))
    return NotFeasible.exit_code if any(f.level == "problem" for f in findings) else 0


def checklist_lines(found: Checklist) -> list[str]:
    """The checklist for a person: below each line what mends it."""
    from tfinfra.machine.walk.steps import NOT_ASKED

    width = max(len(step.check) for step in found.steps)
    shown = [f"{found.target} on the {found.cloud} cloud, asked in {found.seconds:.1f} s: {found.plan}"]
    unasked = [step.check for step in found.steps if step.text == NOT_ASKED]
    for step in found.steps:
        if step.text == NOT_ASKED:
            continue
        shown.append(f"  {_STEP_MARKS[step.level]:<4}{step.check:<{width}}  {step.text}")
        if step.fix and step.level != "ok":
            shown.append(f"  {'':<4}{'':<{width}}  -> {step.fix}")
    if unasked:
        shown.append(f"  {_STEP_MARKS['unknown']:<4}{NOT_ASKED}: {', '.join(unasked)}")
    end = "nothing stops a run" if not found.exit_code else f"a run would end here (exit {found.exit_code})"
    unknown = sum(step.level == "unknown" for step in found.steps)
    shown.append(end + (f"; {unknown} of {len(found.steps)} could not be told" if unknown else ""))
    return [Bold(line.rstrip()) if line.startswith("  NOT") else line.rstrip() for line in shown]


def lines(findings: list[CheckResult]) -> list[str]:
    """The findings for a person, in columns."""
    width = max(len(f.check) for f in findings)
    shown = (f"{_MARKS[f.level]:<8}{f.check:<{width}}  {f.text}" + (f" ({f.hint})" if f.hint else "") for f in findings)
    return [Bold(line.rstrip()) if line.startswith(_MARKS["problem"]) else line.rstrip() for line in shown]
