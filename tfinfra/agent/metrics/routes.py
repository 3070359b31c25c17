"""The routes of MLflow's tracking API that its clients 2.22 and 3.17 call while they log: each is a function of the
tracker, the task that asks and what it asks. Everything else does not exist."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfinfra.agent.metrics.answers import Asked, Refused, wrong
from tfinfra.agent.metrics.searching import fits
from tfinfra.agent.metrics.tracked import ACTIVE, EXPERIMENT, LoggedModel, TrackedRun, Tracker
from tfinfra.model import Point
from tfinfra.script import in_json, is_metric
from tfinfra.store.point_chunks import number_of

Answer = dict[str, Any]
Route = Callable[[Tracker, str, Asked], Answer]
_PREFIX = "/api/2.0/mlflow/"
_MODELS = f"{_PREFIX}logged-models"
_MOST_FOUND = 1000


@dataclass(frozen=True)
class Found:
    """A route, and the id in its path: "" where it has none."""

    answer: Route
    model: str = ""


def find_route(method: str, path: str) -> Found:
    """Raises Refused where there is none."""
    if path == _MODELS and method == "POST":
        return Found(_create_model)
    if path.startswith(f"{_MODELS}/"):
        model, _, rest = path.removeprefix(f"{_MODELS}/").partition("/")
        if model == "search" and method == "POST":
            return Found(_search_models)
        if route := _OF_MODELS.get((method, rest)):
            return Found(route, model)
    elif path.startswith(_PREFIX) and (found := _ROUTES.get((method, path.removeprefix(_PREFIX)))):
        return Found(found)
    raise Refused("ENDPOINT_NOT_FOUND", f"tfinfra's tracking has no {method} {ascii(path)[1:-1][:200]}")


# Experiments: there is one


def _experiment(tracker: Tracker, task: str, asked: Asked) -> Answer:
    """Whatever id or name is asked for: a script's set_experiment means this run."""
    del task, asked
    return {"experiment": _own_experiment(tracker)}


def _own_experiment(tracker: Tracker) -> Answer:
    times = dict.fromkeys(("creation_time", "last_update_time"), tracker.began)
    place = {"artifact_location": str(tracker.artifacts), "lifecycle_stage": ACTIVE}
    return {"experiment_id": EXPERIMENT, "name": tracker.name, **place, **times}


def _create_experiment(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del tracker, task, asked
    return {"experiment_id": EXPERIMENT}


def _search_experiments(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task, asked
    return {"experiments": [_own_experiment(tracker)]}


def _nothing(tracker: Tracker, task: str, asked: Asked) -> Answer:
    """Taken, and not kept."""
    del tracker, task, asked
    return {}


# Runs


def _create_run(tracker: Tracker, task: str, asked: Asked) -> Answer:
    started = asked.whole("start_time", tracker.now())
    run = tracker.begin_run(task, asked.word("run_name"), asked.word("user_id"), started, _words(asked.values("tags")))
    return {"run": run_answer(run)}


def _get_run(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    return {"run": run_answer(_run(tracker, asked))}


def _update_run(tracker: Tracker, task: str, asked: Asked) -> Answer:
    run = _run(tracker, asked)
    ended = asked.whole("end_time", 0) or None
    tracker.update_run(run, task, asked.word("status"), ended, asked.word("run_name"))
    return {"run_info": _info(run)}


def _search_runs(tracker: Tracker, task: str, asked: Asked) -> Answer:
    """The newest first; raises Refused for a filter that is not understood."""
    del task
    most = max(1, min(asked.whole("max_results", _MOST_FOUND), _MOST_FOUND))
    found = [run for run in reversed(tracker.runs.values()) if fits(run, asked.text("filter"))]
    return {"runs": [run_answer(run) for run in found[:most]]}


def _log_metric(tracker: Tracker, task: str, asked: Asked) -> Answer:
    run = _run(tracker, asked)
    tracker.log(run, _points(tracker, run, task, [asked]))
    return {}


def _log_batch(tracker: Tracker, task: str, asked: Asked) -> Answer:
    """All of it or nothing."""
    run = _run(tracker, asked)
    points = _points(tracker, run, task, asked.several("metrics"))
    tracker.remark(run, task, _words(asked.values("params")), _words(asked.values("tags")))
    tracker.log(run, points)
    return {}


def _points(tracker: Tracker, run: TrackedRun, task: str, metrics: list[Asked]) -> list[Point]:
    """The new ones: a client that has logged a model says once more which points belong to it."""
    said = [(each, _point(tracker, run, task, each)) for each in metrics]
    return [point for each, point in said if not (each.text("model_id") and point in run.history.get(point.name, ()))]


def _point(tracker: Tracker, run: TrackedRun, task: str, asked: Asked) -> Point:
    name, value = asked.text("key", None), number_of(asked.value("value"))
    if not is_metric(name):
        raise wrong("key", f"a metric's name (1 to 250 printable characters): {ascii(name)[:60]}")
    if value is None:
        raise wrong("value", f"a number, of the metric {name}")
    time = max(0, asked.whole("timestamp", tracker.now())) / 1000
    return Point(task, sys.intern(name), value, asked.whole("step", 0), time, tracker.further(run))


def _log_param(tracker: Tracker, task: str, asked: Asked) -> Answer:
    tracker.remark(_run(tracker, asked), task, _words({asked.text("key", None): asked.text("value")}), {})
    return {}


def _set_tag(tracker: Tracker, task: str, asked: Asked) -> Answer:
    tracker.remark(_run(tracker, asked), task, {}, _words({asked.text("key", None): asked.text("value")}))
    return {}


def _delete_tag(tracker: Tracker, task: str, asked: Asked) -> Answer:
    tracker.drop_tag(_run(tracker, asked), task, asked.text("key", None))
    return {}


def _words(values: dict[str, str]) -> dict[str, str]:
    """Parameters or tags, each with a name that is kept. Raises Refused."""
    for name in values:
        if not is_metric(name):
            raise wrong("key", f"a name (1 to 250 printable characters): {ascii(name)[:60]}")
    return values


def _log_inputs(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    run = _run(tracker, asked)
    datasets, models = ([each.plain() for each in asked.several(name)] for name in ("datasets", "models"))
    tracker.memory.add((run.inputs, datasets), (run.model_inputs, models))
    return {}


def _log_outputs(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    tracker.memory.add((_run(tracker, asked).outputs, [each.plain() for each in asked.several("models")]))
    return {}


def _history(tracker: Tracker, task: str, asked: Asked) -> Answer:
    """The last points of a metric."""
    del task
    points = _run(tracker, asked).history.get(asked.text("metric_key", None), ())
    return {"metrics": [_metric(point) for point in points]}


def _run(tracker: Tracker, asked: Asked) -> TrackedRun:
    return tracker.run_of(asked.text("run_id") or asked.text("run_uuid"))


# Logged models


def _create_model(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    name, run, kind = asked.word("name") or "model", asked.word("source_run_id"), asked.word("model_type")
    model = tracker.begin_model(name, run, kind, asked.values("params"), asked.values("tags"))
    return {"model": model_answer(model)}


def _get_model(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    return {"model": model_answer(tracker.model_of(asked.text("model_id", None)))}


def _finish_model(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    model = tracker.model_of(asked.text("model_id", None))
    model.status, model.updated = asked.word("status") or model.status, tracker.now()
    return {"model": model_answer(model)}


def _model_params(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    tracker.memory.put((tracker.model_of(asked.text("model_id", None)).params, asked.values("params")))
    return {}


def _model_tags(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    model = tracker.model_of(asked.text("model_id", None))
    tracker.memory.put((model.tags, asked.values("tags")))
    return {"model": model_answer(model)}


def _search_models(tracker: Tracker, task: str, asked: Asked) -> Answer:
    del task
    if asked.text("filter"):
        raise Refused("INVALID_PARAMETER_VALUE", "tfinfra's tracking searches logged models without a filter")
    return {"models": [model_answer(model) for model in reversed(tracker.models.values())]}


# Answers


def run_answer(run: TrackedRun) -> Answer:
    """A run as MLflow writes it."""
    metrics = [_metric(points[-1]) for points in run.history.values()]
    data = {"metrics": metrics, "params": _pairs(run.params), "tags": _pairs(run.tags)}
    inputs = {"dataset_inputs": run.inputs, "model_inputs": run.model_inputs}
    return {"info": _info(run), "data": data, "inputs": inputs, "outputs": {"model_outputs": run.outputs}}


def model_answer(model: LoggedModel) -> Answer:
    """A logged model as MLflow writes it."""
    info = {
        "model_id": model.id,
        "experiment_id": EXPERIMENT,
        "name": model.name,
        "creation_timestamp_ms": model.created,
        "last_updated_timestamp_ms": model.updated,
        "artifact_uri": model.artifacts,
        "status": model.status,
        "model_type": model.kind,
        "source_run_id": model.run,
        "tags": _pairs(model.tags),
    }
    return {"info": info, "data": {"params": _pairs(model.params)}}


def _info(run: TrackedRun) -> Answer:
    info = {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.name,
        "experiment_id": EXPERIMENT,
        "user_id": run.user,
        "status": run.status,
        "start_time": run.started,
        "artifact_uri": run.artifacts,
        "lifecycle_stage": run.lifecycle,
    }
    return info if run.ended is None else {**info, "end_time": run.ended}


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _metric(point: Point) -> Answer:
    timestamp = round(point.time * 1000)
    return {"key": point.name, "value": in_json(point.value), "timestamp": timestamp, "step": point.step}


_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "experiments/get"): _experiment,
    ("GET", "experiments/get-by-name"): _experiment,
    ("POST", "experiments/create"): _create_experiment,
    ("POST", "experiments/search"): _search_experiments,
    ("POST", "experiments/set-experiment-tag"): _nothing,
    ("POST", "runs/create"): _create_run,
    ("GET", "runs/get"): _get_run,
    ("POST", "runs/update"): _update_run,
    ("POST", "runs/search"): _search_runs,
    ("POST", "runs/log-metric"): _log_metric,
    ("POST", "runs/log-batch"): _log_batch,
    ("POST", "runs/log-parameter"): _log_param,
    ("POST", "runs/set-tag"): _set_tag,
    ("POST", "runs/delete-tag"): _delete_tag,
    ("POST", "runs/log-inputs"): _log_inputs,
    ("POST", "runs/outputs"): _log_outputs,
    ("POST", "runs/log-model"): _nothing,
    ("GET", "metrics/get-history"): _history,
}
"""(method, path below /api/2.0/mlflow/)"""
_OF_MODELS: dict[tuple[str, str], Route] = {
    ("GET", ""): _get_model,
    ("PATCH", ""): _finish_model,
    ("POST", "params"): _model_params,
    ("PATCH", "tags"): _model_tags,
}
"""(method, path below a logged model's)"""
