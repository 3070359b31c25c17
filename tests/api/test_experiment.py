"""What an experiment submits, and how it tells what is wrong: in the words of Python, before anything is touched."""

from __future__ import annotations

import enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra import Experiment, Run, TensorFlow
from tfinfra.errors import ManifestError, NotFeasible, TfinfraError, UsageError
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.up.background_run import Submission
from tfinfra.system.paths import state_folder


class Thing:
    """A workspace, a cluster, a data reference: an object of Azure ML's SDK."""


class Restless:
    @property
    def name(self) -> str:
        raise RuntimeError


class Size(str, enum.Enum):
    SMALL = "Standard_D2s_v5"


WORKSPACE = Thing()
OBJECT: Any = Thing()
OBJECT_OF_GUARDRAILS: Any = {"allow": {"max_nodes": 1}}
NAMES: dict[str, Any] = {
    "the name alone": lambda: Experiment("digits"),
    "the name by name": lambda: Experiment(name="digits"),
    "both by position": lambda: Experiment(WORKSPACE, "digits"),
    "the workspace by position": lambda: Experiment(WORKSPACE, name="digits"),
    "both by name": lambda: Experiment(workspace=WORKSPACE, name="digits"),
    "the other order": lambda: Experiment("digits", OBJECT),
    "no workspace": lambda: Experiment(None, "digits"),
    "the name of a workspace": lambda: Experiment("the-workspace", "digits"),
}


@pytest.mark.parametrize("made", NAMES.values(), ids=NAMES.keys())
def test_an_experiment_takes_a_workspace_as_the_estimators_did(made: Any) -> None:
    assert made().name == "digits"


NO_NAMES: dict[str, Any] = {
    "nothing": Experiment,
    "a workspace alone": lambda: Experiment(WORKSPACE),
    "an object for the name": lambda: Experiment(WORKSPACE, name=OBJECT),
    "an empty text": lambda: Experiment(""),
}


@pytest.mark.parametrize("made", NO_NAMES.values(), ids=NO_NAMES.keys())
def test_an_experiment_without_a_name_is_refused(made: Any) -> None:
    with pytest.raises(UsageError, match="has a name") as raised:
        made()
    assert raised.value.hint == "write Experiment('digits')"


@pytest.mark.parametrize(
    ("experiment", "run"),
    {"tf-mnist": "tf-mnist", "Keras_MNIST": "keras-mnist", "2-digits": "digits", "a" * 36: "a" * 24}.items(),
)
def test_a_name_of_azure_mls_becomes_one_of_a_run(submissions: list[Submission], experiment: str, run: str) -> None:
    submitted = Experiment(WORKSPACE, experiment).submit(TensorFlow(entry_script="train.py"))
    assert submitted.id.rpartition("-")[0] == run
    assert submitted.experiment is not None and submitted.experiment.name == experiment
    assert submissions[0].name == run


def submitted(submissions: list[Submission], estimator: TensorFlow, **how: Any) -> dict[str, Any]:
    Experiment("digits").submit(estimator, **how)
    return dict(submissions[-1].arguments)


def test_what_is_submitted_is_plain(submissions: list[Submission], project: Path) -> None:
    (project / "data").mkdir()
    (project / "data" / "a").write_text("1")
    (project / "runs/digits-abc123/checkpoints/step-7").mkdir(parents=True)
    estimator = TensorFlow(
        Path(),
        SimpleNamespace(name="gpucluster"),
        entry_script=Path("train.py"),
        script_params={"--data": "${TFINFRA_INPUT_DATA}", "--tries": (1, 2)},
        inputs={"data": {"path": project / "data"}},
        resume_from=Run("digits-abc123"),
        use_docker=True,
        user_managed=False,
        custom_docker_image=None,
    )
    assert submitted(submissions, estimator) == {
        "source_directory": ".",
        "compute_target": "gpucluster",
        "entry_script": "train.py",
        "script_params": {"--data": "${TFINFRA_INPUT_DATA}", "--tries": [1, 2]},
        "inputs": {"data": {"path": str(project / "data")}},
        "resume_from": "digits-abc123",
        "use_docker": True,
        "user_managed": False,
    }


def test_tags_and_other_arguments_of_one_run(submissions: list[Submission]) -> None:
    estimator = TensorFlow(entry_script="train.py", script_params={"--a": 1, "--b": 2}, tags={"team": "vision"})
    once = submitted(submissions, estimator, tags={"trial": "3"}, script_params={"--b": 5}, vm_size=Size.SMALL)
    assert once["tags"] == {"team": "vision", "trial": "3"}
    assert once["script_params"] == {"--a": 1, "--b": 5}
    assert once["vm_size"] == "Standard_D2s_v5"
    assert submitted(submissions, estimator)["script_params"] == {"--a": 1, "--b": 2}
    run = Experiment("digits").submit(config=estimator, tags={"trial": "4"})
    assert run.get_tags() == {"team": "vision", "trial": "4"}


def test_a_target_of_the_submission_outranks_the_estimators(submissions: list[Submission]) -> None:
    estimator = TensorFlow(entry_script="train.py", compute_target="nowhere")
    assert submitted(submissions, estimator, target="gpucluster")["compute_target"] == "gpucluster"


class ScriptRunConfig:
    """As Azure ML's SDK has it."""


NO_ESTIMATORS: dict[str, tuple[Any, str]] = {
    "a configuration of a script": (ScriptRunConfig(), "write TensorFlow(source_directory=…"),
    "a manifest's file": ("train.yaml", "`tfinfra up`"),
    "a dict": ({"entry_script": "train.py"}, "write submit(TensorFlow("),
    "the class": (TensorFlow, "write submit(TensorFlow("),
}


@pytest.mark.parametrize(("config", "hint"), NO_ESTIMATORS.values(), ids=NO_ESTIMATORS.keys())
def test_what_is_no_estimator_is_not_submitted(config: Any, hint: str) -> None:
    with pytest.raises(UsageError, match="submit takes a TensorFlow estimator") as raised:
        Experiment("digits").submit(config)
    assert hint in str(raised.value.hint)
    assert ("not the class TensorFlow" in str(raised.value)) == (config is TensorFlow)


def test_a_kind_of_machine_that_there_is_not_is_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="machines is 'docker'"):
        Experiment("digits").submit(TensorFlow(entry_script="train.py"), machines="docker")


DATA = (
    "script_params['--data-folder'] is an object of type Thing, not a value (write text or a number; for data, "
    "write inputs={'data_folder': {'path': './data'}} and '${TFINFRA_INPUT_DATA_FOLDER}' here)"
)
REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an object for a flag's value": ({"script_params": {"--data-folder": Thing()}}, [DATA]),
    "a list of inputs": (
        {"inputs": [Thing()]},
        ["'inputs' is a list of objects, not a value", "write inputs={'data': {'path': './data'}}"],
    ),
    "an input that is its path": ({"inputs": {"data": Path("code")}}, ["(write {'path': './data'} or {'url': "]),
    "a module for a target": ({"compute_target": enum}, ["'compute_target' is an object of type module"]),
    "a member of an enum for a target": ({"compute_target": Size.SMALL}, ["no compute target 'Standard_D2s_v5'"]),
    "several things": (
        {"worker_count": 0, "vm_sise": "a"},
        ["'worker_count' is at least 1, not 0 (write 1 or more)\nunknown argument 'vm_sise' (did you mean 'vm_size'?)"],
    ),
    "a list of paths": ({"inputs": ["./data"]}, ["'inputs' is a list, not a dict (write inputs={'data': {"]),
    "a cluster without a name": (
        {"compute_target": Thing()},
        ["'compute_target' is an object of type ", "write 'local', a name of"],
    ),
    "a cluster whose name raises": (
        {"compute_target": Restless()},
        ["'compute_target' is an object of type ", "write 'local', a name of"],
    ),
    "a cluster that no target is": (
        {"compute_target": SimpleNamespace(name="gpu-cluster-2")},
        ["there is no compute target 'gpu-cluster-2' (did you mean 'gpucluster'?)"],
    ),
    "a training of several": (
        {"node_count": 2, "distributed_training": Thing()},
        ["write distributed_backend='mpi' with"],
    ),
    "a count without a backend": (
        {"node_count": 2},
        ["(write distributed_backend='mpi' or 'ps' or 'multi_worker')"],
    ),
    "a text for a list": ({"pip_packages": "numpy"}, ["(write ['numpy'])"]),
    "a limit at the top": (
        {"max_cost_usd": 3},
        ["unknown argument 'max_cost_usd' (it belongs under limits; write limits={'max_cost_usd': 3})"],
    ),
    "a limit that is none": (
        {"limits": {"max_cost_usd": "x"}},
        ["limits['max_cost_usd'] is the text 'x', not a number"],
    ),
    "a folder that is not there": ({"source_directory": "nowhere"}, ["relative to the current folder"]),
    "a target without a size": ({"compute_target": {"cloud": "azure"}}, ["for example vm_size='Standard_D8s_v5'"]),
    "a misspelt argument": ({"worker_cout": 2}, ["unknown argument 'worker_cout' (did you mean 'worker_count'?)"]),
    "a flag that is text": ({"use_gpu": "yes"}, ["not True or False", "(write True)"]),
    "a flag that is a number": ({"use_gpu": 1}, ["(write True)"]),
    "a count that is text": ({"node_count": "2"}, ["(write 2, a number)"]),
    "a script in a list": ({"entry_script": ["train.py"]}, ["(write 'train.py')"]),
    "a target in a list": ({"compute_target": ["gpucluster"]}, ["(write 'gpucluster')"]),
    "a duration that is none": ({"limits": {"max_run_duration": True}}, ["(write a duration, for example '24h')"]),
    "an end that is none": ({"on_failure": "restart"}, ["'delete' or {'hold': '30m'}"]),
    "a dict for a flag's value": ({"script_params": {"--a": {"b": 1}}}, ["json.dumps()"]),
    "a run that cannot be": ({"resume_from": "no such"}, ["'no such' is no run's id (write a run's id, as"]),
    "a folder that is an object": ({"source_directory": Thing()}, ["type Thing, not a value (write a path as text)"]),
    "a size that is an object": ({"compute_target": {"vm_size": Thing()}}, ["(write text, a number, True or False)"]),
    "Python's version as a number": ({"python_version": 3.10}, ["is the number 3.1, which", "as text: '3.10'"]),
    "TensorFlow's version as a number": ({"framework_version": 2.20}, ["is the number 2.2, which", "'2.20'"]),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_errors_speak_of_arguments(project: Path, arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ManifestError) as raised:
        Experiment("digits").submit(TensorFlow(**{"entry_script": "train.py", **arguments}))
    assert [word for word in words if word not in str(raised.value)] == []
    assert len(raised.value.diagnostics) == str(raised.value).count("\n") + 1
    assert not (project / "state/runs").exists()


def test_guardrails_hold_for_what_is_submitted(submissions: list[Submission], project: Path, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("allow: {max_nodes: 1, inline: false}\n")
    training = TensorFlow(entry_script="train.py", node_count=2, distributed_backend="mpi", vm_size="Standard_D8s_v5")
    with pytest.raises(ManifestError, match=r"node_count is 2, but guardrail allow\.max_nodes is 1 ") as error:
        Experiment("digits").submit(training, guardrails=tmp_path / "job.yaml")
    assert {found.code for found in error.value.diagnostics if found.is_error} == {"TFI446", "TFI451"}
    assert submissions == []
    Experiment("digits").submit(TensorFlow(entry_script="train.py"), guardrails=str(tmp_path / "job.yaml"))
    assert submissions[0].options.guardrails == tmp_path / "job.yaml"


def test_guardrails_that_are_no_path_are_refused(project: Path) -> None:
    with pytest.raises(UsageError, match="guardrails is an object of type dict"):
        Experiment("digits").submit(TensorFlow(entry_script="train.py"), guardrails=OBJECT_OF_GUARDRAILS)
    a_class: Any = Path
    with pytest.raises(UsageError, match="guardrails is the class Path, not a file's path"):
        Experiment("digits").submit(TensorFlow(entry_script="train.py"), guardrails=a_class)


def test_a_missing_script_is_told_without_a_line() -> None:
    with pytest.raises(ManifestError) as raised:
        Experiment("digits").submit(TensorFlow())
    assert str(raised.value) == "'entry_script' is missing (add entry_script=…)"


def test_an_error_of_the_script_is_told_with_its_place(project: Path) -> None:
    (project / "train.py").write_text("import tensorflow as tf\nprint(\n")
    with pytest.raises(ManifestError) as raised:
        Experiment("digits").submit(TensorFlow(entry_script="train.py"))
    assert "/train.py:2:" in str(raised.value)


def test_a_target_file_speaks_of_its_own_lines(project: Path) -> None:
    (project / "compute_targets.yaml").write_text("gpus: {cloud: azure, location: 3}\n")
    with pytest.raises(ManifestError) as raised:
        Experiment("digits").submit(TensorFlow(entry_script="train.py", compute_target="gpus"))
    assert "compute_targets.yaml:1:32: " in str(raised.value)


def test_what_is_not_feasible_is_told_in_full_too(project: Path) -> None:
    with pytest.raises(NotFeasible) as raised:
        Experiment("digits").submit(TensorFlow(entry_script="train.py", vm_size="STANDARD_NC6"))
    assert "vm_size" in str(raised.value)
    assert "use " in str(raised.value)


def test_runs_of_an_experiment_are_found_newest_first(project: Path) -> None:
    for run, name, started in (
        ("digits-aaaaaa", "digits", 1.0),
        ("digits-bbbbbb", "digits", 2.0),
        ("other-cccccc", "other", 3.0),
    ):
        record = a_record(run=run, name=name, phase="deleted", result="succeeded", times={"started": started})
        run_folder(state_folder(), run).write(record)
    Run("digits-aaaaaa").tag("best")
    experiment = Experiment("digits")
    assert [run.id for run in experiment.get_runs()] == ["digits-bbbbbb", "digits-aaaaaa"]
    assert [run.id for run in experiment.get_runs(tags="best")] == ["digits-aaaaaa"]
    assert list(Run.list(experiment, status="Failed")) == []
    assert [found.name for found in Experiment.list(WORKSPACE)] == ["digits", "other"]
    with pytest.raises(TfinfraError, match="no properties"):
        next(experiment.get_runs(properties={"a": "b"}))
