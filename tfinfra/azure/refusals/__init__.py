"""What each of ARM's refusals means for a run that is being provisioned, and what the user can do then: a pure table,
each rule with the pages that have its codes. The first that fits counts; lifecycle/provision/attempts.py acts on it."""

from __future__ import annotations

import re

from tfinfra.azure.refusals.capacity import CAPACITY, OF_A_KIND, QUOTA_WORDS
from tfinfra.azure.refusals.lacking import LACKING
from tfinfra.azure.refusals.passing import AT_FAULT, PASSING, SILENT, THROTTLED
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule
from tfinfra.azure.refusals.wrong import WRONG

__all__ = ["QUOTA_WORDS", "REFUSAL_RULES", "SILENT", "UNKNOWN", "reaction_to"]

REFUSAL_RULES = (*CAPACITY, *PASSING, *LACKING, *WRONG)

UNKNOWN = RefusalRule((), Reaction.EXPLAIN, "", None, "")
"""No rule fits: ARM's own words must do."""

# Families of codes, of which the rules name those that were seen
_FAMILIES = ((r"(CountLimitReached|QuotaExceeded)$", OF_A_KIND), (r"^Internal\w*Error$", AT_FAULT))


def reaction_to(code: str | None, message: str, status: int | None) -> RefusalRule:
    """The rule for an error of ARM's: the first that fits its code and message, else the one for its HTTP status (0: no
    answer came)."""
    for rule in REFUSAL_RULES:
        if code is not None and rule.fits(code, message):
            return rule
    for pattern, rule in _FAMILIES:
        if re.search(pattern, code or "", re.IGNORECASE):
            return rule
    if status is None:
        return UNKNOWN
    if status == 0:
        return SILENT
    if status == 429:
        return THROTTLED
    return AT_FAULT if status >= 500 or status == 408 else UNKNOWN
