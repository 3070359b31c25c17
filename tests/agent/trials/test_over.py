"""What a node does with requests and its trial once the tune is over, whatever its store does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.test_own_faults import assignment_in, context_of
from tests.agent.trials.pools import TUNE, singles
from tests.clocks import FakeClock
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.join import JoinedNode
from tfinfra.agent.metrics.node_metrics import NodeMetrics
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_identity import Key
from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node.ports import PortLease
from tfinfra.agent.node.temporary_folder import TemporaryFolder
from tfinfra.agent.trials import trials as trials_room
from tfinfra.agent.trials.trials import Trials
from tfinfra.errors import Result
from tfinfra.lifecycle.run.request_channel import new_request
from tfinfra.model import CollectedMark, Outcome, StopRequest
from tfinfra.model.requests import Answer
from tfinfra.model.trials import TrialAsked, trial_id
from tfinfra.store import MemoryStore, keys

TRIAL = trial_id(TUNE, 1)
ASKED = TrialAsked(TRIAL, (), "2126-12-01T16:00:00Z", "max_run_duration", 600)


class NothingLeft:
    def __init__(self, *, own_machine: bool) -> None: ...

    def clear(self) -> None: ...


class Node:
    """A node of a pool of one, whose store fails at the key `fails` the first time."""

    def __init__(self, folder: Path, fails: str = "") -> None:
        self.fails = [fails]
        self.store = MemoryStore(self._fault)
        made = context_of(folder, self.store)
        settings = replace(made.settings, run=TUNE, store="file:///store", requests="file:///r", requests_key="k")
        self.context: AgentContext = replace(made, plan=singles(1, 2222), settings=settings, clock=FakeClock())
        assignment = replace(assignment_in(folder), run=TUNE)
        seen = Witness(self.context, assignment, Key("age1abc"), {})
        metrics = NodeMetrics(self.context, 0, folder)
        self.trials = Trials(
            self.context, JoinedNode(assignment, PortLease(1, 0, ()), TemporaryFolder(folder), seen, metrics)
        )

    def _fault(self, verb: str, key: str) -> None:
        if verb == "put" and key in self.fails:
            self.fails.remove(key)
            raise OSError("the store is away")

    def ask(self, asked: TrialAsked = ASKED) -> Answer | None:
        request = new_request(TUNE, "trial", asked, (0,), self.context.clock.time())
        self.trials.ask(request)
        return read(self.store, keys.answer_key(request.number, 0), Answer)

    def look(self) -> None:
        self.context.clock.sleep(1)
        self.trials.look()


def test_a_trial_is_stopped_with_its_tune_although_the_store_was_away_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = f"on/{TRIAL}/{keys.STOP}"
    node, lived = Node(tmp_path, fails=stop), list[str]()

    def live(context: AgentContext, joined: JoinedNode, asked: TrialAsked, ranks: tuple[int, ...]) -> None:
        """In the middle of it the client stops the tune."""
        lived.append(asked.trial)
        write(node.store, keys.STOP, StopRequest(Result.CANCELLED, "Ctrl-C"))
        with pytest.raises(OSError, match="away"):
            node.look()
        node.look()
        node.look()

    monkeypatch.setattr(trials_room, "live", live)
    monkeypatch.setattr(trials_room, "Leftovers", NothingLeft)
    assert node.ask() == Answer("started")
    node.trials.live()
    assert lived == [TRIAL]
    assert read(node.store, stop, StopRequest) == StopRequest(Result.CANCELLED, "Ctrl-C")
    assert read(node.store, keys.COLLECTED, CollectedMark) == CollectedMark(0)


def test_a_trial_that_waits_when_the_tune_ends_is_never_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node, lived = Node(tmp_path), list[str]()
    monkeypatch.setattr(trials_room, "live", lambda *_: lived.append("begun"))
    monkeypatch.setattr(trials_room, "Leftovers", NothingLeft)
    assert node.ask() == Answer("started")
    write(node.store, keys.STOP, StopRequest(Result.CANCELLED, "Ctrl-C"))
    node.look()
    answer = node.ask()
    node.trials.live()
    assert lived == []
    assert answer == Answer("refused", message="the tune is over: Ctrl-C")


def test_a_trial_that_is_taken_keeps_others_away_before_it_has_begun(tmp_path: Path) -> None:
    node = Node(tmp_path)
    assert node.ask() == Answer("started")
    assert node.ask(replace(ASKED, trial=trial_id(TUNE, 2))) == Answer("refused", message=f"it lives {TRIAL}")


def test_what_could_not_be_told_of_a_trial_is_told_once_the_store_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client waits for no other word of it."""
    outcome = f"on/{TRIAL}/{keys.OUTCOME}"
    node = Node(tmp_path, fails=f"on/{TRIAL}/{keys.COLLECTED}")

    def live(*_: object) -> None:
        write(node.store, keys.STOP, StopRequest(Result.CANCELLED, "Ctrl-C"))  # so that the pool ends, too
        raise OSError("the store is away")

    def clear(_: object) -> None:
        with pytest.raises(OSError, match="away"):
            node.look()
        node.look()

    monkeypatch.setattr(trials_room, "live", live)
    monkeypatch.setattr(trials_room, "Leftovers", NothingLeft)
    monkeypatch.setattr(NothingLeft, "clear", clear)
    assert node.ask() == Answer("started")
    node.trials.live()
    found = read(node.store, outcome, Outcome)
    assert found is not None
    assert (found.result, "could not live it to its end: the store is away" in found.message) == ("failed", True)
    assert read(node.store, f"on/{TRIAL}/{keys.COLLECTED}", CollectedMark) == CollectedMark(0)
