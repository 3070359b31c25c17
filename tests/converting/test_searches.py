"""Searches of other tools as the key `tune`; what of them is not kept is said."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import pytest

from tfinfra.converting.tools import convert
from tfinfra.manifest.reading.reader import read_document

SPACE = "  lr: {type: loguniform, min_value: -6, max_value: -1}\n"
OBJECTIVE = "objective: {goal: Maximize, primary_metric: acc}\n"
LIMITS = "limits: {max_total_trials: 4, max_concurrent_trials: 2}\n"


def sweep(command: str = "python fit.py --lr ${{search_space.lr}}", space: str = SPACE, more: str = OBJECTIVE) -> str:
    return f"type: sweep\ntrial: {{code: src, command: '{command}'}}\nsearch_space:\n{space}{LIMITS}{more}"


def program(config: str, before: str = "") -> str:
    return f"est = TensorFlow('.', entry_script='fit.py', compute_target='local')\n{dedent(before)}hd = {config}\n"


def hyperdrive(space: str = "{'--lr': uniform(0, 1)}", more: str = "max_total_runs=4, max_concurrent_runs=2") -> str:
    goal = "primary_metric_name='acc', primary_metric_goal=PrimaryMetricGoal.MAXIMIZE"
    sampling = f"hyperparameter_sampling=RandomParameterSampling({space})"
    return f"HyperDriveConfig(estimator=est, {sampling}, {goal}, {more})"


def made(text: str, file: str) -> tuple[dict[str, Any], list[str]]:
    converted = convert(text.encode(), file)
    document, _ = read_document(converted.text.encode(), "train.yaml")
    return dict(document.data), [each.message for each in converted.unmatched]


KEPT: dict[str, tuple[str, dict[str, Any]]] = {
    "all distributions of a sweep": (
        sweep(
            " ".join(["python fit.py", *(f"--{name} ${{{{search_space.{name}}}}}" for name in "abcdefghij")]),
            "  a: {type: choice, values: [relu, tanh]}\n  b: {type: randint, upper: 8}\n"
            "  c: {type: uniform, min_value: 0, max_value: 1}\n"
            "  d: {type: quniform, min_value: 1, max_value: 9, q: 2}\n"
            "  e: {type: loguniform, min_value: -3, max_value: -1}\n"
            "  f: {type: qloguniform, min_value: 1, max_value: 3, q: 1}\n  g: {type: normal, mu: 1, sigma: 2}\n"
            "  h: {type: qnormal, mu: 1, sigma: 2, q: 1}\n  i: {type: lognormal, mu: 1, sigma: 2}\n"
            "  j: {type: qlognormal, mu: 1, sigma: 2, q: 1}\n",
        ),
        {
            "parameter_space": {
                "--a": {"choice": ["relu", "tanh"]},
                "--b": {"randint": [8]},
                "--c": {"uniform": [0, 1]},
                "--d": {"quniform": [1, 9, 2]},
                "--e": {"loguniform": [-3, -1]},
                "--f": {"qloguniform": [1, 3, 1]},
                "--g": {"normal": [1, 2]},
                "--h": {"qnormal": [1, 2, 1]},
                "--i": {"lognormal": [1, 2]},
                "--j": {"qlognormal": [1, 2, 1]},
            }
        },
    ),
    "a flag with an equals sign": (
        sweep("python fit.py --lr=${{search_space.lr}}"),
        {"parameter_space": {"--lr": {"loguniform": [-6, -1]}}, "primary_metric_goal": "maximize"},
    ),
    "a sampling with its seed": (
        sweep(more=OBJECTIVE + "sampling_algorithm: {type: bayesian, seed: 9}\n"),
        {"sampling": "bayesian", "seed": 9},
    ),
    "a bandit of the service's zeros": (
        sweep(
            more=OBJECTIVE
            + "early_termination: {type: bandit, slack_factor: 0.2, slack_amount: 0, evaluation_interval: 0}\n"
        ),
        {"policy": {"bandit": {"slack_factor": 0.2}}},
    ),
    "the median with its defaults": (
        sweep(more=OBJECTIVE + "early_termination: {type: median_stopping, delay_evaluation: 5}\n"),
        {"policy": {"median_stopping": {"delay_evaluation": 5}}},
    ),
}
PYTHON: dict[str, tuple[str, dict[str, Any]]] = {
    "a configuration by position, a grid, a policy by position": (
        program(
            "HyperDriveConfig(ps, 'loss', PrimaryMetricGoal.MINIMIZE, 6, 3, 60, policy, est)",
            "policy = TruncationSelectionPolicy(20, 1, 5)\n"
            "ps = GridParameterSampling({'lr': choice([0.1, 0.01]), 'n': choice(1, 2, 3)})\n",
        ),
        {
            "sampling": "grid",
            "parameter_space": {"lr": {"choice": [0.1, 0.01]}, "n": {"choice": [1, 2, 3]}},
            "primary_metric_name": "loss",
            "primary_metric_goal": "minimize",
            "max_total_runs": 6,
            "max_concurrent_runs": 3,
            "max_duration_minutes": 60,
            "policy": {"truncation_selection": {"delay_evaluation": 5, "truncation_percentage": 20}},
        },
    ),
    "a space in a name of its own, arguments by name": (
        program(hyperdrive("space"), "space = dict(lr=uniform(min_value=0.05, max_value=0.1))\n"),
        {"parameter_space": {"lr": {"uniform": [0.05, 0.1]}}},
    ),
    "a parameter that the estimator has too": (
        program(hyperdrive("{'lr': uniform(0, 1)}")).replace("entry_script", "script_params={'--lr': 1}, entry_script"),
        {"parameter_space": {"lr": {"uniform": [0, 1]}}},
    ),
    "no policy by its name": (program(hyperdrive(more="policy=NoTerminationPolicy(), max_total_runs=4")), {}),
}


@pytest.mark.parametrize("sentence", KEPT)
def test_a_sweep_is_a_search(sentence: str) -> None:
    text, keys = KEPT[sentence]
    data, said = made(text, "sweep.yml")
    assert said == []
    assert "script_params" not in data
    assert {key: data["tune"][key] for key in keys} == keys


@pytest.mark.parametrize("sentence", PYTHON)
def test_a_hyperdrive_configuration_is_a_search(sentence: str) -> None:
    text, keys = PYTHON[sentence]
    data, _ = made(text, "submit.py")
    assert "script_params" not in data
    assert {key: data["tune"].get(key) for key in keys} == keys


LOST: dict[str, tuple[str, str, str]] = {
    "a parameter that is no flag's value": (
        sweep(
            "python fit.py --lr ${{search_space.lr}} --opt a=${{search_space.b}}",
            SPACE + "  b: {type: choice, values: [3]}\n",
        ),
        "sweep.yml",
        "the search over 'b' is not kept: the command has it, but not as the value of a flag",
    ),
    "options that are mappings": (
        sweep(
            "python fit.py --lr ${{search_space.lr}} --b ${{search_space.b}}",
            SPACE + "  b: {type: choice, values: [{a: 1}]}\n",
        ),
        "sweep.yml",
        "the search over 'b' is not kept: its values are no plain text or numbers",
    ),
    "sobol": (
        sweep(more=OBJECTIVE + "sampling_algorithm: {type: random, rule: sobol}\n"),
        "sweep.yml",
        "the rule of the sampling is not kept",
    ),
    "only running trials compared": (
        sweep(
            more=OBJECTIVE
            + "early_termination: {type: truncation_selection, truncation_percentage: 9, exclude_finished_jobs: true}\n"
        ),
        "sweep.yml",
        "trials that have ended are compared with as well",
    ),
    "no limits": (program(hyperdrive(more="max_total_runs=n")), "submit.py", "the file does not say how many trials"),
    "a policy that is made elsewhere": (
        program(hyperdrive(more="policy=p, max_total_runs=4")),
        "submit.py",
        "the policy is not kept: it is not written out",
    ),
    "a distribution that is made elsewhere": (
        program(hyperdrive("{'--lr': uniform(0, 1), '--b': some}")),
        "submit.py",
        "the search over '--b' is not kept: its distribution is not written out",
    ),
    "a distribution that HyperDrive refuses": (
        program(hyperdrive("{'--lr': uniform(0, 1), '--b': loguniform(32, 256)}")),
        "submit.py",
        "the search over '--b' is not kept: loguniform takes logarithms",
    ),
    "earlier runs": (
        program(hyperdrive(more="max_total_runs=4, resume_from=[old]")),
        "submit.py",
        "runs of Azure ML are nothing to resume from here",
    ),
    "a second search": (
        program(hyperdrive(), f"first = {hyperdrive()}\n"),
        "submit.py",
        "a second search",
    ),
    "AutoML": (program("AutoMLConfig(task='x')"), "submit.py", "AutoMLConfig has no equivalent"),
}


@pytest.mark.parametrize("sentence", LOST)
def test_what_of_a_search_is_not_kept_is_said(sentence: str) -> None:
    text, file, words = LOST[sentence]
    data, said = made(text, file)
    assert [each for each in said if each.startswith(words)], said
    assert "tfinfra-search" not in str(data)


def test_the_time_of_a_trial_and_of_the_search_are_two() -> None:
    text = sweep().replace("limits: {", "limits: {timeout: 7201, trial_timeout: 600, ")
    data, _ = made(text, "sweep.yml")
    assert (data["tune"]["max_duration_minutes"], data["limits"]) == (121, {"max_run_duration": 600})


def test_the_other_parameters_stay_where_they_are() -> None:
    command = "python fit.py --epochs 3 --lr ${{search_space.lr}} --opt a=${{search_space.b}}"
    data, _ = made(sweep(command, SPACE + "  b: {type: choice, values: [3]}\n"), "sweep.yml")
    assert data["script_params"] == {"--epochs": 3, "--opt": "a=3"}


def test_a_script_gets_each_option_as_hyperdrive_gives_it() -> None:
    text = convert(program(hyperdrive("{'--lr': choice(1e-05, True, 'no', 0.1)}")).encode(), "submit.py").text
    document, _ = read_document(text.encode(), "train.yaml")
    choice = ("tune", "parameter_space", "--lr", "choice")
    assert [written for _, written in document.items(choice)] == ["1e-05", "True", "no", "0.1"]


def test_a_search_that_is_not_kept_leaves_the_estimators_own_value() -> None:
    text = program(hyperdrive("{'lr': uniform(0, 1)}").replace("'acc'", "metric_of_the_day"))
    data, said = made(text.replace("entry_script", "script_params={'--lr': 1}, entry_script"), "submit.py")
    assert any("its primary metric is not written out" in each for each in said)
    assert "tune" not in data
    assert data["script_params"] == {"--lr": 1}


def test_a_long_space_has_a_line_for_each_parameter() -> None:
    space = ", ".join(f"'--parameter-{number}': uniform(0.001, 0.002)" for number in range(3))
    text = convert(program(hyperdrive(f"{{{space}}}")).encode(), "submit.py").text
    lines = [f"--parameter-{number}: {{uniform: [0.001, 0.002]}}\n" for number in range(3)]
    assert "  parameter_space:\n" + indent("".join(lines), "    ") in text
