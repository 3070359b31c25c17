"""What an audit finds as the formats have it (cli/formats) and as a person reads it: a level, a file, a line."""

from __future__ import annotations

import re
from pathlib import Path

from tfinfra.auditing.audit import Audited, level_of
from tfinfra.auditing.findings import Finding as Found
from tfinfra.cli.formats.findings import Finding
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.text.wording import apart

_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{16,64}")
_FEW, _SHORT = 16, 60


def as_finding(audit: Audited, found: Found) -> Finding:
    """For SARIF and JUnit. What nobody could look at is a notice there: it is not known to be wrong."""
    return Finding(
        rule=found.rule,
        level=level_of(found) or Severity.NOTICE,
        message=_sentence(found),
        hint=found.hint,
        manifest=audit.folder,
        file=_path(audit, found),
        line=max(1, found.line),
        subject=found.subject,
    )


def as_diagnostic(audit: Audited, found: Found) -> Diagnostic:
    """For a person."""
    position = Position(_path(audit, found), max(1, found.line), 1) if found.file else None
    return Diagnostic(found.rule, level_of(found) or Severity.NOTICE, _sentence(found), "", position, found.hint)


def _path(audit: Audited, found: Found) -> str:
    return str(Path(audit.folder) / found.file) if found.file else audit.folder


def _sentence(found: Found) -> str:
    """With what was and what is, where they are known and short."""
    if found.was is None or found.now is None:
        return found.sentence
    if _DIGEST.fullmatch(found.was) and _DIGEST.fullmatch(found.now):
        return f"{found.sentence}: {found.was[:_FEW]} → {found.now[:_FEW]}"
    was, now = apart(found.was, found.now, _SHORT)
    return f"{found.sentence}: {was} → {now}"
