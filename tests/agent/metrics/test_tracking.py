"""MLflow's tracking API as a node serves it: what is kept, what is answered, and what is refused how."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.agent.metrics.tracking import API, RUN, SECRET, Served, served
from tfinfra.agent.metrics.answers import STATUSES, Refused
from tfinfra.agent.metrics.routes import find_route
from tfinfra.model import Point

METRIC = {"run_id": RUN, "key": "loss", "value": 0.5, "timestamp": 1_700_000_000_250, "step": 7}
POINT = Point("rank-0", "loss", 0.5, 7, 1_700_000_000.25)


def test_each_point_carries_the_task_whose_token_it_came_with() -> None:
    with served() as server:
        for task in ("rank-0", "rank-1"):
            assert server.ask("POST", f"{API}runs/log-metric", METRIC, f"{task}.{SECRET}") == (200, {})
    assert [(point.task, point.run) for point in server.points] == [("rank-0", ""), ("rank-1", "")]


def test_whole_numbers_may_be_text_and_numbers_may_be_none() -> None:
    with served() as server:
        metrics = [{"key": name, "value": name, "timestamp": "5000", "step": "-3"} for name in ("NaN", "-Infinity")]
        server.post("runs/log-batch", run_id=RUN, metrics=metrics)
        said = server.ask("GET", f"{API}runs/get?run_id={RUN}")[1]["run"]["data"]["metrics"]
    assert [(point.step, point.time) for point in server.points] == [(-3, 5.0), (-3, 5.0)]
    assert math.isnan(server.points[0].value) and server.points[1].value == -math.inf
    assert [each["value"] for each in said] == ["NaN", "-Infinity"]


def test_the_first_run_that_a_task_begins_is_the_run_itself_and_no_other_is() -> None:
    with served() as server:

        def begun(task: str, *tags: dict[str, str]) -> str:
            body = {"run_name": "mine", "tags": list(tags)}
            return str(server.ask("POST", f"{API}runs/create", body, f"{task}.{SECRET}")[1]["run"]["info"]["run_id"])

        nested = {"key": "mlflow.parentRunId", "value": RUN}
        found = [begun("rank-0", nested), begun("rank-0"), begun("rank-1"), begun("rank-0"), begun("rank-1", nested)]
    assert [run == RUN for run in found] == [False, True, True, False, False]


def test_no_client_ends_or_renames_the_run_and_a_further_one_it_does() -> None:
    with served() as server:
        asked = {"status": "FINISHED", "end_time": 9, "run_name": "mine"}
        own = server.post("runs/update", run_id=RUN, **asked)["run_info"]
        server.post("runs/create", run_name="mine")
        new = server.post("runs/create", experiment_id="0", run_name="child")["run"]["info"]
        other = server.post("runs/update", run_id=new["run_id"], **asked)["run_info"]
    assert (own["status"], own["run_name"], "end_time" in own) == ("RUNNING", RUN, False)
    assert (other["status"], other["run_name"], other["end_time"]) == ("FINISHED", "mine", 9)


def test_points_of_a_further_run_carry_its_id_and_its_files_a_folder() -> None:
    with served() as server:
        info = server.post("runs/create", tags=[{"key": "mlflow.parentRunId", "value": RUN}])["run"]["info"]
        server.post("runs/log-metric", **{**METRIC, "run_id": info["run_id"]})
    assert [point.run for point in server.points] == [info["run_id"]]
    assert info["artifact_uri"] == f"/shared/outputs/artifacts/runs/{info['run_id']}"


def test_parameters_and_tags_are_kept_with_the_task_and_the_run_that_they_are_of() -> None:
    with served() as server:
        server.post("runs/log-parameter", run_id=RUN, key="lr", value="0.1")
        server.post("runs/log-parameter", run_id=RUN, key="lr", value="0.1")  # says nothing new
        tags = [{"key": "mlflow.parentRunId", "value": RUN}, {"key": "mlflow.runName", "value": "fold-1"}]
        further = server.post("runs/create", tags=tags)["run"]["info"]["run_id"]
        batch = {"params": [{"key": "k", "value": "5" * 9000}], "tags": [{"key": "stage", "value": "a"}]}
        server.post("runs/log-batch", run_id=further, **batch)
        server.post("runs/delete-tag", run_id=further, key="stage")
        server.post("runs/delete-tag", run_id=further, key="none")
        server.post("runs/update", run_id=further, run_name="fold-one")
    of_further = [
        ("tag", "mlflow.parentRunId", RUN),
        ("tag", "mlflow.runName", "fold-1"),
        ("parameter", "k", "5" * 8000),
        ("tag", "stage", "a"),
        ("tag", "stage", None),
        ("tag", "mlflow.runName", "fold-one"),
    ]
    assert server.remarks == [
        ("rank-0", "parameter", "lr", "0.1", ""),
        *(("rank-0", kind, name, text, further) for kind, name, text in of_further),
    ]


def test_a_logged_model_brings_no_point_twice() -> None:
    with served() as server:
        server.post("runs/log-batch", run_id=RUN, metrics=[METRIC])
        server.post("runs/log-batch", run_id=RUN, metrics=[{**METRIC, "model_id": "m-1"}, {**METRIC, "step": 8}])
    assert [point.step for point in server.points] == [7, 8]


def test_whatever_experiment_a_script_sets_it_is_the_runs_own() -> None:
    with served() as server:
        found = server.ask("GET", f"{API}experiments/get-by-name?experiment_name=other")[1]["experiment"]
        assert (found["experiment_id"], found["name"], found["lifecycle_stage"]) == ("0", "digits", "active")
        assert server.post("experiments/create", name="x") == {"experiment_id": "0"}


FILTERS = {
    "nothing": ("", 2),
    "a tag": ("tags.kind = 'child'", 1),
    "a parameter, in double quotes": ('params.lr = "0.1"', 1),
    "two together": ("tags.kind = 'child' AND params.lr != '0.1'", 0),
    "an attribute": ("attributes.status = 'RUNNING'", 2),
    "the parent, as nested runs are found": (f"tags.mlflow.parentRunId = '{RUN}'", 1),
}


@pytest.mark.parametrize(("text", "found"), FILTERS.values(), ids=FILTERS.keys())
def test_runs_are_found_by(text: str, found: int) -> None:
    with served() as server:
        tags = [{"key": "kind", "value": "child"}, {"key": "mlflow.parentRunId", "value": RUN}]
        child = server.post("runs/create", tags=tags)["run"]["info"]["run_id"]
        server.post("runs/log-parameter", run_id=child, key="lr", value="0.1")
        assert len(server.post("runs/search", experiment_ids=["0"], filter=text)["runs"]) == found


WRONG: dict[str, tuple[str, str, Any, int, str]] = {
    "a route of others": ("GET", "registered-models/search", None, 404, "ENDPOINT_NOT_FOUND"),
    "another method": ("PUT", "runs/get", None, 404, "ENDPOINT_NOT_FOUND"),
    "a run that is not there": ("GET", "runs/get?run_id=none", None, 404, "RESOURCE_DOES_NOT_EXIST"),
    "a model that is not there": ("GET", "logged-models/m-1", None, 404, "RESOURCE_DOES_NOT_EXIST"),
    "no JSON": ("POST", "runs/log-metric", b"{", 400, "BAD_REQUEST"),
    "no object": ("POST", "runs/log-metric", [1], 400, "BAD_REQUEST"),
    "nested without end": ("POST", "runs/log-metric", b"[" * 100_000, 400, "BAD_REQUEST"),
    "a value that is text": ("POST", "runs/log-metric", {**METRIC, "value": "much"}, 400, "INVALID_PARAMETER_VALUE"),
    "no value": ("POST", "runs/log-metric", {**METRIC, "value": None}, 400, "INVALID_PARAMETER_VALUE"),
    "a step of half": ("POST", "runs/log-metric", {**METRIC, "step": 0.5}, 400, "INVALID_PARAMETER_VALUE"),
    "a step beyond 64 bits": ("POST", "runs/log-metric", {**METRIC, "step": 2**63}, 400, "INVALID_PARAMETER_VALUE"),
    "a name that a terminal obeys": (
        *("POST", "runs/log-metric", {**METRIC, "key": "\x1b[2J"}, 400, "INVALID_PARAMETER_VALUE"),
    ),
    "metrics that are no list": (
        "POST",
        "runs/log-batch",
        {"run_id": RUN, "metrics": 1},
        400,
        "INVALID_PARAMETER_VALUE",
    ),
    "a filter of another form": (
        *("POST", "runs/search", {"filter": "metrics.loss < 1"}, 400, "INVALID_PARAMETER_VALUE"),
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_answered_is_refused_in_mlflows_form(
    method: str, path: str, body: Any, status: int, code: str
) -> None:
    with served() as server:
        found, said = server.ask(method, API + path, body)
        assert (found, said["error_code"], server.points) == (status, code, [])
        assert said["message"] and said["message"].isprintable()


def test_a_batch_with_one_wrong_point_is_not_kept_in_part() -> None:
    with served() as server:
        body = {"run_id": RUN, "metrics": [METRIC, {**METRIC, "value": "x"}], "params": [{"key": "a", "value": "1"}]}
        assert server.ask("POST", f"{API}runs/log-batch", body)[0] == 400
        assert (server.points, server.tracker.runs[RUN].params) == ([], {})


@pytest.mark.parametrize("token", ["", "rank-0", f"rank-0.{SECRET}x", f"rank-9.{SECRET}", f".{SECRET}", "rank-0.ü"])
def test_who_has_no_tasks_token_is_refused(token: str) -> None:
    with served() as server:
        status, said = server.ask("POST", f"{API}runs/log-metric", METRIC, token.encode().decode("latin-1"))
        assert (status, said["error_code"], server.points) == (401, "UNAUTHENTICATED", [])


def test_health_and_version_need_no_token() -> None:
    with served() as server:
        assert server.ask("GET", "/health", token="") == (200, "OK")
        assert server.ask("GET", "/version", token="")[0] == 200


@pytest.mark.parametrize("length", ["-1", "x", str(1 << 40)])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with served() as server:
        assert server.ask("POST", f"{API}runs/log-metric", b"", **{"Content-Length": length})[0] == 400


def test_a_full_disk_ends_no_training_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    def full(points: object) -> None:
        raise OSError("No space left on device")

    with served() as server:
        keep, server.tracker._keep = server.tracker._keep, full
        for _ in range(2):
            server.post("runs/log-metric", **METRIC)
        server.tracker._keep = keep
        server.post("runs/log-metric", **METRIC)
        assert server.points == [POINT]
    assert [record.message for record in caplog.records] == [
        "metrics are lost, as they cannot be kept: No space left on device"
    ]


TRIED_AGAIN = {408, 429, 500, 502, 503, 504}
"""By MLflow's clients (mlflow.utils.request_utils), for minutes."""


def test_no_answer_makes_a_client_wait_and_try_again() -> None:
    assert not TRIED_AGAIN & set(STATUSES.values())


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3))
FIELDS = st.sampled_from(["run_id", "metrics", "params", "tags", "key", "value", "datasets", "start_time", "filter"])


@pytest.fixture(scope="module")
def one() -> Any:
    with served() as server:
        yield server


@settings(deadline=None)
@given(path=st.sampled_from(["runs/create", "runs/log-batch", "runs/search", "logged-models"]), data=st.data())
def test_no_body_is_an_error_of_the_servers_own(one: Served, path: str, data: st.DataObject) -> None:
    body = {"run_id": RUN, **data.draw(st.dictionaries(FIELDS, JSON, max_size=4))}
    assert one.ask("POST", API + path, body)[0] in (200, 400, 404)


def test_a_path_is_shown_without_what_a_terminal_obeys() -> None:
    with pytest.raises(Refused) as refused:
        find_route("GET", "/\x1b[2J")
    assert str(refused.value).isprintable()
