"""What was found in all manifests of a verb, as every format has it: a rule, a level, a place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tfinfra.errors import Diagnostic, Severity, TfinfraError

if TYPE_CHECKING:
    from tfinfra.cli.manifests.outcome import Outcome

NOT_THE_MANIFESTS = frozenset({1, 2, 5, 6})
"""Exit codes of errors that say nothing of a manifest: the verb could not do its work."""


@dataclass(frozen=True)
class Rule:
    """What a finding is one of: a code with its long form, or a kind of error that has no code."""

    id: str
    title: str
    text: str
    subject: str


@dataclass(frozen=True)
class Finding:
    """`manifest` as the user named it, `file` as messages write it; `line` and `column` are 1-based, `length` is 0
    where nothing is underlined. `subject` is what it is about, wherever that stands. `exit_code` is that of an error
    without a code, 0 for the others."""

    rule: str
    level: Severity
    message: str
    hint: str | None
    manifest: str
    file: str
    line: int = 1
    column: int = 1
    length: int = 0
    subject: str = ""
    exit_code: int = 0

    @property
    def text(self) -> str:
        """What it says, with the way out, in one line."""
        return " ".join((f"{self.message} ({self.hint})" if self.hint else self.message).split())


def findings_of(outcomes: Sequence[Outcome]) -> tuple[Finding, ...]:
    """All findings, by manifest, each once: a script of several manifests has its faults once."""
    found: dict[tuple[str, str, int, int, str], Finding] = {}
    for outcome in outcomes:
        for each in _of(outcome):
            found.setdefault((each.rule, each.file, each.line, each.column, each.message), each)
    return tuple(found.values())


def _of(outcome: Outcome) -> Iterator[Finding]:
    for each in outcome.diagnostics:
        yield _of_diagnostic(each, outcome.manifest)
    error = outcome.error
    if error is not None and not any(each.is_error for each in outcome.diagnostics):
        yield Finding(
            rule=rule_of_error(error).id,
            level=Severity.ERROR,
            message=error.message,
            hint=error.hint,
            manifest=outcome.manifest,
            file=outcome.manifest,
            subject=_without_numbers(error.message),
            exit_code=error.exit_code,
        )


def _of_diagnostic(found: Diagnostic, manifest: str) -> Finding:
    at = found.position
    finding = Finding(found.code, found.severity, found.message, found.hint, manifest, manifest)
    if at is None:
        return replace(finding, subject=f"{found.path} {_without_numbers(found.message)}")
    underlined = "" if at.text is None else at.text[at.column - 1 : at.column - 1 + at.length]
    subject = f"{found.path} {underlined or _without_numbers(found.message)}"
    return replace(finding, file=at.file or manifest, line=at.line, column=at.column, length=at.length, subject=subject)


def _without_numbers(message: str) -> str:
    """What stays of a message when lines move and quotas change."""
    return re.sub(r"\d+", "0", message)


def rule_of(id_: str) -> Rule:
    """The rule of a finding, by its id."""
    from tfinfra.auditing.rule_table import rule
    from tfinfra.manifest.codes import SUBJECTS, explanation

    if (audited := rule(id_)) is not None:
        return Rule(id_, audited.title, audited.text, audited.subject)
    known = explanation(id_)
    if known is None:
        return _KINDS.get(id_, _KINDS["internal-error"])
    number = int(id_.removeprefix("TFI"))
    subject = next((name for name, ranges in SUBJECTS.items() if any(number in one for one in ranges)), "manifest")
    return Rule(id_, known.title, known.text, subject)


def rule_of_error(error: TfinfraError) -> Rule:
    """The rule of an error without diagnostics."""
    return _KINDS[_BY_EXIT.get(error.exit_code, "internal-error")]


_BY_EXIT = {
    2: "usage",
    3: "manifest",
    4: "not-feasible",
    5: "credentials",
    6: "provisioning",
    11: "difference",
}
_KINDS = {
    id_: Rule(id_, title, text, "verb")
    for id_, title, text in (
        ("internal-error", "tfinfra itself failed", "This is no fault of the manifest. The report file says more."),
        ("usage", "the command cannot be carried out", "A flag, a file or a folder of the command line is wrong."),
        ("manifest", "the manifest or its target is wrong", "Nothing was touched."),
        ("not-feasible", "the cloud cannot do this", "A quota, a size or a price stands against it."),
        ("credentials", "nobody is signed in", "The cloud does not know the caller, or the sign-in has expired."),
        ("provisioning", "the cloud did not answer", "It is not known whether the manifest can work."),
        ("difference", "the deploy folder is not the manifest's", "`tfinfra compile` writes it anew."),
    )
}
