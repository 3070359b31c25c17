"""The compiler's verbs: what stands on stdout and stderr, and the exit codes of manifest.md."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from obstore.exceptions import GenericError

from tfinfra.cli import main as edge
from tfinfra.cli.main import VERBS, main
from tfinfra.cli.output import render_diagnostics
from tfinfra.errors import Diagnostic, Position, Severity


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "digits.yaml").write_text("entry_script: train.py\n")
    (tmp_path / "wrong.yaml").write_text("entry_script: train.py\nworker_cout: 2\n")
    return tmp_path


def test_a_diagnostic_looks_as_the_manifests_contract_shows() -> None:
    position = Position("train.yaml", 9, 1, 11, "worker_cout: 2")
    found = Diagnostic(
        "TFI203", Severity.ERROR, "unknown key 'worker_cout'", "worker_cout", position, "did you mean 'worker_count'?"
    )
    assert render_diagnostics([found], color=False) == (
        "error[TFI203]: unknown key 'worker_cout'\n"
        "  --> train.yaml:9:1\n"
        "  |\n"
        "9 | worker_cout: 2\n"
        "  | ^^^^^^^^^^^ did you mean 'worker_count'?"
    )


def test_control_characters_do_not_reach_the_terminal() -> None:
    position = Position("t.yaml", 1, 1, 1, "a: \x1b[31m")
    found = Diagnostic("TFI104", Severity.ERROR, "x\x1b[2J", "", position, None)
    assert "\x1b" not in render_diagnostics([found], color=False)


EXITS = {
    "a good manifest": (["validate", "digits.yaml"], 0),
    "a wrong one": (["validate", "wrong.yaml"], 3),
    "one that is not there": (["validate", "nowhere.yaml"], 3),
    "a folder": (["validate", "."], 3),
    "an unknown verb": (["validat", "digits.yaml"], 2),
    "an unknown flag": (["validate", "--jsn", "digits.yaml"], 2),
    "no manifest": (["validate"], 2),
    "help": (["--help"], 0),
    "a verb's help": (["plan", "--help"], 0),
    "the version": (["--version"], 0),
    "an unknown target": (["validate", "digits.yaml", "--target", "nowhere"], 3),
    "check before compile": (["compile", "--check", "digits.yaml"], 11),
    "an unknown code": (["explain", "TFI999"], 2),
    "a code": (["explain", "tfi203"], 0),
    "all codes": (["explain"], 0),
    "init over a file": (["init", "."], 2),
}


@pytest.mark.parametrize("sentence", EXITS)
def test_exit_codes(sentence: str) -> None:
    arguments, code = EXITS[sentence]
    assert main(arguments) == code


def test_json_is_the_only_thing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "wrong.yaml", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 3
    assert [(d["code"], d["severity"], d["position"]["line"]) for d in document["diagnostics"]] == [
        ("TFI203", "error", 2)
    ]
    assert main(["plan", "digits.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["placement"] == [
        {"task": "main-0", "node": 0, "port": 2222, "gpus": None}
    ]


def test_compile_writes_the_folder_and_check_finds_an_edit(folder: Path) -> None:
    assert main(["compile", "digits.yaml"]) == 0
    assert main(["compile", "--check", "digits.yaml"]) == 0
    (folder / "deploy/digits/plan.json").write_text("{}")
    assert main(["compile", "--check", "digits.yaml"]) == 11


def test_check_tells_of_a_folder_that_is_not_there_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "--check", "digits.yaml"]) == 11
    told = "error: deploy/digits is not compiled yet\n  hint: `tfinfra compile` writes it\n"
    assert capsys.readouterr().err == told


def test_init_writes_a_manifest_that_is_valid() -> None:
    assert main(["init", "new"]) == 0
    assert main(["validate", "new/train.yaml"]) == 0


def test_plan_shows_tasks_ports_and_price(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "digits.yaml"]) == 0
    shown = capsys.readouterr().out
    for piece in (
        "main-0  node 0  port 2222",
        "1 x Standard_D8s_v5",
        "list prices in eastus of 2026-06-18",
        "TensorFlow 2.15.1 (CPU build), Python 3.11",
        "Flexible scale set",
        "1 d after",
    ):
        assert piece in shown


def test_plan_shows_the_price_up_to_the_limits_and_what_none_holds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capped = "vm_size: Standard_D8s_v5\nlimits: {max_cost_usd: 10}\n"
    (folder / "capped.yaml").write_text(f"entry_script: train.py\n{capped}")
    assert main(["plan", "capped.yaml"]) == 0
    shown = capsys.readouterr().out
    for piece in (
        "not capped by any limit of time (limits.max_cost_usd holds 1.00 back",
        "what max_cost_usd of 10.00 allows",
        "expected: about ",
        "; at most 9.00 USD, bytes and calls aside: up to the limits, 30 min for the deletion, in the dearest place",
    ):
        assert piece in shown
    assert main(["plan", "capped.yaml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["limit"], document["max_cost_usd"]) == ("max_cost_usd", 10.0)
    assert document["usd_at_most"] == pytest.approx(
        sum(line["usd_up_to_limits"] for line in document["prices"]), abs=0.01
    )
    # what is left of nine tenths after 30 minutes of everything
    assert document["usd_at_most"] == pytest.approx(9.0 - document["usd_per_hour"] / 2, abs=0.01)
    assert any(rate["per"] == "GB" for rate in document["not_capped"])
    assert document["usd_most"] == pytest.approx(9.0, abs=0.01)
    assert document["expected"]["usd"] > document["expected"]["usage_usd"]
    assert document["expected"]["seconds"] == sum(phase["seconds"] for phase in document["expected"]["phases"])


def test_an_internal_error_is_one_line_and_a_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr(edge.cli, "main", fail)
    assert main(["validate", "digits.yaml"]) == 1
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    (report,) = (folder / "state/reports").iterdir()
    assert str(report) in printed
    assert "ZeroDivisionError" in report.read_text()


UNREAD = {
    "a long document": (["schema"], 0),
    "a short one": (["explain", "TFI601", "--json"], 0),
    "a short text": (["explain", "TFI601"], 0),
    "an error's document": (["validate", "nothing.yaml", "--json"], 3),
    "a misuse's document": (["validate", "--json"], 2),
}


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("verb", "code"), UNREAD.values(), ids=UNREAD)
def test_a_reader_that_has_gone_changes_no_exit_code(verb: list[str], code: int, unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "tfinfra.cli.main", *verb],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.returncode == code
    assert "Broken pipe" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_connection_that_breaks_is_not_a_reader_that_has_gone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("tfinfra.cli.authoring.validate.command.callback", fail)
    assert main(["validate", "digits.yaml"]) == 1
    assert "error: tfinfra itself failed" in capfd.readouterr().err


def test_a_store_that_goes_away_under_a_verb_is_no_internal_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise GenericError("no route\nDebug source: pages of it")

    monkeypatch.setattr(edge.cli, "main", fail)
    assert main(["fetch", "digits"]) == 6
    printed = capsys.readouterr().err
    assert printed.startswith("error: the run's store does not answer: no route\n")
    assert "pages of it" not in printed
    assert not (folder / "state/reports").exists()


def test_a_misused_verb_gives_its_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], document["error"]) == (2, "`tfinfra validate` lacks its MANIFEST")


def test_every_verb_of_the_table_is_there_and_has_a_json_flag() -> None:
    for name in VERBS:
        command = edge.cli.get_command(click.Context(edge.cli), name)
        assert command is not None
        parts = command.commands.values() if isinstance(command, click.Group) else (command,)
        assert all(any("--json" in option.opts for option in part.params) for part in parts), name


def test_a_plan_shows_the_guardrails_that_it_keeps_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "guardrails.yaml").write_text("allow: {max_nodes: 4}\n")
    (folder / "job.yaml").write_text("# the job's own\nallow:\n  max_run_duration: 2d\n")
    arguments = ["plan", "digits.yaml", "--guardrails", "job.yaml", "--allow", "TFI443"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out.partition("guardrails, all of them kept\n")[2].splitlines()
    assert shown == [
        "  allow.max_run_duration  2d  (job.yaml:3)",
        f"  allow.max_nodes         4  ({folder / 'config' / 'guardrails.yaml'}:1)",
    ]
    assert main([*arguments, "--json"]) == 0
    (first, second) = json.loads(capsys.readouterr().out)["guardrails"]
    assert first == {"name": "allow.max_run_duration", "value": "2d", "file": "job.yaml", "line": 3}
    assert second["name"] == "allow.max_nodes"


def test_a_breach_ends_every_verb_before_anything_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "job.yaml").write_text("allow: {max_run_duration: 1h}\n")
    for verb in ("validate", "compile", "plan", "up"):
        assert main([verb, "digits.yaml", "--guardrails", "job.yaml"]) == 3
        assert "guardrail allow.max_run_duration is 1h (job.yaml:1)" in capsys.readouterr().err
    assert not (folder / "deploy").exists()
