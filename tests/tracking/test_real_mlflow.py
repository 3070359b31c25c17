"""What MLflow itself makes of a run's points: its server, and its client on a file of SQLite."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from math import inf, nan
from pathlib import Path

import pytest

from tests.locked_tools import locked_tools
from tfinfra.lifecycle.metrics.replay import mlflow_client
from tfinfra.lifecycle.metrics.replay.mlflow_client import MlflowClient
from tfinfra.model import Logged, Point, Remark
from tfinfra.system.process.inherited_variables import plain_environment
from tfinfra.tracking.sending import Sender, Tracker
from tfinfra.tracking.server import TrackingServer

LOGGED: list[Logged] = [
    *(Remark("main-0", "parameter", f"p{n}", "x" * (7000 if n == 0 else 20), 1.7e9) for n in range(150)),
    Remark("main-0", "tag", "mlflow.runName", "fold-1", 1.7e9, "ab12"),
    Remark("main-0", "tag", "stage", "né\n", 1.7e9, "ab12"),
    Remark("rank-1", "parameter", "lr:é", "", 1.7e9),
]
LOGGED += [Point("main-0", "loss", value, step, 1.7e9 + step) for step, value in enumerate((0.9, nan, inf, 0.1))]
LOGGED += [Point("rank-1", "a:b/é", 1.0, -3, 1.7e9), Point("main-0", "acc", 0.5, 0, 1.7e9, "ab12")]


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """MLflow's own server on folder/x.db."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    python = locked_tools("mlflow-server") / "python"
    command: list[str | Path] = [python, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///x.db"],
        cwd=folder,
        env={**plain_environment(os.environ), "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def send(tracker: Tracker, status: str) -> None:
    sender = Sender(tracker, "digits", "digits-abc123", "main-0", lambda task: False)
    sender.send(LOGGED)
    sender.end(status, 1.7e9 + 9)


def test_points_are_there_once_however_often_and_by_whichever_way_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_client, "_python", lambda _: locked_tools("mlflow-server") / "python")
    monkeypatch.chdir(tmp_path)
    with mlflow_server(tmp_path) as uri:
        send(TrackingServer(uri, None, 60.0), "FAILED")
    with MlflowClient("sqlite:///x.db", lambda _: None) as client:
        send(client, "FINISHED")
    with closing(sqlite3.connect(tmp_path / "x.db")) as there:
        runs = there.execute("select name, status from runs order by name").fetchall()
        metrics = there.execute("select key, value, step, is_nan from metrics order by key, step").fetchall()
        tags = dict(
            there.execute("select key, value from tags where key in ('tfinfra.run', 'stage') order by value").fetchall()
        )
        parameters = there.execute("select key, length(value) from params order by length(value)").fetchall()
    assert runs == [("digits-abc123", "FINISHED"), ("fold-1", "FINISHED")]
    assert (parameters[0], parameters[-1], len(parameters)) == (("rank-1/lr_é", 0), ("p0", 6000), 151)
    assert [row[0] for row in metrics] == ["acc", "loss", "loss", "loss", "loss", "rank-1/a_b/é"]
    assert [row[1] for row in metrics if row[0] == "loss" and not row[3]][::2] == [0.9, 0.1]
    assert [row[2] for row in metrics if row[3]] == [1]
    assert tags == {"tfinfra.run": "digits-abc123/ab12", "stage": "né\n"}
