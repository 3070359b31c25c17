"""What an audit finds: one value for each thing that is not as the evidence has it, or that nobody could look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tfinfra.errors import in_one_line
from tfinfra.text.credentials import hidden


class Verdict(str, Enum):
    """What became of a rule, a finding or a whole audit. UNVERIFIABLE: it could not be looked at, and is not good for
    that."""

    OK = "ok"
    CHANGED = "changed"
    MISSING = "missing"
    FOREIGN = "foreign"
    UNVERIFIABLE = "unverifiable"

    def __str__(self) -> str:
        return self.value


WORST_FIRST = (Verdict.CHANGED, Verdict.FOREIGN, Verdict.MISSING, Verdict.UNVERIFIABLE)
"""The verdict of several findings is the first of these that one has."""


@dataclass(frozen=True)
class Finding:
    """`rule` is its code (TFA…), `subject` what it is about: the name of a file in the run's folder, a task, a
    resource. `sentence` says all of it; `was` is what the evidence has and `now` what there is, where they are short
    enough to be told. `file` is the file to look at, by its name in the run's folder, "" for none; `line` counts from
    1, 0 for all of it."""

    rule: str
    verdict: Verdict
    subject: str
    sentence: str
    file: str = ""
    line: int = 0
    was: str | None = None
    now: str | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        """What evidence says is part of it: control characters, line ends, credentials and megabytes of that are taken
        out."""
        for name in ("subject", "sentence", "file", "was", "now", "hint"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, in_one_line(hidden(_text(value))))


def _text(value: str) -> str:
    """With "?" for what no file and no terminal takes, as half of a surrogate pair."""
    return value.encode("utf-8", "replace").decode("utf-8")


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """The worst of all of them, OK where there is none."""
    found = {each.verdict for each in findings}
    return next((verdict for verdict in WORST_FIRST if verdict in found), Verdict.OK)
