"""Findings about one file of the evidence, as checks tell them."""

from __future__ import annotations

from functools import partial

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.run_files import in_run


def told(
    verdict: Verdict, rule: str, name: str, what: str, sentence: str, *, was: str | None = None, now: str | None = None
) -> Finding:
    """`name` is the file's in audit/, `what` the part of it that this is about, "" for all of it. The sentence begins
    with both."""
    file = in_run(name)
    about = f"{file}: {what}" if what else file
    return Finding(rule, verdict, about, f"{about} {sentence}", file, was=was, now=now)


changed = partial(told, Verdict.CHANGED)
missing = partial(told, Verdict.MISSING)
foreign = partial(told, Verdict.FOREIGN)
unverifiable = partial(told, Verdict.UNVERIFIABLE)
