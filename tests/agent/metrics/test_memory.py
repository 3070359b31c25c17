"""What a node's agent remembers for MLflow's clients is bounded, whatever they tell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agent.metrics.tracking import API, RUN, served
from tfinfra.agent.metrics.answers import Refused
from tfinfra.agent.metrics.memory import OF_A_METRIC, History, Memory
from tfinfra.model import Point


def point(name: str, step: int = 0) -> Point:
    return Point("main-0", name, 0.5, step, 1.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=60), st.integers(6, 30))
def test_never_more_points_than_the_bound_and_the_last_one_is_there(told: list[tuple[str, str]], most: int) -> None:
    memory, runs = Memory(points=most), dict[str, History]()
    for step, (run, name) in enumerate(told):
        memory.note(run, runs.setdefault(run, {}), point(name, step))
        assert runs[run][name][-1].step == step
        assert sum(5 + len(series) for history in runs.values() for series in history.values()) <= most


def test_the_points_of_what_is_written_no_more_go_first() -> None:
    memory, old, new = Memory(points=24), History(), History()
    for step in range(5):
        memory.note("old", old, point("loss", step))
    for step in range(10):
        memory.note("new", new, point("loss", step))
    assert [each.step for each in old["loss"]] == [1, 2, 3, 4]
    assert len(new["loss"]) == 10


def test_of_one_metric_no_more_than_its_share() -> None:
    memory, history = Memory(), History()
    for step in range(OF_A_METRIC + 5):
        memory.note("run", history, point("loss", step))
    assert (len(history["loss"]), history["loss"][0].step) == (OF_A_METRIC, 5)


def test_a_text_that_is_replaced_or_dropped_makes_room() -> None:
    memory, tags = Memory(text=1000), dict[str, str]()
    for _ in range(10):
        memory.put((tags, {"note": "x" * 500}))
    with pytest.raises(Refused, match="parameters, tags and inputs"):
        memory.put((tags, {"one": "1"}), (tags, {"other": "x" * 500}))
    assert tags == {"note": "x" * 500}
    memory.drop(tags, "note")
    memory.put((tags, {"other": "x" * 500}))


FULL = {
    "a parameter": ("runs/log-parameter", {"key": "a", "value": "x" * 2000}),
    "a tag": ("runs/set-tag", {"key": "a", "value": "x" * 2000}),
    "a batch": ("runs/log-batch", {"tags": [{"key": "a", "value": "x" * 2000}]}),
    "a dataset": ("runs/log-inputs", {"datasets": [{"dataset": {"schema": "x" * 2000}}]}),
    "a model as output": ("runs/outputs", {"models": [{"model_id": "x" * 2000}]}),
    "a further run's tags": ("runs/create", {"tags": [{"key": "a", "value": "x" * 2000}]}),
    "a logged model's": ("logged-models", {"params": [{"key": "a", "value": "x" * 2000}]}),
    "a name without end": ("runs/create", {"run_name": "x" * 2000}),
}


@pytest.mark.parametrize(("path", "body"), FULL.values(), ids=FULL.keys())
def test_what_there_is_no_room_for_is_refused_with_the_reason(path: str, body: dict[str, object]) -> None:
    with served() as server:
        server.tracker.memory = Memory(text=1000)
        status, said = server.ask("POST", API + path, {"run_id": RUN, **body})
        assert (status, "at most" in said["message"] or "a node keeps" in said["message"]) == (400, True)
        assert len(server.tracker.runs) == 1 and not server.tracker.models
