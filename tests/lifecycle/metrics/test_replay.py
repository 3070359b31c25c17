"""`tfinfra metrics RUN --to URL`: what is a place for metrics, and what it did not take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.rich_run import failed_run
from tests.lifecycle.attach.test_resume import RUN
from tests.tracking.playing_server import playing
from tfinfra.cli.main import main


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    failed_run(tmp_path)


def test_all_points_of_a_run_come_to_a_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret")
    with playing() as server:
        assert main(["metrics", RUN, "--to", server.url]) == 0
    assert server.metrics() == [("loss", 0.5, 0), ("loss", "NaN", 1), ("loss", 0.25, 0)]
    assert {token for _, _, token in server.calls} == {"Bearer s3cret"}
    assert [body["status"] for route, body, _ in server.calls if route == "runs/update"] == ["FAILED", "FAILED"]
    assert capsys.readouterr().out == f"3 points of {RUN} sent to {server.url}\n"


CHOSEN = {
    "one metric": (("--metric", "loss"), {"loss"}),
    "all, the nodes' figures too": ((), {"loss", "system/node-0/cpu_percent"}),
    "a node": (("--task", "node-0"), {"system/node-0/cpu_percent"}),
}


@pytest.mark.parametrize(("options", "names"), CHOSEN.values(), ids=CHOSEN)
def test_what_is_chosen_comes_and_nothing_else(options: tuple[str, ...], names: set[str], tmp_path: Path) -> None:
    (points,) = tmp_path.glob("**/metrics")
    (points / "node-0.jsonl").write_text('{"name": "cpu_percent", "value": 5.0, "step": 0, "time": 1000.0}\n')
    with playing() as server:
        assert main(["metrics", RUN, *options, "--to", server.url]) == 0
    assert {name for name, _, _ in server.metrics()} == names


def test_a_server_that_is_away_is_not_feasible(capsys: pytest.CaptureFixture[str]) -> None:
    with playing() as gone:
        pass
    assert main(["metrics", RUN, "--to", gone.url]) == 4
    assert "goes on later" in capsys.readouterr().err


NO_PLACES = {
    "a name": ("mlruns", "no place for metrics"),
    "SQLite without a file": ("sqlite:///", "no place for metrics"),
    "another database": ("postgresql://host/x", "no place for metrics"),
    "a password in the URL": ("https://me:pw@mlflow.example.com", "holds a password"),
}


@pytest.mark.parametrize(("uri", "said"), NO_PLACES.values(), ids=NO_PLACES)
def test_what_is_no_place_for_metrics_is_a_fault_of_usage(
    uri: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", RUN, "--to", uri]) == 2
    assert said in capsys.readouterr().err


def test_a_token_is_not_sent_where_others_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret")
    assert main(["metrics", RUN, "--to", "http://mlflow.example.com"]) == 2
