# A search from Python, cell by cell; the names are those of Azure ML's HyperDrive. `python tune.py` runs it whole.

# %% What is trained: train_tune.py, beside this file.
from pathlib import Path

from tfinfra import (
    BanditPolicy,
    Experiment,
    HyperDriveConfig,
    PrimaryMetricGoal,
    RandomParameterSampling,
    TensorFlow,
    choice,
    loguniform,
    quniform,
)

estimator = TensorFlow(
    source_directory=Path(__file__).parent,
    entry_script="train_tune.py",
    pip_packages=["scikit-learn==1.7.2"],
    script_params={"--epochs": 10},
    compute_target="local",
)

# %% What is searched, and when a trial is given up.
config = HyperDriveConfig(
    estimator=estimator,
    hyperparameter_sampling=RandomParameterSampling(
        {
            "--learning-rate": loguniform(-9.2, -2.3),
            "--batch-size": choice(32, 64, 128),
            "--hidden": quniform(32, 256, 32),
        }
    ),
    policy=BanditPolicy(slack_factor=0.1, evaluation_interval=1, delay_evaluation=3),
    primary_metric_name="validation_acc",
    primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
    max_total_runs=6,
    max_concurrent_runs=2,
    max_duration_minutes=30,
)
run = Experiment("digits-tune").submit(config)
run.wait_for_completion(show_output=True)

# %% What came of it.
for child in run.get_children_sorted_by_primary_metric():
    print(child["run_id"], child["best_primary_metric"], child["hyperparameters"], child["status"])

# %% The best one, and its model.
best = run.get_best_run_by_primary_metric()
print("best:", best.id, max(best.get_metrics("validation_acc")["validation_acc"]))
best.download_file("outputs/model.keras", "best-model.keras")
