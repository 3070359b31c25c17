"""When a tune is over for a node of its pool, by the node's own clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.test_own_faults import assignment_in, context_of
from tests.backends.specs import inventory
from tests.clocks import FakeClock
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.trials.ending import LIVING, End
from tfinfra.agent.verdict.control import Stop
from tfinfra.errors import Result
from tfinfra.model import Beat, Heartbeat, Outcome, StopRequest
from tfinfra.store import MemoryStore, keys


class Node:
    """Node 0 of two, and its clock."""

    def __init__(self, folder: Path, *, free: bool = True) -> None:
        self.store = MemoryStore()
        made = context_of(folder, self.store)
        settings = replace(made.settings, store="file:///store" if free else "https://account/store")
        self.clock = FakeClock()
        self.context: AgentContext = replace(made, clock=self.clock, settings=settings)
        self.assignment = replace(assignment_in(folder), inventory=inventory(2))
        self.end = End(self.context, self.assignment)

    def beat(self, phase: str) -> None:
        """Of the other node."""
        node_id = self.assignment.inventory.nodes[1].node_id
        now = self.clock.monotonic()
        write(self.store, keys.heartbeat_key(node_id), Heartbeat(node_id, int(now * 10) + 1, self.clock.time(), phase))

    def passes(self, seconds: float, *, idle: bool = True, phase: str = "waiting", watched: bool = False) -> bool:
        """Whether the tune ends within so many seconds, in which the node and the other one do this."""
        for _ in range(int(seconds)):
            self.clock.sleep(1.0)
            self.beat(phase)
            if watched:
                write(self.store, keys.WATCH, Beat(self.clock.time()))
            if self.end.look(idle=idle) is not None:
                return True
        return False


@pytest.mark.parametrize(("free", "patience"), [(True, 60), (False, 600)])
def test_a_tune_that_nobody_watches_ends_by_itself_once_no_trial_is_under_way(
    tmp_path: Path, patience: int, *, free: bool
) -> None:
    node = Node(tmp_path, free=free)
    assert not node.passes(patience + 100, watched=True)
    assert not node.passes(patience + 100, idle=False)
    assert not node.passes(patience + 100, phase=LIVING)
    assert node.passes(2)
    outcome = read(node.store, keys.OUTCOME, Outcome)
    assert outcome is not None
    assert outcome.result == "cancelled"
    assert "client has not been heard of for" in outcome.message


def test_what_ends_a_tune_is_one_word_for_all_its_nodes(tmp_path: Path) -> None:
    node = Node(tmp_path)
    write(node.store, keys.STOP, StopRequest(Result.LIMIT, "max_cost_usd was reached"))
    first, second = (End(node.context, node.assignment).look(idle=False) for _ in range(2))
    assert first == second == Stop(Result.LIMIT, "max_cost_usd was reached")
    assert (read(node.store, keys.OUTCOME, Outcome) or Outcome(Result.FAILED, "")).result == "limit"


def test_the_deadline_of_a_tune_ends_it_while_there_is_time_to_bring_its_files(tmp_path: Path) -> None:
    node = Node(tmp_path)
    settings = replace(node.context.settings, deadline="1970-01-01T01:00:00Z", run_seconds=3000, limit="max_cost_usd")
    end = End(replace(node.context, settings=settings), node.assignment)
    assert end.look(idle=False) is None
    node.clock.sleep(2550)
    stop = end.look(idle=False)
    assert stop is not None
    assert (stop.reason, "limits.max_cost_usd (50 min) has ended the training" in stop.message) == ("limit", True)
