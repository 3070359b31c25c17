"""The estimator's own lines, and a Run as a view on what its process leaves on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lifecycle.fakes import World, preflighted
from tests.lifecycle.record.test_record import a_record
from tfinfra import Experiment, Run, TensorFlow
from tfinfra.errors import Diagnostic, ManifestError, NotFeasible, Result, Severity, TfinfraError, UsageError
from tfinfra.lifecycle.data.caller_secrets import withheld
from tfinfra.lifecycle.end.ending import RunResult
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import RunPhase, run_folder
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up import background_run
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder

RUN = "digits-abc123"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_what_was_given_is_an_argument() -> None:
    estimator = TensorFlow("./src", entry_script="train.py", node_count=2, distributed_backend="mpi")
    assert estimator.arguments == {
        "source_directory": "./src",
        "entry_script": "train.py",
        "node_count": 2,
        "distributed_backend": "mpi",
    }


@pytest.mark.parametrize(
    "experiment", [Experiment("digits"), Experiment(object(), "digits"), Experiment(workspace=object(), name="digits")]
)
def test_an_experiment_takes_a_workspace_as_the_estimators_did(experiment: Experiment) -> None:
    assert experiment.name == "digits"


STATUSES = {
    "nothing is written yet and its process lives": (None, "Preparing"),
    "provisioning": ({"phase": "provisioning"}, "Provisioning"),
    "training": ({"phase": "running"}, "Running"),
    "deleting": ({"phase": "ended"}, "Finalizing"),
    "ended well": ({"phase": "deleted", "result": "succeeded"}, "Completed"),
    "cancelled": ({"phase": "deleted", "result": "cancelled"}, "Canceled"),
    "failed": ({"phase": "deleted", "result": "failed"}, "Failed"),
    "not all deleted": ({"phase": "incomplete", "result": "succeeded"}, "Completed"),
}


@pytest.mark.parametrize(("record", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_statuses_are_the_estimators(record: dict[str, str] | None, status: str) -> None:
    if record is not None:
        run_folder(state_folder(), "digits-abc123").write(a_record(**record))
    assert Run("digits-abc123")._driven_by(this_process()).get_status() == status


def test_waiting_raises_what_ended_the_run(state: Path) -> None:
    results = state / "runs" / "digits-abc123"
    results.mkdir(parents=True)
    document = {"result": "failed", "exit_code": 7, "message": "rank-1 ended with exit status 7"}
    (results / "run.json").write_text(json.dumps(document))
    record = a_record(phase="deleted", result="failed", results=str(results))
    run_folder(state_folder(), "digits-abc123").write(record)
    run = Run("digits-abc123")
    with pytest.raises(TfinfraError, match="rank-1") as raised:
        run.wait_for_completion()
    assert raised.value.exit_code == 7
    assert run.wait_for_completion(raise_on_error=False)["result"] == "failed"


def test_a_run_that_was_not_even_compiled_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> RunResult:
        raise ManifestError("no such script", "name another")

    run = submit(tmp_path, monkeypatch, refuse)
    assert run_folder(state_folder(), run.id).read() is None
    assert run.get_status() == "Failed"
    with pytest.raises(ManifestError, match="no such script") as raised:
        run.wait_for_completion()
    assert raised.value.hint == "name another"


def test_a_run_that_the_preflight_refuses_says_all_that_speaks_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        Diagnostic("TFI601", Severity.ERROR, "8 cores are left", "vm_size", hint="take a smaller one"),
        Diagnostic("TFI603", Severity.ERROR, "there is no such size in eastus", "location", hint="try westus"),
    ]
    world = preflighted(World(tmp_path), monkeypatch, *found)
    run = submit(tmp_path, monkeypatch, lambda *given: world.new_run().go())
    with pytest.raises(NotFeasible) as raised:
        run.wait_for_completion()
    assert raised.value.hint == "take a smaller one"
    assert str(raised.value).splitlines() == [
        "vm_size: 8 cores are left (take a smaller one)",
        "location: there is no such size in eastus (try westus)",
    ]
    assert (run.get_status(), run.get_details()["phase"], world.deleted) == ("Failed", "deleted", [])


def test_a_fault_of_tfinfra_itself_is_named_so_and_keeps_the_callers_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TOKEN", "a-token-of-mine")
    world = World(tmp_path, faults={"lock": KeyError("a-token-of-mine")})

    def launched(*given: object) -> RunResult:
        with withheld({"secrets": ["HUB_TOKEN"]}):
            return world.new_run().go()

    with pytest.raises(TfinfraError) as raised:
        submit(tmp_path, monkeypatch, launched).wait_for_completion()
    assert str(raised.value) == "tfinfra itself failed: KeyError: '***'"
    folder = run_folder(state_folder(), RUN).path
    written = "".join((folder / name).read_text() for name in ("run.json", "failure.json", "events.jsonl"))
    assert "a-token-of-mine" not in written + "".join(world.observer.lines)


def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launched: Callable[..., RunResult]) -> Run:
    """A run whose driving process is played by this one, with `launched` in the place of all that it drives."""
    request = run_folder(state_folder(), RUN).path / "request.json"
    make_private(request.parent)
    background_run.Submission({}, "digits", UpOptions(tmp_path, letters="abc123")).write(request)
    monkeypatch.setattr(background_run, "launch", launched)
    assert background_run.main(request) != 0
    return Run(RUN)


def test_details_hold_nothing_but_what_json_has(state: Path) -> None:
    run_folder(state_folder(), RUN).write(a_record(phase=RunPhase.DELETED, result=Result.FAILED, results=str(state)))
    (state / "run.json").write_text('{"result": "failed"}')
    details = Run(RUN).get_details()
    assert repr(details) == repr(json.loads(json.dumps(details)))
    assert {type(details[name]) for name in ("phase", "result")} == {str}


def test_output_is_shown_to_its_end(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    folder = run_folder(state_folder(), "digits-abc123")
    folder.write(a_record(phase="deleted", result="succeeded", results=str(state)))
    (state / "run.json").write_text('{"result": "succeeded", "exit_code": 0}')
    folder.client_log.write_text("test accuracy: 0.97\n")
    Run("digits-abc123").wait_for_completion(show_output=True)
    assert capsys.readouterr().out == "test accuracy: 0.97\n"


def test_a_text_that_is_no_run_id_is_refused() -> None:
    with pytest.raises(UsageError):
        Run("../../etc")


def test_a_run_to_resume_from_that_left_nothing_is_named_before_anything_is_touched(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "runs/digits-abc123/checkpoints").mkdir(parents=True)
    estimator = TensorFlow(entry_script="train.py", resume_from=Run("digits-abc123"))
    with pytest.raises(ManifestError, match="there are no checkpoints of a run 'digits-abc123'"):
        Experiment("digits").submit(estimator)
    assert not (tmp_path / "state/runs").exists()


def test_a_secret_that_is_not_set_is_named_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_TOKEN", raising=False)
    (tmp_path / "train.py").write_text("print(1)")
    (tmp_path / "data.csv").write_text("1")
    estimator = TensorFlow(entry_script="train.py", secrets=["HUB_TOKEN"], inputs={"data": {"path": "data.csv"}})
    with pytest.raises(ManifestError, match="HUB_TOKEN is not set"):
        Experiment("digits").submit(estimator)
    assert not (tmp_path / "state/runs").exists()
