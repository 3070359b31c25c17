"""What a trial shares with its tune, and what is its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.agent.test_own_faults import assignment_in, context_of
from tests.agent.trials.pools import TUNE, singles
from tests.clocks import FakeClock
from tfinfra.agent.evidence import node_checks
from tfinfra.agent.evidence.environment_stamps import stamps_of
from tfinfra.agent.evidence.trial_witness import TrialWitness
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import LogShipper
from tfinfra.agent.node.node_identity import Key
from tfinfra.agent.node_errors import NodeDiffers
from tfinfra.agent.trials.trial import context_of_trial
from tfinfra.model import Beat, NodeEvidence, trial_plan
from tfinfra.model.trials import TrialAsked, trial_id
from tfinfra.store import MemoryStore, encode, keys, log_chunk, readable
from tfinfra.text.masking import needles

ASKED = TrialAsked(trial_id(TUNE, 7), ("--rate", "0.1"), "2026-12-01T16:00:00Z", "max_run_duration", 600)


@pytest.fixture
def trial_store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    store = MemoryStore()
    monkeypatch.setattr(AgentContext, "open_store", lambda *_args, **_options: store)
    return store


def pool_context(folder: Path, store: MemoryStore) -> AgentContext:
    """That of a node whose looks into the store cost something."""
    made = context_of(folder, store)
    clock = FakeClock()
    settings = replace(made.settings, run=TUNE, store="https://account/store")
    return replace(
        made, plan=singles(2, 2222), settings=settings, clock=clock, logs=LogShipper(store, clock, free=False)
    )


def test_a_trials_logs_hide_what_the_tune_hides_and_are_watched_while_the_tune_is(
    tmp_path: Path, trial_store: MemoryStore
) -> None:
    store = MemoryStore()
    pool = pool_context(tmp_path, store)
    pool.logs.hide(needles(["s3cret-of-the-tune"]))
    trial = context_of_trial(pool, ASKED)
    log = tmp_path / "main-0.log"
    log.write_text("s3cret-of-the-tune\n")
    trial.logs.add("main-0", log)
    assert not trial.logs.is_watched()
    store.put(keys.WATCH, encode(Beat(5.0)))
    pool.clock.sleep(3)
    assert trial.logs.is_watched()
    trial.logs.go_round()
    assert log_chunk(trial_store, "logs/main-0/00000000.log") == b"***\n"


def test_what_is_announced_of_a_node_is_told_by_its_trial_too(tmp_path: Path, trial_store: MemoryStore) -> None:
    pool = pool_context(tmp_path, MemoryStore())
    trial = context_of_trial(pool, ASKED)
    pool.heartbeats.warn("evicted (spot)")
    assert trial.heartbeats.notice == "evicted (spot)"


def test_a_trial_has_settings_plan_and_folders_of_its_own(tmp_path: Path, trial_store: MemoryStore) -> None:
    pool = pool_context(tmp_path, MemoryStore())
    trial = context_of_trial(pool, ASKED)
    settings = trial.settings
    assert (settings.run, settings.store) == (ASKED.trial, f"https://account/store/on/{ASKED.trial}")
    assert (settings.deadline, settings.limit, settings.run_seconds) == (ASKED.deadline, "max_run_duration", 600)
    assert (trial.plan.arguments, trial.plan.node_count, trial.plan.pool) == (ASKED.arguments, 1, None)
    assert trial.paths.bundle == pool.paths.bundle
    assert trial.paths.work != pool.paths.work


def test_a_locked_trial_whose_tasks_would_load_another_library_is_not_started(
    tmp_path: Path, trial_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_context(tmp_path, MemoryStore())
    assignment = replace(assignment_in(tmp_path), run=ASKED.trial, plan=trial_plan(pool.plan, ASKED.arguments))
    node = Witness(pool, assignment, Key("age1abc"), {})
    node.begin()
    assert node.record is not None
    trial = context_of_trial(pool, ASKED)
    seen = TrialWitness(trial, assignment, node)
    seen.begin()
    seen.end()
    record = readable(trial_store, keys.evidence_key(node.record.node_id), NodeEvidence)
    assert isinstance(record, NodeEvidence)
    assert (record.run, record.attested, record.tasks[0].argv[-2:]) == (ASKED.trial, (), ASKED.arguments)
    assert record.ended is not None

    preloading = tmp_path / "ld.so.preload"
    preloading.write_text("/lib/other.so\n")
    monkeypatch.setattr(node_checks.check_preload, "__defaults__", (preloading,))
    monkeypatch.setattr(node, "_record", replace(node.record, locked="0" * 64))
    with pytest.raises(NodeDiffers, match="preload names libraries"):
        TrialWitness(trial, assignment, node).begin()


def test_a_locked_trial_is_not_started_in_an_environment_that_an_earlier_one_has_changed(
    tmp_path: Path, trial_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, environment = pool_context(tmp_path, MemoryStore()), tmp_path / "env"
    package = environment / "site-packages/keras/model.py"
    (package.parent / "__pycache__").mkdir(parents=True)
    package.write_text("a = 1\n")
    assignment = assignment_in(tmp_path)
    folders = replace(assignment.folders, environment=environment)
    assignment = replace(assignment, run=ASKED.trial, folders=folders, plan=trial_plan(pool.plan, ASKED.arguments))
    node = Witness(pool, assignment, Key("age1abc"), {})
    node.begin()
    assert node.record is not None
    monkeypatch.setattr(node, "_record", replace(node.record, locked="0" * 64))
    node.stamps = stamps_of(environment)
    trial = context_of_trial(pool, ASKED)
    (package.parent / "__pycache__/model.opt-1.pyc").touch()
    TrialWitness(trial, assignment, node).begin()
    package.write_text("a = 22\n")
    with pytest.raises(NodeDiffers, match=r"environment: changed by an earlier trial: site-packages/keras/model\.py"):
        TrialWitness(trial, assignment, node).begin()
