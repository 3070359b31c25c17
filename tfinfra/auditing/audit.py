"""The whole audit: every check on the evidence, and what all of it comes to. Read this first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tfinfra.auditing.findings import Finding, Verdict, verdict_of
from tfinfra.auditing.nodes import alike, locked, tasks
from tfinfra.auditing.origin import bill, data, lock, source, whole_bill
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.record import (
    agreement,
    attested,
    baseline,
    chain,
    ends,
    events_told,
    ledger,
    logs,
    machines,
    resources,
    times,
    trials,
    trials_lived,
    whose,
)
from tfinfra.auditing.rule_table import LIVE, OFFLINE, Rule, rule, rules
from tfinfra.auditing.run_files import PublicKey
from tfinfra.auditing.signed import files, signer, subjects
from tfinfra.auditing.unread import unread
from tfinfra.errors import Severity
from tfinfra.text.wording import count

CHECKS: tuple[Check, ...] = (
    *signer.CHECKS,
    *files.CHECKS,
    *subjects.CHECKS,
    *whose.CHECKS,
    *chain.CHECKS,
    *events_told.CHECKS,
    *ends.CHECKS,
    *agreement.CHECKS,
    *times.CHECKS,
    *attested.CHECKS,
    *machines.CHECKS,
    *resources.CHECKS,
    *baseline.CHECKS,
    *ledger.CHECKS,
    *logs.CHECKS,
    *trials.CHECKS,
    *trials_lived.CHECKS,
    *lock.CHECKS,
    *source.CHECKS,
    *data.CHECKS,
    *bill.CHECKS,
    *whole_bill.CHECKS,
    *locked.CHECKS,
    *alike.CHECKS,
    *tasks.CHECKS,
)
"""All that needs the evidence alone."""


@dataclass(frozen=True)
class Audited:
    """`folder` is how the user named what was looked at; `run` its id, None where nothing says it. `signer` is the
    trusted key that signed the statement, None where none has. `parts` are the parts of the audit that were looked at,
    as codes begin, `live` the live runs that were looked at in the place of evidence: `folder` names them then.
    `unread` are the records that nobody could look at (unread.py)."""

    folder: str
    run: str | None
    signer: PublicKey | None
    findings: tuple[Finding, ...]
    parts: tuple[str, ...] = OFFLINE
    live: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.findings)

    @property
    def rules(self) -> tuple[tuple[Rule, Verdict], ...]:
        """Each rule of these parts, with what became of it: UNVERIFIABLE also where one of its records is unread and
        nothing was found in the others."""
        return tuple((each, self._became(each)) for each in rules() if each.code.startswith(self.parts))

    def _became(self, rule: Rule) -> Verdict:
        found = verdict_of(tuple(each for each in self.findings if each.rule == rule.code))
        return Verdict.UNVERIFIABLE if found is Verdict.OK and self.unread.intersection(rule.of) else found

    @property
    def unlooked(self) -> int:
        """How many rules nobody could look at, or not wholly, without a finding of their own."""
        told = {each.rule for each in self.findings}
        return sum(became is Verdict.UNVERIFIABLE and each.code not in told for each, became in self.rules)

    def count(self, verdict: Verdict) -> int:
        """How many findings have that verdict; of OK, how many rules."""
        if verdict is Verdict.OK:
            return sum(each is Verdict.OK for _, each in self.rules)
        return sum(each.verdict is verdict for each in self.findings)


def audited(evidence: Evidence, more: Iterable[Finding] = (), parts: tuple[str, ...] = OFFLINE) -> Audited:
    """What all checks find, and `more` that others found, the most important first."""
    ordered = _by_weight([*_all_found(evidence), *more])
    signed_by = signer.signed_by(evidence)
    return Audited(evidence.files.shown, evidence.run_id, signed_by, ordered, parts, unread=unread(evidence))


def live_audited(run: str, findings: Iterable[Finding]) -> Audited:
    """The audit of a live run, of which this was found."""
    return Audited(run, run, None, _by_weight(findings), (LIVE,), (run,))


def together(audits: Sequence[Audited]) -> Audited:
    """The audits of several live runs as one. What is found of all of them, as of their subscription, counts once."""
    if len(audits) == 1:
        return audits[0]
    live = tuple(run for each in audits for run in each.live)
    findings = _by_weight(found for each in audits for found in each.findings)
    return Audited(count(len(live), "live run"), None, None, findings, (LIVE,), live)


def _by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, the most important first."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (_weight(each), each.rule, each.subject)))


def _all_found(evidence: Evidence) -> Iterator[Finding]:
    for check in CHECKS:
        yield from check(evidence)


def _weight(finding: Finding) -> int:
    return (*Severity, None).index(level_of(finding))


def level_of(finding: Finding) -> Severity | None:
    """How much a finding counts: as its rule says, None where nobody could look."""
    if finding.verdict is Verdict.UNVERIFIABLE:
        return None
    known = rule(finding.rule)
    return known.severity if known is not None else Severity.ERROR


FAIL_ON: dict[str, tuple[Severity | None, ...]] = {
    "error": (Severity.ERROR,),
    "warning": (Severity.ERROR, Severity.WARNING),
    "unverified": (Severity.ERROR, Severity.WARNING, None),
}
"""{what --fail-on takes: the levels of findings that count then}."""


def fails(audit: Audited, fail_on: str) -> bool:
    """Whether something was found that counts."""
    return any(level_of(each) in FAIL_ON[fail_on] for each in audit.findings)
