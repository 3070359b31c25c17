"""The files that `--sarif` and `--junit` ask for, of an audit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.auditing.audit import Audited
from tfinfra.auditing.findings import Verdict
from tfinfra.cli.auditing.audit_findings import as_finding
from tfinfra.cli.manifests.reports import Reports, write_report, write_sarif
from tfinfra.errors import UsageError

if TYPE_CHECKING:
    from tfinfra.cli.formats.junit import Case


def refuse_reports_inside(reports: Reports, folder: Path) -> None:
    """Raises UsageError for a report that would lie in the folder that is looked at, and be foreign there."""
    for option, file in reports.files():
        if os.path.realpath(file).startswith(os.path.realpath(folder) + os.sep):
            raise UsageError(f"{option}: '{file}' lies in the folder that is looked at", "name a file elsewhere")


def write_audit_reports(audits: Sequence[Audited], reports: Reports, exit_code: int) -> None:
    """Writes all that are asked for. Raises UsageError where one cannot be written."""
    if reports.sarif:
        found = [as_finding(audit, each) for audit in audits for each in audit.findings]
        write_sarif("audit", reports.sarif, found, exit_code)
    if reports.junit:
        from tfinfra.system.clock import iso_time

        write_report("--junit", reports.junit, audit_junit(audits, iso_time().removesuffix("Z")))


def audit_junit(audits: Sequence[Audited], now: str) -> str:
    """A suite for each audit, with a test case for each rule that was looked at; `now` is a UTC time."""
    from tfinfra.cli.formats.junit import document, suite

    return document([suite(audit.folder, "tfinfra.audit", 0, _cases(audit), now) for audit in audits])


def _cases(audit: Audited) -> list[Case]:
    from tfinfra.cli.formats.junit import Case

    found = [as_finding(audit, each) for each in audit.findings]
    return [
        Case(
            f"{rule.code} {rule.title}",
            [each for each in found if each.rule == rule.code],
            skipped="nobody could look at it" if verdict is Verdict.UNVERIFIABLE else None,
        )
        for rule, verdict in audit.rules
    ]
