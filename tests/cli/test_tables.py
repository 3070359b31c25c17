"""Tables and long lines at any width, on a real terminal and in a pipe."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.terminals import ROOT, python, terminal
from tfinfra.cli.main import main

TABLE = """
from tfinfra.cli.tables import show_table
head = ("RUN", "STATE", "STARTED", "LEFT")
first = ("digits-abc123", "training (unwatched)", "2026-11-24T10:00Z", "compute, keep")
rows = [first, ("x-abc124", "deleted", "-", "-")]
show_table(head, rows, {"STATE": lambda cell: "red"})
"""
WORDS = {"digits-abc123", "training", "(unwatched)", "2026-11-24T10:00Z", "compute,", "keep", "x-abc124", "deleted"}


@pytest.mark.parametrize("columns", [200, 80, 60, 40, 20, 9])
def test_a_table_holds_all_at_any_width(columns: int) -> None:
    with terminal(python(TABLE), columns, 60) as here:
        assert here.ends() == 0
        assert all(len(line) <= columns for line in here.lines)
        together = "".join("".join(here.lines).split())
        if columns >= 80:
            assert len(here.lines) == 3
        if columns >= 20:
            assert all("".join(word.split()) in together for word in WORDS) or columns < 80


def test_a_narrow_terminal_has_a_paragraph_for_each_row() -> None:
    with terminal(python(TABLE), 40, 60) as here:
        assert here.ends() == 0
        assert here.lines[0].split() == ["RUN", "digits-abc123"]
        assert here.lines[1].split() == ["STATE", "training", "(unwatched)"]
        assert here.lines[4:6] == ["", "RUN     x-abc124"]


ROW = """
from tfinfra.cli.runs.list_runs import HEAD
from tfinfra.cli.tables import show_table
row = ("digits-horovod-crn6qa", "deleted", "succeeded", "2026-11-30T13:34Z", "1 min 56 s", "0.00", "-")
show_table(HEAD, [row], {}, {"STARTED": lambda cell: cell[5:].replace("T", " ")})
"""


@pytest.mark.parametrize(("columns", "told"), [(80, "11-30 13:34Z"), (90, "2026-11-30T13:34Z")])
def test_a_run_is_one_line_of_80_columns(columns: int, told: str) -> None:
    with terminal(python(ROW), columns, 10) as here:
        assert here.ends() == 0
        assert len(here.lines) == 2
        assert told in here.lines[1]


SPARE = """
from tfinfra.cli.tables import show_table
show_table(("SIZE", "GPUS", "USD/H", "REGION"), [("a" * 20, "b" * 10, "0.526", "eastus")], spare=("REGION", "GPUS"))
"""


@pytest.mark.parametrize(("columns", "told"), [(50, "a b 0.526 eastus"), (45, "a b 0.526"), (30, "a 0.526")])
def test_columns_that_may_be_spared_make_room_for_the_others(columns: int, told: str) -> None:
    with terminal(python(SPARE), columns, 10) as here:
        assert here.ends() == 0
        assert here.lines[1].replace("a" * 20, "a").replace("b" * 10, "b").split() == told.split()


def test_a_paragraph_spares_nothing() -> None:
    with terminal(python(SPARE), 20, 10) as here:
        assert here.ends() == 0
        assert {"GPUS", "REGION"} <= {line.split()[0] for line in here.lines}


@pytest.mark.parametrize("wrong", ["0", "abc", "-3", ""])
def test_a_width_that_is_none_is_not_believed(wrong: str) -> None:
    with terminal(python(TABLE), 80, 10, COLUMNS=wrong) as here:
        assert here.ends() == 0
        assert len(here.lines) == 3


def test_a_pipe_gets_each_row_as_one_line_without_colours() -> None:
    done = subprocess.run(
        python(TABLE), cwd=ROOT, env={"COLUMNS": "20", "PATH": "/usr/bin"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "RUN            STATE                 STARTED            LEFT",
        "digits-abc123  training (unwatched)  2026-11-24T10:00Z  compute, keep",
        "x-abc124       deleted               -                  -",
    ]


LINES = """
from tfinfra.cli.output import show
from tfinfra.cli.tables import Bold
show(Bold("resources"), "  keep     storage account with an NFS share: the tasks' :smile: [bold]directory[/bold]")
show("results: /" + "x" * 60)
"""


def test_a_long_line_goes_on_below_its_last_column() -> None:
    with terminal(python(LINES), 50, 20) as here:
        assert here.ends() == 0
        assert here.lines[:3] == [
            "resources",
            "  keep     storage account with an NFS share: the",
            "           tasks' :smile: [bold]directory[/bold]",
        ]
        assert "".join(here.lines[3:]).replace(" ", "") == "results:/" + "x" * 60
        assert b"\x1b[1mresources" in here.sent


def test_a_plan_fits_its_terminal() -> None:
    manifest = ROOT / "tests" / "golden" / "accepted-horovod" / "train.yaml"
    with terminal([sys.executable, "-m", "tfinfra", "plan", str(manifest)], 50, 100) as here:
        assert here.ends() == 0
        assert "  keep     resource group: lives until the\n           outputs are fetched" in "\n".join(here.lines)


REGIONS = {
    "a misspelt one": ("eastsu", "there is no region 'eastsu'", "did you mean 'eastus'?"),
    "one with blanks": ("West Europa", "there is no region 'West Europa'", "did you mean 'westeurope'?"),
    "one like none": ("nosuch", "there is no region 'nosuch'", "write it as Azure does: eastus, westeurope"),
}


@pytest.mark.parametrize("verb", ["sizes", "refresh"])
@pytest.mark.parametrize(("region", "message", "hint"), REGIONS.values(), ids=REGIONS)
def test_a_region_that_is_none_has_no_prices(
    verb: str, region: str, message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", verb, "--region", region]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {message}", f"  hint: {hint}"]


def test_a_region_may_be_written_as_the_portal_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "sizes", "--region", "West Europe"]) == 0
    assert "list prices in westeurope" in capsys.readouterr().out
