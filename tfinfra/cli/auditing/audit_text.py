"""An audit for a person: what was found on stderr, as compilers show it, and the verdict on stdout."""

from __future__ import annotations

from tfinfra.auditing.audit import Audited
from tfinfra.auditing.findings import WORST_FIRST, Verdict
from tfinfra.cli.auditing.audit_findings import as_diagnostic
from tfinfra.cli.output import print_diagnostics, show
from tfinfra.errors import in_one_line
from tfinfra.text.wording import count

_WORDS = {
    Verdict.OK: "nothing was changed",
    Verdict.CHANGED: "something was changed",
    Verdict.FOREIGN: "something foreign is in it",
    Verdict.MISSING: "something is missing",
    Verdict.UNVERIFIABLE: "nothing was found, and not all could be looked at",
}


def tell_audit(audit: Audited, *, on_stdout: bool) -> None:
    print_diagnostics(as_diagnostic(audit, each) for each in audit.findings)
    if on_stdout:
        show(verdict_line(audit))


def verdict_line(audit: Audited) -> str:
    """ "runs/digits-abc123: ok: nothing was changed; signed by /etc/key.pub; 40 rules ok"."""
    found = [f"{number} {verdict}" for verdict in WORST_FIRST if (number := audit.count(verdict))]
    signer = f"signed by {audit.signer.name}" if audit.signer is not None else "no trusted signature"
    whose = () if audit.run is None or audit.folder.endswith(audit.run) else (f"of run {in_one_line(audit.run)}",)
    rules = [f"{count(audit.count(Verdict.OK), 'rule')} ok"]
    rules += [f"{audit.unlooked} not looked at"] if audit.unlooked else []
    parts = [*whose, *(() if audit.live else (signer,)), *rules, *found]
    return f"{audit.folder}: {audit.verdict}: {_WORDS[audit.verdict]}; {', '.join(parts)}"
