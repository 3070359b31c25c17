"""The seven notebooks on TensorFlow and Horovod that taught the estimator, by their shape and with values of our own.

Only the import is another one, as far as that is possible. `workspace` and `cluster` are objects of Azure ML's SDK, as
their programs still have them; what has to be written anew is said by the error that the old line gives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.record.test_record import a_record
from tfinfra import (
    BanditPolicy,
    Experiment,
    HyperDriveConfig,
    PrimaryMetricGoal,
    RandomParameterSampling,
    Run,
    TensorFlow,
    choice,
    loguniform,
)
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.up.background_run import Submission
from tfinfra.model import Point
from tfinfra.store import chunk_of
from tfinfra.system.paths import state_folder

HOROVOD = "import horovod.tensorflow as hvd\nhvd.init()\n"
PARAMETER_SERVER = "import tensorflow as tf\ntf.train.ClusterSpec({})\n"


class Workspace:
    def get_default_datastore(self) -> Datastore:
        return Datastore()


class Datastore:
    def as_mount(self) -> DataReference:
        return DataReference()

    path = as_named_input = lambda self, *names: DataReference()


class DataReference:
    def as_mount(self) -> DataReference:
        return self

    def __str__(self) -> str:
        return "$AZUREML_DATAREFERENCE_mnist"


class Cluster:
    name = "gpucluster"


class Mpi:
    process_count_per_node = 4


class ParameterServer:
    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1) -> None:
        self.worker_count, self.parameter_server_count = worker_count, parameter_server_count


workspace: Any = Workspace()
cluster: Any = Cluster()
datastore = workspace.get_default_datastore()


@pytest.fixture(autouse=True)
def scripts(project: Path) -> None:
    (project / "compute_targets.yaml").write_text("gpucluster: {cloud: azure, vm_size: Standard_NC4as_T4_v3}\n")
    for name, text in {"plain.py": "print(1)\n", "hvd.py": HOROVOD, "replica.py": PARAMETER_SERVER}.items():
        (project / "code").mkdir(exist_ok=True)
        (project / "code" / name).write_text(text)
    (project / "data").mkdir()
    (project / "data" / "images.gz").write_bytes(b"1")


def end(run: Run, **files: str) -> None:
    """What a run that succeeded leaves behind: its record, and its files by their names."""
    results = Path.cwd() / "runs" / run.id
    document = json.dumps({"run": run.id, "result": "succeeded", "exit_code": 0})
    for name, text in {"run.json": document, "tasks/main-0.log": "done\n", **files}.items():
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text(text)
    record = a_record(run=run.id, phase="deleted", result="succeeded", results=str(results), fetched=True)
    run_folder(state_folder(), run.id).write(record)


def refusal(estimator: TensorFlow) -> str:
    with pytest.raises(ManifestError) as raised:
        Experiment(workspace, name="digits").submit(estimator)
    return str(raised.value)


def imported(name: str) -> str:
    with pytest.raises(ImportError) as raised:
        exec(f"from tfinfra import {name}", {})
    return str(raised.value)


def test_how_to_use_the_estimator(submissions: list[Submission]) -> None:
    exp = Experiment(workspace=workspace, name="estimator-test")
    assert "write TensorFlow(" in imported("Estimator")
    est = TensorFlow(source_directory="code", compute_target="local", entry_script="plain.py", use_docker=False)
    exp.submit(est)
    est = TensorFlow(source_directory="code", compute_target=cluster, entry_script="plain.py", use_docker=True)
    exp.submit(est)
    est = TensorFlow(
        source_directory="code",
        compute_target="local",
        entry_script="plain.py",
        use_docker=False,
        conda_packages=["scikit-learn"],
    )
    exp.submit(est)
    assert [made.arguments["compute_target"] for made in submissions] == ["local", "gpucluster", "local"]
    own_image = TensorFlow("code", entry_script="plain.py", custom_docker_image="own/image", user_managed=True)
    told = refusal(own_image)
    assert "'custom_docker_image' is not taken (list its Python packages in pip_packages" in told
    assert "'user_managed' is not taken" in told


def test_train_tune_and_deploy(submissions: list[Submission], project: Path) -> None:
    exp = Experiment(workspace=workspace, name="tf-mnist")
    script_params = {
        "--data-folder": datastore.as_named_input("mnist").as_mount(),
        "--batch-size": 50,
        "--learning-rate": 0.01,
    }
    old = {"source_directory": "code", "compute_target": cluster, "entry_script": "plain.py", "use_gpu": True}
    told = refusal(TensorFlow(script_params=script_params, **old))
    assert "write inputs={'data_folder': {'path': './data'}} and '${TFINFRA_INPUT_DATA_FOLDER}' here" in told

    script_params["--data-folder"] = "${TFINFRA_INPUT_DATA_FOLDER}"
    est = TensorFlow(script_params=script_params, inputs={"data_folder": {"path": "./data"}}, **old)
    run = exp.submit(est)
    assert str(run) == f"Run('{run.id}', Preparing)"
    logged = [("loss", 0.5, 0), ("loss", 0.25, 1), ("test_accuracy", 0.9, 0)]
    points = chunk_of(Point("main-0", name, value, step, 1.0) for name, value, step in logged).decode()
    end(run, **{"outputs/model/a.ckpt": "weights", "outputs/log.txt": "x", "metrics/main-0.jsonl": points})
    run.wait_for_completion(show_output=True)
    details = run.get_details()
    assert (details["runId"], details["status"], details["target"]) == (run.id, "Completed", "local")
    assert run.get_metrics() == {"loss": [0.5, 0.25], "test_accuracy": 0.9}
    assert run.get_metrics("test_accuracy") == {"test_accuracy": 0.9}
    for name in run.get_file_names():
        if name.startswith("outputs/model"):
            run.download_file(name=name, output_file_path=str(project / "model" / name.split("/")[-1]))
    assert (project / "model" / "a.ckpt").read_text() == "weights"
    space = RandomParameterSampling({"--batch-size": choice(25, 50, 100), "--learning-rate": loguniform(-6, -1)})
    search = HyperDriveConfig(
        estimator=est,
        hyperparameter_sampling=space,
        policy=BanditPolicy(evaluation_interval=2, slack_factor=0.1),
        primary_metric_name="validation_acc",
        primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
        max_total_runs=8,
        max_concurrent_runs=4,
    )
    assert search.arguments["tune"]["parameter_space"]["--batch-size"] == {"choice": [25, 50, 100]}
    with pytest.raises(AttributeError, match=r"run\.outputs"):
        run.register_model(model_name="digits", model_path="outputs/model")  # type: ignore[attr-defined]
    assert submissions[0].arguments["script_params"]["--batch-size"] == 50


def test_distributed_with_horovod(submissions: list[Submission]) -> None:
    experiment = Experiment(workspace, name="tf-distr-hvd")
    arguments: dict[str, Any] = {
        "source_directory": "code",
        "compute_target": cluster,
        "script_params": {"--input_data": "${TFINFRA_INPUT_TEXT}"},
        "inputs": {"text": {"path": "data"}},
        "entry_script": "hvd.py",
        "node_count": 2,
        "use_gpu": True,
    }
    run = experiment.submit(TensorFlow(process_count_per_node=1, distributed_backend="mpi", **arguments))
    assert run.get_details()["runId"] == run.id
    told = refusal(TensorFlow(distributed_training=Mpi(), **arguments))
    assert told == "'distributed_training' is not taken (write distributed_backend='mpi', process_count_per_node=4)"
    assert "write TensorFlow(" in imported("ScriptRunConfig")
    assert "distributed_backend='mpi'" in imported("MpiConfiguration")
    assert "wait_for_completion(show_output=True)" in imported("RunDetails")
    assert submissions[0].arguments["distributed_backend"] == "mpi"


def test_distributed_with_parameter_servers(submissions: list[Submission]) -> None:
    experiment = Experiment(workspace, name="tf-distr-ps")
    arguments: dict[str, Any] = {
        "source_directory": "code",
        "compute_target": cluster,
        "script_params": {"--num_gpus": 1, "--train_steps": 500},
        "entry_script": "replica.py",
        "node_count": 2,
        "use_gpu": True,
    }
    old = TensorFlow(worker_count=2, parameter_server_count=1, distributed_backend="ps", **arguments)
    print(experiment.submit(old))
    told = refusal(TensorFlow(distributed_training=ParameterServer(worker_count=2), **arguments))
    assert "(write distributed_backend='ps', worker_count=2, parameter_server_count=1)" in told
    assert submissions[0].arguments["script_params"] == {"--num_gpus": 1, "--train_steps": 500}


def test_keras_with_horovod(submissions: list[Submission]) -> None:
    exp = Experiment(workspace, name="keras-distr-hvd")
    assert "write TensorFlow(" in imported("Estimator")
    run = exp.submit(
        TensorFlow(
            source_directory="code",
            compute_target=cluster,
            entry_script="hvd.py",
            script_params={"--output_dir": "./outputs"},
            node_count=2,
            process_count_per_node=1,
            distributed_backend="mpi",
            pip_packages=["matplotlib"],
            use_gpu=True,
        )
    )
    assert (len(submissions), run.get_status()) == (1, "Preparing")


def test_resume_training(submissions: list[Submission]) -> None:
    experiment = Experiment(workspace, name="tf-resume-training")
    script_params: dict[str, Any] = {"--data-folder": datastore.as_mount()}
    assert "TFINFRA_INPUT_DATA_FOLDER" in refusal(
        TensorFlow("code", script_params=script_params, entry_script="plain.py")
    )
    script_params = {"--resume-from": "${TFINFRA_CHECKPOINTS}"}
    estimator = TensorFlow(source_directory="code", script_params=script_params, entry_script="plain.py")
    run = experiment.submit(estimator)
    end(run)
    run.wait_for_completion(show_output=True)
    (Path("runs") / run.id / "checkpoints" / "step-7").mkdir(parents=True)
    model_location = run._get_outputs_datapath()
    estimator2 = TensorFlow(
        source_directory="code", script_params=script_params, entry_script="plain.py", resume_from=model_location
    )
    experiment.submit(estimator2)
    assert submissions[1].arguments["resume_from"] == run.id


def test_tensorboard(submissions: list[Submission], project: Path) -> None:
    exp = Experiment(workspace, "tensorboard-demo")
    runs = []
    for target in ("local", cluster):
        estimator = TensorFlow(
            source_directory="code",
            compute_target=target,
            entry_script="plain.py",
            script_params={"--log_dir": "./logs"},
        )
        runs.append(exp.submit(estimator))
    end(runs[0], **{"logs/events.out": "1"})
    assert "tfinfra tensorboard RUN" in imported("Tensorboard")
    runs[0].download_files(prefix="logs", output_directory=str(project / "all"))
    assert (project / "all" / "logs" / "events.out").read_text() == "1"
    with pytest.raises(AttributeError, match="one script"):
        exp.start_logging()  # type: ignore[attr-defined]
    assert len(submissions) == 2
