"""Every code of a diagnostic: the subject of its number, its exit code, and its long form, which `explain` prints.

The rows are in codes.json, by number. A new code takes the next free number of its subject (SUBJECTS), and its row
goes where that number belongs: two branches that take the same one cannot be merged without a conflict.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tfinfra.errors import Diagnostic, ManifestError, NotFeasible

WRONG = 3
"""The exit code of an error in a manifest or a target. Codes for what a cloud lacks, and for what differs from a lock,
have an exit of their own."""

SUBJECTS: dict[str, tuple[range, ...]] = {
    "reading": (range(101, 200),),
    "shape": (range(201, 300),),
    "keys, files and packages": (range(301, 400),),
    "the target and the catalog": (range(401, 440), range(475, 500)),
    "guardrails": (range(440, 460), range(980, 1000)),
    "policy packs": (range(460, 475),),
    "the training script": (range(501, 600),),
    "the cloud's answers": (range(601, 630), range(820, 860)),
    "money": (range(630, 634), range(800, 820)),
    "what a subscription must have": (range(634, 650),),
    "what others made for runs": (range(650, 660),),
    "credentials": (range(660, 670),),
    "images, prices, places, reservations": (range(670, 680), range(860, 880)),
    "GPUs": (range(680, 700),),
    "conda and the setup script": (range(700, 720),),
    "data and secrets": (range(720, 800),),
    "locks": (range(900, 930),),
    "the search for parameters": (range(930, 980),),
}
"""{subject: the numbers of its codes}. The next free one is the first of these numbers above the subject's last code.
A subject whose first range is full goes on with its next one: money has 800 after 633. A gap below the last code
stays one."""


@dataclass(frozen=True)
class Explanation:
    """`text` is a few paragraphs, with what to do; `exit_code` that of a run which nothing else stops. A `retired` one
    is reported by earlier releases only; one that `warns` may be a warning or a notice, in some cases or in all."""

    code: str
    title: str
    text: str
    exit_code: int = WRONG
    retired: bool = False
    warns: bool = False


def explanation(code: str) -> Explanation | None:
    """The long form of `code`, None where there is no such code."""
    return next((found for found in explanations() if found.code == code), None)


def exit_code(code: str) -> int:
    """The exit code of an error with `code`, WRONG for one that is unknown."""
    found = explanation(code)
    return found.exit_code if found else WRONG


@cache
def explanations() -> tuple[Explanation, ...]:
    """All codes, by number."""
    rows = json.loads(Path(__file__).with_name("codes.json").read_text(encoding="utf-8"))
    return tuple(
        Explanation(
            code, row["title"], row["text"], row.get("exit", WRONG), row.get("retired", False), row.get("warns", False)
        )
        for code, row in rows.items()
    )


def refusal(found: tuple[Diagnostic, ...]) -> ManifestError | NotFeasible:
    """The exception for what was `found`, one error at least, with the first of them as its message: NotFeasible where
    all that is wrong is what a cloud lacks."""
    errors = [diagnostic for diagnostic in found if diagnostic.is_error]
    kind = NotFeasible if all(exit_code(d.code) == NotFeasible.exit_code for d in errors) else ManifestError
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return kind(f"{errors[0].message}{more}", errors[0].hint, found)
