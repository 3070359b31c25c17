"""MLflow's real clients in a task of a real agent: their points arrive, their files come home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.nodes import cluster
from tests.backends.specs import plan_of, spec
from tests.locked_tools import locked_tools
from tfinfra.model import Remark

CLIENTS = ["mlflow2", "mlflow3"]
"""Locks in requirements/."""
SCRIPT = """
import math, mlflow, os, pathlib
from mlflow import MlflowClient
mlflow.set_experiment("a name of the script's own")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5, step=3)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf}, step=4)
    mlflow.log_params({"lr": 0.1})
    mlflow.log_text("hello", "notes/hello.txt")
    pathlib.Path("outputs/own.txt").write_text("x")
    mlflow.log_artifact("outputs/own.txt")
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    mlflow.log_figure(plt.figure(), "figure.png")
    with mlflow.start_run(nested=True, run_name="fold-1") as child:
        mlflow.log_metric("inner", 1.5)
    assert mlflow.get_run(run.info.run_id).data.metrics["loss"] == 0.5
    assert MlflowClient().get_metric_history(run.info.run_id, "loss")[0].step == 3
    found = mlflow.search_runs(output_format="list")
    assert [each.info.run_id for each in found] == [child.info.run_id, run.info.run_id]
import tensorflow as tf
import numpy as np
mlflow.tensorflow.autolog()
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((16, 3), "float32"), np.ones((16, 1), "float32"), epochs=2, validation_split=0.5, verbose=0)
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
mlflow.set_tracking_uri(pathlib.Path("other").resolve().as_uri())
with mlflow.start_run() as elsewhere:
    mlflow.log_metric("elsewhere", 2.5)
assert mlflow.get_run(elsewhere.info.run_id).data.metrics == {"elsewhere": 2.5}
"""


@pytest.mark.parametrize("client", CLIENTS)
def test_a_script_and_keras_autolog_reach_the_run(client: str, tmp_path: Path) -> None:
    environment = str(locked_tools(client).parent)
    with cluster(tmp_path, plan_of(spec("single")), SCRIPT, environment=environment) as run:
        run.start(0)
        outcome = run.outcome(180)
        log = run.log("main-0")
        assert outcome.result == "succeeded", log
        assert "unexpected error during tensorflow autologging" not in log
        points = run.points("main-0")
        found = {point.name: point for point in points}
        own = [(point.name, point.step, str(point.value)) for point in points if not point.run]
        assert own == [("loss", 3, "0.5"), ("nan", 4, "nan"), ("inf", 4, "inf")]
        assert len(found["inner"].run) == 32 and "elsewhere" not in found
        further = [point for point in points if point.run not in ("", found["inner"].run)]
        fitted = [(point.name, point.step) for point in further if point.name in ("loss", "val_loss")]
        assert sorted(fitted) == [("loss", 0), ("loss", 1), ("val_loss", 0), ("val_loss", 1)]
        words = {
            (each.run, each.kind, each.name): each.text for each in run.logged("main-0") if isinstance(each, Remark)
        }
        assert words["", "parameter", "lr"] == "0.1"
        assert words[found["inner"].run, "tag", "mlflow.runName"] == "fold-1"
        assert words[further[0].run, "parameter", "epochs"] == "2"
        stored = run.store.list("outputs/outputs/artifacts")
        for name in ("notes/hello.txt", "own.txt", "figure.png"):
            assert f"outputs/outputs/artifacts/{name}" in stored
        assert any(name.endswith("/MLmodel") for name in stored)
