"""One trial under way, as its tune's client sees it: asked of its nodes, looked at until its files are in the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from tfinfra.errors import Result
from tfinfra.lifecycle.tuning.asking import AskedTrial, Refusal
from tfinfra.lifecycle.tuning.trial_points import TrialPoints
from tfinfra.model import Outcome, StopRequest
from tfinfra.model.tuning import Parameters
from tfinfra.store import ObjectStore, encode, holds, keys, readable
from tfinfra.tuning.policies import Trace

SPEECHLESS = 300.0
"""Seconds after its deadline by which a trial's nodes have said how it ended: they stop it in less, and their clocks
differ by less from this machine's."""


@dataclass
class LiveTrial:
    """The trial `number`, whose id is `trial`: `store` is its own folder of the tune's, `slot` and `nodes` its place in
    the pool. `stopped` says in a sentence why it was told to stop, "" of one that was not; `refused` which
    node does not take it; `outcome` is how it ended, by its nodes; `collected` says whether its files are in the store.
    `asked_at` and `deadline` are in Unix seconds."""

    number: int
    trial: str
    parameters: Parameters
    slot: int
    nodes: tuple[int, ...]
    store: ObjectStore
    asked: AskedTrial
    points: TrialPoints
    asked_at: float
    deadline: float
    began: float | None = None
    stopped: str = ""
    refused: Refusal | None = None
    outcome: Outcome | None = None
    collected: bool = False
    _seen: float = field(default=0.0)

    @property
    def trace(self) -> Trace:
        """What the policy knows of it. One that is being ended has no more to come, and is compared with all the same:
        without it, those that are left would be ranked anew among fewer."""
        return Trace(self.number, tuple(self.points.values), running=not self.stopped and self.outcome is None)

    def look(self, now: float, patience: float) -> bool:
        """Whether it has ended and its nodes have brought what it made into the store, or had `patience` seconds for
        that. Raises what the store raises: the next look goes on there."""
        if self.outcome is None:
            self.outcome = readable(self.store, keys.OUTCOME, Outcome)
            self._seen = now
        if self.began is None and self.outcome is None:
            self.refused = self.asked.look(now)
            if self.refused is not None:
                return False
            self.began = now if self.asked.taken else None
        self.points.look()
        if self.outcome is None:
            return False
        self.collected = holds(self.store, keys.COLLECTED)
        if not self.collected and now <= self._seen + patience:
            return False
        self.points.look_to_the_end()
        return True

    def is_speechless(self, now: float) -> bool:
        """Whether its nodes took it, have not said how it ended, and will not: they end it at its deadline where they
        can. Nodes that are still getting ready have not taken it."""
        return self.outcome is None and self.began is not None and now > self.deadline + SPEECHLESS

    def stop(self, result: Result, why: str) -> None:
        """Asks its nodes to end it and to collect. Raises what the store raises: it is not told then."""
        self.store.put(keys.STOP, encode(StopRequest(result, why)))
        self.stopped = why
