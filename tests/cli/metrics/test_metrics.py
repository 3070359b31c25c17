"""`tfinfra metrics` as table, CSV and plot, of a run whose files are at home."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.documents.rich_run import failed_run
from tests.lifecycle.attach.test_resume import RUN
from tfinfra.cli.main import main
from tfinfra.model import Point, Remark
from tfinfra.store import chunk_of


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    failed_run(tmp_path)
    return tmp_path / "results"


def test_a_table_has_the_last_value_of_each(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", RUN]) == 0
    head, own, further, *parameters = capsys.readouterr().out.splitlines()
    assert head.split() == ["METRIC", "TASK", "POINTS", "STEP", "LAST", "LEAST", "MOST"]
    assert own.split() == ["loss", "rank-0", "2", "1", "nan", "0.5", "0.5"]
    assert further.split() == ["loss", "(MLflow", "run", "fold-1)", "rank-0", "1", "0", "0.25", "0.25", "0.25"]
    assert [line.split() for line in parameters] == [[], ["PARAMETER", "VALUE"], ["lr", "0.1"]]


def test_csv_has_every_point_as_it_was(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = Point("rank-0", 'a,"b" é', 0.1 + 0.2, -3, 1012.125)
    (results / "metrics/rank-0.jsonl").write_bytes(chunk_of([odd]))
    assert main(["metrics", RUN, "--csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["task", "name", "step", "value", "time", "run"]
    assert [rows[1][0], rows[1][1], int(rows[1][2]), float(rows[1][3]), float(rows[1][4]), rows[1][5]] == [
        *("rank-0", odd.name, -3, 0.1 + 0.2, 1012.125, "")
    ]


def test_a_plot_names_what_it_shows_and_fits(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = [Point("rank-0", f"metric {n}", float(n + i), i, 1.0) for n in range(10) for i in range(3)]
    (results / "metrics/rank-0.jsonl").write_bytes(chunk_of(metrics))
    assert main(["metrics", RUN, "--plot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "metric 0  rank-0  3 points, last 2"
    assert lines[-1] == "and 2 more: --metric NAME and --task TASK choose"


def test_a_metric_that_is_chosen(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", RUN, "--metric", "loss", "--task", "rank-0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3  # and no parameters


UNKNOWN = {
    "a metric": (("--metric", "gone"), "has logged no metric 'gone'", "there is: loss"),
    "a metric beside one that is there": (("--metric", "gone", "--metric", "loss"), "no metric 'gone'", "loss"),
    "a task": (("--task", "rank-9"), "has no metrics of a task 'rank-9'", "there is: rank-0"),
    "a metric in CSV": (("--csv", "--metric", "gone"), "has logged no metric 'gone'", "there is: loss"),
    "a metric to send": (("--to", "http://127.0.0.1:9", "--metric", "gone"), "has logged no metric 'gone'", "loss"),
}


@pytest.mark.parametrize(("chosen", "said", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_was_never_logged_is_told_with_what_there_is(
    chosen: tuple[str, ...], said: str, hint: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", RUN, *chosen]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert hint in err


def test_a_long_parameter_is_cut_and_a_plot_names_a_further_run(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (results / "metrics/rank-0.jsonl").open("ab") as file:
        file.write(chunk_of([Remark("rank-0", "parameter", "layers", "[1,\n2]" * 30, 1.0)]))
    assert main(["metrics", RUN]) == 0
    layers = capsys.readouterr().out.splitlines()[-1]
    assert layers.startswith("layers") and layers.endswith("…") and len(layers) < 80
    assert main(["metrics", RUN, "--plot"]) == 0
    assert "loss (MLflow run fold-1)  rank-0" in capsys.readouterr().out


def test_lines_that_are_no_points_are_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (results / "metrics/rank-0.jsonl").open("ab") as file:
        file.write(b'{"name":"loss","value":0.***}\n')
    assert main(["metrics", RUN, "--json"]) == 0
    assert "warning: no point, and not shown: 1 line of rank-0's metrics\n" in capsys.readouterr().err


def test_two_forms_at_once_are_refused(results: Path) -> None:
    assert main(["metrics", RUN, "--csv", "--json"]) == 2
