"""All rules of an audit, out of rules/: text, `explain`, JSON, SARIF, JUnit and docs/audit.md have them from here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tfinfra.errors import Severity

_FOLDER = Path(__file__).parent / "rules"
SUBJECTS = {
    "TFA1": "signature and files",
    "TFA2": "the record of the run",
    "TFA3": "what the run was made from",
    "TFA4": "what the nodes saw",
    "TFA5": "what is built anew",
    "TFA6": "what lives",
}
"""{how its rules begin: what a part of an audit is about}."""
OFFLINE = ("TFA1", "TFA2", "TFA30", "TFA31", "TFA32", "TFA4")
"""The parts that need the evidence alone."""
READ_ANEW = "TFA39"
"""The part that needs a run's inputs."""
REBUILT = "TFA5"
"""The part that builds something."""
LIVE = "TFA6"
"""The part that asks ARM."""
UNSIGNED, SIGNED, NEVER = "unsigned", "signed", "never"
"""Where a tampering is found: in any evidence, in signed evidence alone, nowhere."""


@dataclass(frozen=True)
class Found:
    """One tampering, as a sentence, and where it is found: `alone`, where nothing else was changed with it, and
    `anew`, where whoever did it also wrote all digests, chain and sums anew, None where that undoes it."""

    what: str
    alone: str
    anew: str | None


@dataclass(frozen=True)
class Rule:
    """`severity` is how much a finding of it counts, unless nobody could look; `text` is a few paragraphs, with what to
    do; `of` are the records that it looks at (unread.py)."""

    code: str
    title: str
    severity: Severity
    text: str
    finds: tuple[Found, ...] = ()
    of: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return SUBJECTS[self.code[:4]]


def rule(code: str) -> Rule | None:
    """The rule of that code, None where there is none."""
    return _by_code().get(code)


def rules() -> tuple[Rule, ...]:
    """All of them, by their codes."""
    return tuple(_by_code().values())


@cache
def _by_code() -> dict[str, Rule]:
    rows = {code: row for file in _FOLDER.glob("*.json") for code, row in _read(file).items()}
    return {code: _rule(code, rows[code]) for code in sorted(rows)}


def _rule(code: str, row: dict[str, Any]) -> Rule:
    finds = tuple(Found(what, alone, anew) for what, (alone, anew) in row.get("finds", {}).items())
    return Rule(code, row["title"], Severity(row["severity"]), row["text"], finds, tuple(row.get("of", ())))


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
