"""Every code of a diagnostic, with its long form: what `tfinfra explain` prints. The texts stand in codes.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Explanation:
    """`text` is a few paragraphs, with what to do."""

    code: str
    title: str
    text: str


def explanation(code: str) -> Explanation | None:
    """The long form of `code`, None where there is no such code."""
    return next((found for found in explanations() if found.code == code), None)


@cache
def explanations() -> tuple[Explanation, ...]:
    """All codes in order: TFI1xx reading, 2xx shape, 3xx rules, 4xx target and catalog, 5xx the training script."""
    rows = json.loads(Path(__file__).with_name("codes.json").read_text(encoding="utf-8"))
    return tuple(Explanation(code, row["title"], row["text"]) for code, row in sorted(rows.items()))
