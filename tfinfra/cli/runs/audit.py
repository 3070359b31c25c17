"""`tfinfra audit`: whether a run's evidence is as it was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import all_runs, completing
from tfinfra.cli.options import NamedPath, cloud_options, json_option

if TYPE_CHECKING:
    from tfinfra.auditing.audit import Audited
    from tfinfra.cli.manifests.reports import Reports
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.auditing.audit_run import AuditOptions


@click.command(short_help="Check a run's evidence: signature, files, records against each other.")
@click.argument("run", metavar="[RUN|FOLDER]", required=False, shell_complete=completing(all_runs))
@click.option("--live", is_flag=True, help="Hold RUN, which lives, against how it was made: ARM is asked.")
@click.option("--all", "every", is_flag=True, help="With --live: every run that lives.")
@click.option(
    "--public-key",
    "public_keys",
    metavar="FILE",
    multiple=True,
    type=NamedPath(path_type=Path),
    help="A public key (PEM) that may have signed, beside audit.trust of your own configuration.",
)
@click.option("--require-signature", is_flag=True, help="Evidence that nobody has signed is an error.")
@click.option("--full", is_flag=True, help="Read inputs although their sizes and times are as they were.")
@click.option(
    "--rebuild", is_flag=True, help="Build environment and deploy folder anew from the signed lock, and compare."
)
@click.option(
    "--allow-builds", is_flag=True, help="With --rebuild: build what comes as source too, which runs its code here."
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "unverified"]),
    default="error",
    show_default=True,
    help="From what on the exit code is 11; unverified: also where something could not be looked at.",
)
@click.option("--sarif", metavar="FILE", help="Write what was found as SARIF 2.1.0, for code scanning.")
@click.option("--junit", metavar="FILE", help="Write a test report, a case for each rule.")
@json_option
@cloud_options
def command(
    *,
    asked: CloudOptions,
    run: str | None,
    live: bool,
    every: bool,
    public_keys: tuple[Path, ...],
    require_signature: bool,
    full: bool,
    rebuild: bool,
    allow_builds: bool,
    fail_on: str,
    sarif: str | None,
    junit: str | None,
    as_json: bool,
) -> int:
    """Check the evidence of RUN, or of the one in FOLDER, without a cloud and without changing anything: who signed it,
    whether its files and what the run made are those that were signed, and whether records that do not depend on each
    other tell one story. With --live: what of a run's resources others have changed since they were made. Exit 11 where
    something was found."""
    from tfinfra.auditing.audit import fails
    from tfinfra.cli.auditing.audit_live import LiveOptions, audits_of
    from tfinfra.cli.manifests.reports import Reports, require_reports
    from tfinfra.errors import DifferenceFound
    from tfinfra.lifecycle.auditing.audit_run import AuditOptions

    reports = Reports(sarif, junit)
    require_reports(reports, as_json)
    options = AuditOptions(public_keys, require_signature, full, rebuild, allow_builds)
    wanted = LiveOptions(run, live, every, asked)
    wanted.require(options)
    audits = audits_of(wanted) if run is None or live else [_of_evidence(run, options, reports)]
    code = DifferenceFound.exit_code if any(fails(audit, fail_on) for audit in audits) else 0
    _tell(audits, reports, code, as_json=as_json)
    return code


def _of_evidence(run: str, options: AuditOptions, reports: Reports) -> Audited:
    """Raises UsageError."""
    from tfinfra.cli.auditing.audit_reports import refuse_reports_inside
    from tfinfra.cli.output import progress
    from tfinfra.errors import UsageError
    from tfinfra.lifecycle.auditing.audit_run import audit_run
    from tfinfra.lifecycle.auditing.find_folder import find_folder

    if options.allow_builds and not options.rebuild:
        raise UsageError("--allow-builds says how --rebuild builds, and there is no --rebuild", "add it")
    place = find_folder(run)
    refuse_reports_inside(reports, place.folder)
    return audit_run(place.folder, options, progress, asked=place.run)


def _tell(audits: Sequence[Audited], reports: Reports, code: int, *, as_json: bool) -> None:
    """The reports, then the document or what a person reads."""
    from tfinfra.auditing.audit import together
    from tfinfra.cli.auditing.audit_document import audit_document
    from tfinfra.cli.auditing.audit_reports import write_audit_reports
    from tfinfra.cli.auditing.audit_text import tell_audit
    from tfinfra.cli.output import print_document, show

    write_audit_reports(audits, reports, code)
    on_stdout = not as_json and not reports.take_stdout
    for audit in audits:
        tell_audit(audit, on_stdout=on_stdout)
    if on_stdout and not audits:
        show("no run lives")
    if as_json:
        print_document("audit", audit_document(together(audits), code))
