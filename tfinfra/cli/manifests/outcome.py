"""What became of each manifest that a verb was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfinfra.errors import Diagnostic, TfinfraError

if TYPE_CHECKING:
    from tfinfra.cli.manifests.change import Change

FIRST = (1, 2, 5, 3, 4, 11)
"""Of several exit codes the first of these that occurs is the verb's."""


@dataclass(frozen=True)
class Outcome:
    """`manifest` is how the user named it; `diagnostics` all that was found, as errors, warnings and notices of this
    team's; either the verb's `document` of it, or the `error` that ended it. `change` is what it costs, where a report
    asks; `seconds` is how long the work took. Of a folder in which there is no manifest, `is_manifest` is false."""

    manifest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    document: dict[str, Any] | None = None
    error: TfinfraError | None = None
    change: Change | None = None
    seconds: float = 0.0
    is_manifest: bool = True

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0


def exit_code_of(outcomes: Iterable[Outcome]) -> int:
    """The exit code of a verb whose manifests ended so: the first of FIRST that occurs, then the lowest of others."""
    codes = {outcome.exit_code for outcome in outcomes} - {0}
    return next((code for code in FIRST if code in codes), min(codes, default=0))
