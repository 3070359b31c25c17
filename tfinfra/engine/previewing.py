"""A preview under way: what its events show, and whether they say why it ended as it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfinfra.engine.events import Seen
from tfinfra.engine.policy.preview import (
    MANDATORY,
    PackFailure,
    Preview,
    PreviewedResource,
    Violation,
    noted,
    resource_of,
    unnoted,
    violation_of,
)

if TYPE_CHECKING:
    from pulumi.automation import EngineEvent

    from tfinfra.engine.policy.staging import StagedPacks
    from tfinfra.engine.run_stack import RunStack
    from tfinfra.errors import ProvisioningError


_SUMMED_UP = "preview failed"
"""What the engine says beside a violation."""


class Previewing(Seen):
    """One preview, judged by `packs`. A mandatory policy, and a pack that fails, end it as an error of the tool's: both
    are part of its result."""

    def __init__(self, packs: StagedPacks | None) -> None:
        super().__init__(lambda _: None)
        self._packs = packs
        self._resources: dict[PreviewedResource, None] = {}
        self._violations: list[Violation] = []
        self._outputs: dict[str, Any] = {}
        self._unnoted: tuple[PackFailure, ...] = ()

    def run(self, stack: RunStack, on_event: Callable[[EngineEvent], None]) -> None:
        """Raises CommandError."""
        folders = None
        if self._packs is not None:
            self._packs.forget_notes()
            folders = [str(folder) for folder in self._packs.folders]
        stack.preview(color="never", on_event=on_event, policy_packs=folders)

    def read(self, event: EngineEvent) -> dict[str, Any] | None:
        if (resource := resource_of(event)) is not None:
            self._resources[resource] = None
        if (violation := violation_of(event)) is not None:
            self._violations.append(violation)
        outputs = super().read(event)
        self._outputs = outputs if outputs is not None else self._outputs
        return outputs

    def explains(self, error: ProvisioningError) -> bool:
        """Whether what policies say, or that they could not, is why the tool ended with `error`. What no pack has noted
        (its process was killed, it lacks a configuration) is taken for a fault of theirs too: it must not pass."""
        if self._packs is None:
            return False
        refused = any(v.level == MANDATORY for v in self._violations)
        others = [event for event in self.events if event.kind == "error" and event.message != _SUMMED_UP]
        if not noted(self._packs)[1] and (others or not refused):
            self._unnoted = (unnoted(self._packs, error.message),)
        return True

    def result(self) -> Preview:
        remediations, failures = noted(self._packs) if self._packs is not None else ((), ())
        failures = failures or self._unnoted
        judged = {(v.policy, v.name) for v in self._violations}
        others = (v for v in remediations if (v.policy, v.name) not in judged)  # it may validate what it remedies
        return Preview(tuple(self._resources), self._outputs, (*self._violations, *others), failures)
