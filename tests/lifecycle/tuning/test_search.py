"""A whole tune against a played world and a fake pool."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.tuning.fake_pool import Life
from tests.lifecycle.tuning.tuned_world import TunedWorld, a_tune, hurried, parameters_of, rising
from tfinfra.errors import Result
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder, trial_records
from tfinfra.lifecycle.record.tune_journal import read_journal
from tfinfra.lifecycle.tuning.before import Before
from tfinfra.model import Forwarded, MetricsWanted, Outcome
from tfinfra.model.tuning import Policy
from tfinfra.store import MemoryStore, encode, keys, put_first
from tfinfra.tuning.journal import Trial, replay

__all__ = ["hurried"]
TUNE = "digits-abc123"


def test_a_tune_lives_its_trials_and_the_best_is_at_home(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    result = world.search()
    assert result.error is None
    assert result.record.message == "trial 5 is the best of 5: val_acc 4"
    assert sorted(world.pool.lived) == [f"{TUNE}-t{n:05d}" for n in range(1, 6)]
    assert world.pool.at_once == 2
    assert world.groups == {}
    assert parameters_of(world.results / "best") == {"--x": "4"}
    assert parameters_of(world.results / "trials" / "1") == {"--x": "0"}
    assert len(list((world.results / "trials" / "1" / "evidence").glob("n*.json"))) == 1


def test_each_trial_has_a_record_which_no_list_of_runs_holds(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.search()
    records = trial_records(run_folder(tmp_path / "state", TUNE))
    assert [record.run for record in records] == [f"{TUNE}-t{n:05d}" for n in range(1, 6)]
    for record in records:
        assert (record.on, record.phase, record.result, record.fetched) == (TUNE, RunPhase.DELETED, "succeeded", True)
    assert records[2].trial is not None
    assert records[2].trial.parameters == {"--x": 2}


def failing_below_3(arguments: dict[str, str]) -> Life:
    x = float(arguments["--x"])
    return Life([], exit_status=1, word=f"ValueError: no such thing as {arguments['--x']}") if x < 3 else Life([x])


def of_another_name(arguments: dict[str, str]) -> Life:
    return Life([float(arguments["--x"])], metric="accuracy")


def silent(arguments: dict[str, str]) -> Life:
    return Life()


def odd_ones_fail(arguments: dict[str, str]) -> Life:
    x = int(arguments["--x"])
    return Life([], exit_status=1, word="boom") if x % 2 else Life([float(x)])


def each_its_own_way(arguments: dict[str, str]) -> Life:
    return Life([], exit_status=1, word="abc"[int(arguments["--x"]) % 3])


def not_a_number_at_4(arguments: dict[str, str]) -> Life:
    x = float(arguments["--x"])
    return Life([math.nan if x == 4 else x])


def worse_and_worse(arguments: dict[str, str]) -> Life:
    x = float(arguments["--x"])
    return Life([1.0], hangs=False) if x == 0 else Life([-x] * 3, hangs=True)


def without_the_metric_at_3(arguments: dict[str, str]) -> Life:
    x = float(arguments["--x"])
    return Life([x], metric="loss") if x == 3 else Life([x])


def failing_from_2_on(arguments: dict[str, str]) -> Life:
    x = float(arguments["--x"])
    return Life([], exit_status=1, word="no memory is left") if x >= 2 else Life([x])


ENDS: dict[str, tuple[Callable[[dict[str, str]], Life], Mapping[str, Any], int, str, int]] = {
    "all do well": (rising, {}, 0, "trial 5 is the best of 5", 5),
    "the least is the best": (rising, {"primary_metric_goal": "minimize"}, 0, "trial 1 is the best", 5),
    "three fail in a row, alike but for the numbers in their words": (
        failing_below_3,
        {"max_concurrent_runs": 1},
        7,
        "3 trials in a row failed alike",
        3,
    ),
    "some fail, and never three in a row": (odd_ones_fail, {"max_concurrent_runs": 1}, 0, "trial 5 is the best", 5),
    "each fails in its own way": (each_its_own_way, {}, 7, "none of 5 trials has a value of val_acc", 5),
    "the metric has another name": (of_another_name, {"max_concurrent_runs": 1}, 7, "it logged accuracy", 1),
    "one of many logs another metric alone": (without_the_metric_at_3, {}, 0, "trial 5 is the best of 5", 5),
    "three fail in a row, alike, after others did well": (
        failing_from_2_on,
        {"max_concurrent_runs": 1, "max_total_runs": 30},
        0,
        "trial 2 is the best of 5: val_acc 1; 3 trials in a row failed alike: worker-0 ended with exit status 1",
        5,
    ),
    "none logs anything": (silent, {}, 7, "5 of them ended well and logged nothing", 5),
    "what is no number is never the best": (not_a_number_at_4, {}, 0, "trial 4 is the best", 5),
    "the space is smaller than what was wanted": (rising, {"max_total_runs": 200}, 0, "trial 100 is the best", 100),
    "a policy ends what is worse": (
        worse_and_worse,
        {"max_concurrent_runs": 1, "policy": Policy("bandit", slack_amount=0.1)},
        0,
        "trial 1 is the best",
        5,
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_how_a_tune_ends(case: str, tmp_path: Path) -> None:
    script, changes, code, words, lived = ENDS[case]
    world = TunedWorld(tmp_path, script, a_tune(**changes))
    result = world.search()
    assert result.record.exit_code == code
    assert words in result.record.message
    assert len(world.pool.lived) == lived
    assert world.groups == {}


def test_a_lost_node_ends_its_trial_alone_which_is_asked_again_of_others(tmp_path: Path) -> None:
    def script(arguments: dict[str, str]) -> Life:
        if arguments["--x"] == "1" and len(world.pool.lived) < 3:
            world.pool.dead.add(1)
        return rising(arguments)

    world = TunedWorld(tmp_path, script)
    world.step = 0.01
    result = world.search()
    assert result.error is None
    assert len(world.said("node 1 is lost: 1 trial at a time from now on")) == 1
    results = [record.result for record in trial_records(run_folder(tmp_path / "state", TUNE))]
    assert sorted(map(str, results)) == ["error", *["succeeded"] * 5]
    trials = (world.results / "trials").iterdir()
    found = {parameters_of(trial)["--x"] for trial in trials if any((trial / "outputs").iterdir())}
    assert found == {"0", "1", "2", "3", "4"}


def test_a_trial_whose_node_dies_with_its_files_is_asked_again(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.step = 0.02
    world.collect = 60.0
    world.on_boot = lambda pool: setattr(pool, "dying", f"{TUNE}-t00005")
    result = world.search()
    assert result.record.message == "trial 6 is the best of 6: val_acc 4"
    assert parameters_of(world.results / "best") == {"--x": "4"}


def test_all_nodes_lost_end_the_tune_with_an_error(tmp_path: Path) -> None:
    def script(arguments: dict[str, str]) -> Life:
        world.pool.dead.update({0, 1})
        return Life(hangs=True)

    world = TunedWorld(tmp_path, script)
    world.step = 0.02
    result = world.search()
    assert result.error is not None
    assert world.groups == {}


LIMITS: dict[str, tuple[Callable[[dict[str, str]], Life], int, str]] = {
    "before the first has ended": (lambda _: Life([0.5], hangs=True), 9, "limits.max_run_duration"),
    "after the first": (
        lambda arguments: Life([0.5], hangs=arguments["--x"] != "0"),
        0,
        "trial 1 is the best",
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_limit(case: str, tmp_path: Path) -> None:
    script, code, words = LIMITS[case]
    world = TunedWorld(tmp_path, script)
    world.step = 0.02
    world.plan = replace(world.plan, limits=replace(world.plan.limits, max_run_duration=100))
    result = world.search()
    assert result.record.exit_code == code
    assert words in result.record.message
    records = trial_records(run_folder(tmp_path / "state", TUNE))
    assert {record.phase for record in records} == {RunPhase.DELETED}


def test_a_limit_that_the_nodes_see_first_leaves_what_was_found(tmp_path: Path) -> None:
    def script(arguments: dict[str, str]) -> Life:
        if arguments["--x"] == "2":
            put_first(world.store, keys.OUTCOME, Outcome(Result.LIMIT, "limits.max_cost_usd", ended=1.0))
        return rising(arguments)

    world = TunedWorld(tmp_path, script, a_tune(max_concurrent_runs=1))
    result = world.search()
    assert result.record.exit_code == 0
    assert "is the best of" in result.record.message


def test_an_answer_that_is_lost_on_its_way_makes_no_second_client(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.store = LosesAnswers()
    result = world.search()
    assert result.record.message == "trial 5 is the best of 5: val_acc 4"
    assert sorted(world.pool.lived) == [f"{TUNE}-t{n:05d}" for n in range(1, 6)]
    folder = run_folder(tmp_path / "state", TUNE).path
    for store in (None, world.store):
        searched = replay(read_journal(folder, store, pytest.fail))
        assert (searched.counted, searched.under_way) == (5, ())


class LosesAnswers(MemoryStore):
    """It takes each entry of a journal, and each second of its answers does not arrive."""

    lost = 0

    def put_if_absent(self, key: str, data: bytes) -> bool:
        put = super().put_if_absent(key, data)
        if put and key.startswith(keys.JOURNAL):
            self.lost += 1
            if self.lost % 2:
                raise OSError("timed out")
        return put


def test_a_store_that_is_away_for_a_while_costs_no_trial(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    away = {"left": 200}

    def fail(verb: str, key: str) -> None:
        if away["left"] and key.startswith("tune/") and verb == "put_if_absent":
            away["left"] -= 1
            raise OSError("no way to the store")

    world.store = type(world.store)(fail)
    result = world.search()
    assert result.error is None
    assert away["left"] == 0
    assert sorted(world.pool.lived) == [f"{TUNE}-t{n:05d}" for n in range(1, 6)]


def test_nodes_that_refuse_every_trial_end_the_tune(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    world.on_boot = lambda pool: pool.deaf.update({0, 1})
    result = world.search()
    assert result.record.exit_code == 6
    assert re.match("the nodes take no trial: node [01] refuses it: busy", result.record.message)


def test_the_table_is_shown_as_it_changes(tmp_path: Path) -> None:
    seen: list[Any] = []
    world = TunedWorld(tmp_path)
    world.observer.tune = seen.append  # type: ignore[method-assign, assignment]
    world.search()
    last = seen[-1]
    assert [trial.state for trial in last.trials] == ["succeeded"] * 5
    assert (last.best, last.total, last.slots) == (5, 5, 2)
    assert all(state != after for state, after in pairwise(seen))


def test_a_trial_whose_files_do_not_come_is_tried_again_at_the_end(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)
    url = f"file:///store/run/on/{TUNE}-t00002"
    refused = {"left": 1}

    def fail(verb: str, key: str) -> None:
        if refused["left"] and verb == "list" and key == "outputs":
            refused["left"] -= 1
            raise OSError("no way to the store")

    world.attempt_stores[url] = MemoryStore(fail)
    result = world.search()
    assert result.error is None
    assert world.said("digits-abc123-t00002 did not come home: no way to the store")
    assert parameters_of(world.results / "trials" / "2") == {"--x": "1"}
    assert world.groups == {}


def test_a_trial_whose_files_never_come_keeps_them(tmp_path: Path) -> None:
    world = TunedWorld(tmp_path)

    def fail(verb: str, key: str) -> None:
        if verb == "list" and key == "outputs":
            raise OSError("no way to the store")

    world.attempt_stores[f"file:///store/run/on/{TUNE}-t00002"] = MemoryStore(fail)
    result = world.search()
    assert result.record.exit_code == 10
    assert list(world.groups) == ["tfinfra-digits-abc123-keep"]
    assert "of a trial could not be fetched: no way to the store" in str(result.error)


def test_sets_that_an_earlier_tune_knows_are_not_asked_again(tmp_path: Path) -> None:
    known = [Trial(n, {"--x": n}, 1.0, result="succeeded", best=float(n), values=(float(n),)) for n in range(3)]
    world = TunedWorld(tmp_path)
    assert world.search(Before(warm=known)).error is None
    found = [
        record.trial.parameters["--x"] for record in trial_records(run_folder(tmp_path / "state", TUNE)) if record.trial
    ]
    assert found == [3, 4, 5, 6, 7]


SENT = {
    "all were sent": (Forwarded("http://team", 1, ended=True), ""),
    "the server refused them": (Forwarded("http://team", 0, "it answered 403"), "it answered 403"),
    "nobody said that they were": (None, "ended before all were sent"),
}


@pytest.mark.parametrize("case", SENT)
def test_metrics_that_a_server_did_not_take_are_told_once_of_a_trial(case: str, tmp_path: Path) -> None:
    told, problem = SENT[case]
    world = TunedWorld(tmp_path)
    world.plan = replace(world.plan, metrics=MetricsWanted(tracking_uri="http://team"))
    lives = world.store_at

    def store_at(url: str) -> MemoryStore:
        store = lives(url)
        if told is not None and "/on/" in url:
            store.put(keys.FORWARDED, encode(told))
        return store

    world.store_at = store_at  # type: ignore[method-assign]
    world.search()
    said = world.said("could not be sent")
    assert [problem in line and f"`tfinfra metrics {TUNE}-t0" in line for line in said] == ([True] if problem else [])
