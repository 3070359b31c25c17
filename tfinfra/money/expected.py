"""What a run is expected to take and to cost beside its training, whose length only the script knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfinfra.money.budget import Burn
from tfinfra.money.ledger import HOUR


@dataclass(frozen=True)
class Phase:
    """A part of a run. `nodes`: whether the compute group is there, and billed, in it; the keep group always is."""

    name: str
    seconds: float
    nodes: bool


@dataclass(frozen=True)
class Expected:
    """`seconds` from the first write until all is deleted, and US dollars at list price for them, without the training;
    `training_usd_per_hour` is what that adds. `usage_usd` is the part of `usd` that is billed by bytes and calls.
    `usd` is None where a price is not known."""

    seconds: float
    usd: float | None
    usage_usd: float | None
    training_usd_per_hour: float | None
    phases: tuple[Phase, ...]

    @property
    def until_training(self) -> float:
        """Seconds from the first write to the first step of the training."""
        return sum(phase.seconds for phase in self.phases[:-1])

    def usd_with(self, training: float) -> float | None:
        """The same with `training` seconds of training."""
        if self.usd is None or self.training_usd_per_hour is None:
            return None
        return self.usd + self.training_usd_per_hour * training / HOUR


def expected(phases: Sequence[Phase], burn: Burn | None, usage_usd: float | None) -> Expected:
    """The expectation of the phases in their order, the last of which is the deletion. `burn` is what an hour costs and
    `usage_usd` what bytes and calls do; None: a price is not known.

    All is reckoned by the second, as Azure bills machines. Where it counts a started hour of a gateway or of an address
    as a whole one, that comes on top.
    """
    seconds = sum(phase.seconds for phase in phases)
    if burn is None or usage_usd is None:
        return Expected(seconds, None, usage_usd, burn.total if burn else None, tuple(phases))
    with_nodes = sum(phase.seconds for phase in phases if phase.nodes)
    usd = (burn.keep * seconds + burn.compute * with_nodes) / HOUR + usage_usd
    return Expected(seconds, round(usd, 4), round(usage_usd, 4), round(burn.total, 4), tuple(phases))
