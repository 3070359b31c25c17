"""An audit for a person: what was found on stderr, as compilers show it, and the verdict on stdout."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tfinfra.auditing.audit import Audited, level_of
from tfinfra.auditing.findings import WORST_FIRST, Verdict
from tfinfra.cli.auditing.audit_findings import as_diagnostic
from tfinfra.cli.output import print_diagnostics, show
from tfinfra.errors import Diagnostic, Severity, in_one_line
from tfinfra.text.wording import count

_MOST = 20
"""Findings of one rule that a person is told."""
_WORDS = {
    Verdict.OK: "nothing was changed",
    Verdict.CHANGED: "something was changed",
    Verdict.FOREIGN: "something foreign is in it",
    Verdict.MISSING: "something is missing",
    Verdict.UNVERIFIABLE: "nothing was found, and not all could be looked at",
}


def tell_audit(audit: Audited, *, on_stdout: bool) -> None:
    print_diagnostics(_told(audit))
    if on_stdout:
        show(verdict_line(audit))


def _told(audit: Audited) -> Iterator[Diagnostic]:
    """The findings, of each rule the first few: whoever can write evidence can have it differ in a million places."""
    for (level, rule), each in groupby(audit.findings, key=lambda found: (level_of(found), found.rule)):
        found = list(each)
        yield from (as_diagnostic(audit, one) for one in found[:_MOST])
        if len(found) > _MOST:
            more = count(len(found) - _MOST, "more finding")
            message = f"{audit.folder}: {more} of this rule, which --json tells"
            yield Diagnostic(rule, level or Severity.NOTICE, message)


def verdict_line(audit: Audited) -> str:
    """ "runs/digits-abc123: ok: nothing was changed; signed by /etc/key.pub; 40 rules ok"."""
    found = [f"{number} {verdict}" for verdict in WORST_FIRST if (number := audit.count(verdict))]
    signer = f"signed by {audit.signer.name}" if audit.signer is not None else "no trusted signature"
    whose = () if audit.run is None or audit.folder.endswith(audit.run) else (f"of run {in_one_line(audit.run)}",)
    rules = [f"{count(audit.count(Verdict.OK), 'rule')} ok"]
    rules += [f"{audit.unlooked} not looked at"] if audit.unlooked else []
    parts = [*whose, *(() if audit.live else (signer,)), *rules, *found]
    return f"{audit.folder}: {audit.verdict}: {_WORDS[audit.verdict]}; {', '.join(parts)}"
