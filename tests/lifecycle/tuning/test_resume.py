"""A tune whose client was killed, and another that goes on with it."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.tuning.fake_pool import LEADER, METRIC
from tests.lifecycle.tuning.tuned_world import TunedWorld, a_tune, hurried
from tfinfra.errors import ProvisioningError, Result, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.end.trials_home import _left_in_store
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder, trial_records
from tfinfra.lifecycle.record.tune_journal import read_journal
from tfinfra.lifecycle.tuning import resume
from tfinfra.lifecycle.tuning.before import Before
from tfinfra.lifecycle.tuning.claim import ELSEWHERE_SECONDS, Claim, claim
from tfinfra.lifecycle.tuning.resume import LeftTune, refuse_another, refuse_finished, warm_trials, with_ends
from tfinfra.model import Point
from tfinfra.model.trials import trial_id
from tfinfra.model.tuning import Expression
from tfinfra.store import MemoryStore, chunk_of, encode, keys
from tfinfra.system.progress import say_nothing
from tfinfra.tuning.journal import COMPLETE, Asked, Ended, Entry, Searched, replay

__all__ = ["hurried"]
KILLED, NEXT = "digits-abc123", "digits-next00"


class Killed:
    """What a client leaves that is killed right before the write number `at` to the tune's store that concerns a
    trial: the state folder, and the store, as they were then."""

    def __init__(self, tmp: Path, at: int) -> None:
        self.world = TunedWorld(tmp)
        self.state = tmp / "killed"
        self.store: MemoryStore | None = None
        self._left = at
        self.world.store = MemoryStore(self._before)
        self.world.search()

    def _before(self, verb: str, key: str) -> None:
        if verb not in ("put", "put_if_absent") or not key.startswith((keys.JOURNAL, "control/", keys.OUTCOME)):
            return
        self._left -= 1
        if self._left == 0 and self.store is None:
            self.store = MemoryStore()
            self.store.objects = dict(self.world.store.objects)
            shutil.copytree(self.world.tmp / "state", self.state, ignore_dangling_symlinks=True)

    @property
    def folder(self) -> RunFolder:
        return run_folder(self.state, KILLED)


def left_by(killed: Killed, store: MemoryStore | None, tune: Any = None) -> LeftTune:
    found = FoundRun(KILLED, killed.folder, killed.folder.read(), killed.world.ports, (), store, None)
    return LeftTune(found, tune or killed.world.tune, resume._entries(found, say_nothing))


def searched(world: TunedWorld, run: str) -> Searched:
    return replay(read_journal(run_folder(world.tmp / "state", run).path, None, say_nothing))


@pytest.mark.parametrize("where", ["both places", "this machine", "the store"])
@pytest.mark.parametrize("at", range(1, 12, 2))
def test_no_trial_is_lost_and_none_counts_twice(at: int, where: str, tmp_path: Path) -> None:
    killed = Killed(tmp_path / "first", at)
    if killed.store is None:
        pytest.fail("the client was not killed")
    if where == "the store":
        shutil.rmtree(killed.folder.path / keys.JOURNAL, ignore_errors=True)
    left = left_by(killed, None if where == "this machine" else killed.store)
    world = TunedWorld(tmp_path / "second")
    result = world.search(Before(left, (), with_ends(left)), letters="next00")
    assert result.record.message.startswith("trial ")
    found = searched(world, NEXT)
    assert found.counted == 5
    assert not found.under_way
    complete = Counter(trial.parameters["--x"] for trial in found.trials.values() if trial.result in COMPLETE)
    assert complete == dict.fromkeys(range(5), 1)
    assert {record.on for record in trial_records(run_folder(tmp_path / "second" / "state", NEXT))} == {NEXT}


def test_one_killed_before_its_search_leaves_all_that_it_went_on_with(tmp_path: Path) -> None:
    killed = Killed(tmp_path / "first", 8)
    left = left_by(killed, killed.store)
    second = TunedWorld(tmp_path / "second")
    second.faults = {"up compute": ProvisioningError("it was killed here")}
    taken = with_ends(left)
    second.search(Before(left, (), taken), letters="next00")
    folder = run_folder(tmp_path / "second" / "state", NEXT)
    found = FoundRun(NEXT, folder, folder.read(), second.ports, (), None, None)
    again = LeftTune(found, killed.world.tune, resume._entries(found, say_nothing))
    assert with_ends(again) == taken
    assert [each.trial for each in trial_records(folder)] == [each.trial for each in trial_records(killed.folder)]


def test_an_entry_that_is_none_is_left_out_and_told(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 8)
    path = killed.folder.path / keys.JOURNAL / "00000001.json"
    path.write_bytes(b'{"asked": {"number": -1}')
    said: list[str] = []
    assert len(list(read_journal(killed.folder.path, killed.store, said.append))) > 1
    assert said == []  # the store's is whole
    list(read_journal(killed.folder.path, None, said.append))
    assert said == ["warning: tune/00000001.json is no entry of a journal: it is left out"]


def test_whoever_can_write_to_the_store_writes_no_journal_of_a_tune_of_this_machine(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 6)
    assert killed.store is not None
    true = list(read_journal(killed.folder.path, killed.store, pytest.fail))
    (killed.folder.path / keys.journal_key(0)).unlink()  # the store's has the digest that the event log noted
    forged = [Entry(asked=Asked(50, {"--x": 7}, 1.0)), Entry(ended=Ended(50, "succeeded", "", 2.0, "1e9", "1e9"))]
    for number, entry in enumerate(forged, start=900):
        killed.store.put(keys.journal_key(number), encode(entry))
    said: list[str] = []
    assert list(read_journal(killed.folder.path, killed.store, said.append)) == true
    assert said == [
        "warning: left out of tune/, as the client of the tune has not written them: 00000900.json, 00000901.json"
    ]
    killed.store.put(keys.journal_key(0), encode(forged[0]))
    assert list(read_journal(killed.folder.path, killed.store, say_nothing)) == true[1:]


def test_no_trial_comes_home_that_this_machine_has_not_asked_for(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 6)
    assert killed.store is not None
    for number in (1, 777):
        killed.store.put(f"{keys.further_run(trial_id(KILLED, number))}/outputs/outputs/model", b"x")
    assert _left_in_store(killed.folder, KILLED, killed.store) == {1}


def test_of_two_clients_one_goes_on_and_the_other_is_told(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 8)
    assert claim(killed.folder, killed.store, "digits-first0", 5.0) == "digits-first0"
    assert claim(killed.folder, killed.store, "digits-second", 6.0) == "digits-first0"
    elsewhere = RunFolder(tmp_path / "elsewhere" / "runs" / KILLED)
    assert claim(elsewhere, killed.store, "digits-second", 7.0) == "digits-first0"
    assert claim(elsewhere, killed.store, "digits-second", 5.0 + ELSEWHERE_SECONDS) == "digits-second"


def test_a_claim_of_a_client_that_died_holds_nobody_up(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 8)
    dead = Claim("digits-first0", replace(this_process(), started=1.0, mark="another boot:1"), 5.0)
    (killed.folder.path / "resumed-by.json").write_bytes(encode(dead))
    store = killed.store or pytest.fail("the client was not killed")
    store.put(keys.claim_key(0), encode(dead))
    assert claim(killed.folder, store, "digits-second", 6.0) == "digits-second"
    assert claim(RunFolder(tmp_path / "elsewhere" / "runs" / KILLED), store, "digits-third0", 6.0) == "digits-first0"


def test_another_search_is_no_resumption(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 8)
    with pytest.raises(UsageError, match=r"tune.primary_metric_goal is not what digits-abc123 searched by"):
        refuse_another(a_tune(primary_metric_goal="minimize"), left_by(killed, killed.store))


def test_a_tune_learns_of_those_with_its_own_metric_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = Killed(tmp_path, 9)
    (killed.folder.deploy / "plan.json").write_bytes(encode(killed.world.plan))
    monkeypatch.setattr(resume, "find_run", lambda *_, **__: left_by(killed, killed.store).found)
    assert warm_trials(a_tune(resume_from=(KILLED,)), say_nothing)
    for changes in ({"primary_metric_goal": "minimize"}, {"primary_metric_name": "loss"}):
        with pytest.raises(UsageError, match=r"tune.resume_from: tune.primary_metric_\w+ is not what digits-abc123"):
            warm_trials(a_tune(resume_from=(KILLED,), **changes), say_nothing)


def test_another_space_under_the_same_names_is_told(tmp_path: Path) -> None:
    killed, told = Killed(tmp_path, 8), list[str]()
    left = left_by(killed, killed.store)
    resume.tell_other_space(a_tune(), left, told.append)
    assert told == []
    other = {"--x": Expression("choice", (8, 9))}
    resume.tell_other_space(a_tune(parameter_space=other), left, told.append)
    assert told == ["--x: searched otherwise than in digits-abc123, whose trials count all the same"]


def test_a_tune_that_found_all_it_could_is_not_begun_anew_for_nothing(tmp_path: Path) -> None:
    killed = Killed(tmp_path, 1000)
    left = left_by_end(killed)
    with pytest.raises(UsageError, match=r"all 5 trials of digits-abc123 have ended: nothing is left to search"):
        refuse_finished(killed.world.tune, left)
    refuse_finished(a_tune(max_total_runs=6), left)


def left_by_end(killed: Killed) -> LeftTune:
    """By a client that came to its end."""
    folder = run_folder(killed.world.tmp / "state", KILLED)
    found = FoundRun(KILLED, folder, folder.read(), killed.world.ports, (), None, None)
    return LeftTune(found, killed.world.tune, resume._entries(found, say_nothing))


def test_two_writers_of_a_journal_are_told_from_each_other(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.store.put(keys.journal_key(3), b"{}")
    result = world.search()
    assert "another client writes the journal of digits-abc123" in result.record.message
    assert world.groups == {}


def test_a_trial_that_ended_well_without_its_client_is_not_asked_again(tmp_path: Path) -> None:
    killed = Killed(tmp_path / "first", 3)
    left = left_by(killed, killed.store)
    trial = killed.folder.of(f"{KILLED}-t00001")
    results = tmp_path / "first" / "home"
    (results / "metrics").mkdir(parents=True)
    (results / "metrics" / f"{LEADER}.jsonl").write_bytes(chunk_of([Point(LEADER, METRIC, 0.75, 0, 1.0)]))
    trial.update(result=Result.SUCCEEDED, fetched=True, results=str(results))
    found = replay(with_ends(left))
    assert (found.trials[1].result, found.trials[1].best) == ("succeeded", 0.75)
    assert [each.number for each in found.to_ask_again] == [n for n in found.trials if n != 1]
