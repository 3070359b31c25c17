"""A run's points in another MLflow: as what they come, and what a server may answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracking.playing_server import Answer, Played, playing
from tfinfra.model import Point, Remark, RemarkKind
from tfinfra.tracking.on_the_way import others_can_read
from tfinfra.tracking.sending import MOST, Sender, TrackingError, fitting
from tfinfra.tracking.server import TrackingServer


@pytest.fixture
def server() -> Iterator[Played]:
    with playing() as played:
        yield played


def sender(server: Played, token: str | None = None) -> Sender:
    return Sender(
        TrackingServer(server.url, token, 5.0), "digits", "digits-abc123", "main-0", lambda task: task == "node-0"
    )


def point(task: str = "main-0", name: str = "loss", value: float = 0.5, step: int = 1, run: str = "") -> Point:
    return Point(task, name, value, step, 1000.5, run)


ON_THE_WAY = {
    "https": ("https://mlflow.example.com", False),
    "http": ("http://mlflow.example.com:5000/x", True),
    "a machine of the same network": ("http://10.0.0.4", True),
    "this machine by its name": ("http://localhost:5000", False),
    "this machine": ("http://127.0.0.1", False),
    "this machine by IPv6": ("http://[::1]:5000", False),
    "a name that begins like this machine's": ("http://localhost.example.com", True),
}


@pytest.mark.parametrize(("uri", "expected"), ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_who_can_read_a_token_on_its_way(uri: str, expected: bool) -> None:
    assert others_can_read(uri) == expected


COMES_AS = {
    "the leader's by its name": (point(), ("loss", 0.5, 1)),
    "another task's behind its task": (point("rank-1"), ("rank-1/loss", 0.5, 1)),
    "a node's own as a system metric": (point("node-0", "cpu"), ("system/node-0/cpu", 0.5, 1)),
    "what is no number by its name": (point(value=-math.inf), ("loss", "-Infinity", 1)),
    "a name with odd characters": (point(name="a:b|c"), ("a_b_c", 0.5, 1)),
}


@pytest.mark.parametrize(("logged", "metric"), COMES_AS.values(), ids=COMES_AS)
def test_a_point_comes(logged: Point, metric: tuple[str, float, int], server: Played) -> None:
    sender(server).send([logged])
    assert server.metrics() == [metric]


def test_a_run_is_made_once_in_the_experiment_of_its_name(server: Played) -> None:
    sending = sender(server, "s3cret")
    sending.send([point(step=step) for step in range(MOST + 1)])
    sending.end("FINISHED", 1009.0)
    routes = [route for route, _, _ in server.calls]
    made = ["experiments/get-by-name", "experiments/create", "runs/search", "runs/create"]
    assert routes == [*made, "runs/log-batch", "runs/log-batch", "runs/update"]
    assert server.calls[1][1] == {"name": "digits"}
    assert server.calls[3][1]["tags"] == [{"key": "tfinfra.run", "value": "digits-abc123"}]
    assert server.calls[-1][1] == {"run_id": "id-4", "status": "FINISHED", "end_time": 1009000}
    assert {token for _, _, token in server.calls} == {"Bearer s3cret"}
    assert sending.sent == MOST + 1


def test_a_further_run_is_one_below_the_runs_own(server: Played) -> None:
    sender(server).send([point(run="ab12")])
    own, further = [body["tags"] for route, body, _ in server.calls if route == "runs/create"]
    assert own == [{"key": "tfinfra.run", "value": "digits-abc123"}]
    assert further[1]["key"] == "mlflow.parentRunId"


def remark(name: str, text: str | None, task: str = "main-0", run: str = "", kind: RemarkKind = "tag") -> Remark:
    return Remark(task, kind, name, text, 1000.5, run)


def test_parameters_and_tags_come_with_the_names_of_their_tasks(server: Played) -> None:
    told = [remark("lr", "0.1", kind="parameter"), remark("stage", "a"), remark("lr", "2", "rank-1", kind="parameter")]
    sender(server).send([*told, remark("gone", None), point()])
    sent = [body for route, body, _ in server.calls if route == "runs/log-batch"]
    pairs = [{**row, "of": of} for body in sent for of in ("params", "tags") for row in body.get(of, ())]
    assert pairs == [
        {"key": "lr", "value": "0.1", "of": "params"},
        {"key": "stage", "value": "a", "of": "tags"},
        {"key": "rank-1/lr", "value": "2", "of": "params"},
    ]
    assert server.metrics() == [("loss", 0.5, 1)]


def test_a_further_run_has_its_own_name_there_and_lies_below_its_own_parent(server: Played) -> None:
    outer = [remark("mlflow.runName", "search", run="ab12"), remark("mlflow.parentRunId", "digits-abc123", run="ab12")]
    inner = [remark("mlflow.runName", "fold-1", run="cd34"), remark("mlflow.parentRunId", "ab12", run="cd34")]
    sender(server).send([point(), point(run="cd34"), *outer, *inner])
    made = [body for route, body, _ in server.calls if route == "runs/create"]
    names, parents = [body["run_name"] for body in made], [body["tags"][1:] for body in made]
    assert names == ["digits-abc123", "search", "fold-1"]
    ids = [f"id-{n + 1}" for n, (route, _, _) in enumerate(server.calls) if route == "runs/create"]
    assert [of[0]["value"] for of in parents[1:]] == ids[:2]


def test_more_remarks_than_mlflow_takes_at_once_come_in_pieces(server: Played) -> None:
    sender(server).send([remark(f"p{n}", "1", kind="parameter") for n in range(250)])
    assert [len(body["params"]) for route, body, _ in server.calls if route == "runs/log-batch"] == [100, 100, 50]


def test_a_parameter_that_the_server_finds_changed_is_told_and_costs_no_point(server: Played) -> None:
    server.first = {"runs/log-batch": [refusal("INVALID_PARAMETER_VALUE")]}
    sending = sender(server)
    sending.send([remark("lr", "0.2", kind="parameter"), point()])
    assert sending.left_out is not None
    assert "parameters and tags were left out" in sending.left_out
    assert sending.sent == 1


ANSWERS = {
    "it is overloaded": ((503, b"", {}), True, "503"),
    "too much at once": ((429, b"", {}), True, "429"),
    "it refuses": ((403, b'{"message": "no right\\nat all"}', {}), False, "403: no right at all"),
    "it leads elsewhere": ((302, b"", {"Location": "http://127.0.0.1:1/"}), False, "302"),
    "what stands before it answers in its place": ((404, b"<html>", {}), True, "404"),
    "what stands before it shows a page": ((200, b"<html>", {}), True, "no JSON"),
    "it has no such thing": ((404, b'{"error_code": "ENDPOINT_NOT_FOUND"}', {}), False, "404"),
    "it answers without an id": ((200, b"[]", {}), False, "no id"),
    "it nests without end": ((200, b"[" * 100_000, {}), True, "no JSON"),
}


@pytest.mark.parametrize(("answer", "away", "said"), ANSWERS.values(), ids=ANSWERS)
def test_a_server_that_does_not_take_points(
    answer: tuple[int, bytes, dict[str, str]], away: bool, said: str, server: Played
) -> None:
    server.answer = answer
    with pytest.raises(TrackingError, match=said) as caught:
        sender(server).send([point()])
    assert caught.value.away is away


def refusal(code: str) -> Answer:
    return 400, json.dumps({"error_code": code, "message": f"{code} it is"}).encode(), {}


def test_of_two_runs_that_make_an_experiment_together_both_send(server: Played) -> None:
    server.first = {
        "experiments/get-by-name": [None, (200, b'{"experiment": {"experiment_id": "7"}}', {})],
        "experiments/create": [refusal("RESOURCE_ALREADY_EXISTS")],
    }
    sender(server).send([point()])
    assert server.metrics() == [("loss", 0.5, 1)]
    assert next(body for route, body, _ in server.calls if route == "runs/create")["experiment_id"] == "7"


def test_an_experiment_that_can_neither_be_made_nor_found_is_the_servers_refusal(server: Played) -> None:
    server.first = {"experiments/create": [refusal("RESOURCE_ALREADY_EXISTS")]}
    with pytest.raises(TrackingError, match="RESOURCE_ALREADY_EXISTS it is"):
        sender(server).send([point()])


def test_points_that_the_server_finds_invalid_are_left_out_and_told_and_the_others_come(server: Played) -> None:
    server.first = {"runs/log-batch": [refusal("INVALID_PARAMETER_VALUE")]}
    sending = sender(server)
    sending.send([point(run="ab12"), point()])
    assert (len(server.metrics()), sending.sent) == (2, 1)
    assert sending.left_out is not None and "INVALID_PARAMETER_VALUE it is" in sending.left_out


@pytest.mark.parametrize("before", ["", "x" * 190], ids=["at the begin", "where the text is cut"])
def test_a_token_that_a_server_repeats_is_not_in_what_is_told(before: str, server: Played) -> None:
    server.answer = (401, json.dumps({"message": f"{before} Bearer s3cret-t0ken is bad"}).encode(), {})
    with pytest.raises(TrackingError) as caught:
        sender(server, "s3cret-t0ken").send([point()])
    assert "401" in str(caught.value) and "s3c" not in str(caught.value)


def test_a_server_that_is_not_there_may_come_back() -> None:
    with playing() as gone:
        pass
    with pytest.raises(TrackingError, match="does not answer") as caught:
        sender(gone).send([point()])
    assert caught.value.away


@pytest.mark.parametrize("token", ["s3cret\n", "€"])
def test_a_token_that_no_header_can_have_is_said_and_not_shown(token: str, server: Played) -> None:
    with pytest.raises(TrackingError, match="no HTTP header") as caught:
        sender(server, token).send([point()])
    assert token.strip() not in str(caught.value)
    assert server.calls == []


@given(st.text(max_size=300))
def test_a_name_is_one_that_every_mlflow_takes(name: str) -> None:
    fit = fitting(name)
    assert 0 < len(fit) <= 250
    assert all(letter.isalnum() or letter in "_-. /" for letter in fit if letter.isascii())
    assert not fit.startswith("/") and "//" not in fit and ".." not in fit.split("/")
