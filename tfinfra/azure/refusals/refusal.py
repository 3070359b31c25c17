"""What a refusal of ARM's may mean for a run that is being provisioned: try again, try the next choice, or end; and the
form of a rule that says so. The rules are in the files beside this one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Reaction(str, Enum):
    """RETRY: the same choice once more, after a pause, a few times. CLEAR: the same, after the run's own resource that
    is in the way was removed. NEXT: the next choice, if there is one. REFUSE: the subscription lacks something that it
    must have first. EXPLAIN: the request itself is at fault."""

    RETRY = "retry"
    CLEAR = "clear"
    NEXT = "next"
    REFUSE = "refuse"
    EXPLAIN = "explain"


@dataclass(frozen=True)
class RefusalRule:
    """What one of `codes` means, where ARM's message matches `pattern`: `says` is a clause for the user, `way_out` what
    to do where the run ends with it; `source` the pages that have its codes."""

    codes: tuple[str, ...]
    reaction: Reaction
    says: str
    way_out: str | None
    source: str
    pattern: str = ""

    def fits(self, code: str, message: str) -> bool:
        """Codes in any case: Azure's own pages write OverconstrainedAllocationRequest and OverConstrained…."""
        known = code.lower() in [one.lower() for one in self.codes]
        return known and re.search(self.pattern, message, re.IGNORECASE) is not None
