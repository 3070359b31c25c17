"""An audit as the document that `--json` prints."""

from __future__ import annotations

from typing import Any

from tfinfra.auditing.audit import Audited, level_of
from tfinfra.auditing.findings import Verdict


def audit_document(audit: Audited, exit_code: int) -> dict[str, Any]:
    """run, folder, verdict; signer; count by verdict; each rule that was looked at; each finding."""
    signer = audit.signer
    return {
        "run": audit.run,
        "folder": audit.folder,
        "live": list(audit.live),
        "verdict": str(audit.verdict),
        "exit_code": exit_code,
        "signed_by": {"key": signer.fingerprint, "name": signer.name} if signer is not None else None,
        "counts": {str(verdict): audit.count(verdict) for verdict in Verdict},
        "rules": [{"rule": rule.code, "title": rule.title, "verdict": str(verdict)} for rule, verdict in audit.rules],
        "findings": [
            {
                "rule": each.rule,
                "verdict": str(each.verdict),
                "level": level.value if (level := level_of(each)) is not None else "unverified",
                "subject": each.subject,
                "message": each.sentence,
                "file": each.file or None,
                "line": each.line or None,
                "was": each.was,
                "now": each.now,
                "hint": each.hint,
            }
            for each in audit.findings
        ],
    }
