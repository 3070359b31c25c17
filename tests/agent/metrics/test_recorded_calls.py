"""What MLflow's real clients 2.22 and 3.17 call, as a proxy before a real server recorded it: each kind of call once,
with ids taken out. test_clients.py runs the clients themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.agent.metrics.tracking import API, RUN, Served, served
from tfinfra.agent.metrics import routes

CALLS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))


def called(call: dict[str, Any]) -> str:
    return f"{call['client']} {call['method']} {call['path'].removeprefix(API).partition('?')[0]}"


def replay(server: Served, call: dict[str, Any], model: str) -> tuple[int, Any]:
    text = json.dumps([call["path"], call["body"]]).replace("<run>", RUN).replace("<model>", model)
    path, body = json.loads(text)
    return server.ask(call["method"], path, body)


@pytest.mark.parametrize("call", CALLS, ids=map(called, CALLS))
def test_a_recorded_call_is_answered_and_its_points_are_kept(call: dict[str, Any]) -> None:
    with served() as server:
        model = server.post("logged-models", name="model")["model"]["info"]["model_id"]
        status, answer = replay(server, call, model)
        assert (status, "error_code" in answer) == (200, False)
        sent = (call["body"] or {}).get("metrics") or [call["body"]] * call["path"].endswith("log-metric")
        kept = [(point.task, point.name, point.step, round(point.time * 1000), point.run) for point in server.points]
        assert kept == [("rank-0", each["key"], each["step"], each["timestamp"], "") for each in sent]


def test_no_route_is_there_that_no_client_calls() -> None:
    seen = {(call["method"], re.sub("<model>/?", "<model>/", call["path"].partition("?")[0])) for call in CALLS}
    plain = {(method, API + path) for method, path in routes._ROUTES}
    models = {(method, f"{API}logged-models/<model>/{rest}") for method, rest in routes._OF_MODELS}
    more = {("POST", f"{API}logged-models"), ("POST", f"{API}logged-models/search")}
    assert seen == plain | models | more
