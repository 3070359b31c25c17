"""What is said of a search: each case by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.manifests import said
from tfinfra.errors import Diagnostic
from tfinfra.model.tuning import EXPRESSIONS, POLICIES, SAMPLINGS

SCRIPT = """\
import argparse

from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--size", type=int)
parser.add_argument("--deep", type=bool)
parser.add_argument("--bare", action="store_true")
parser.add_argument("--token")
parser.add_argument("--mode", choices=["a", "b"])
given = parser.parse_args()
Run.get_context().log("accuracy", given.lr)
"""
TUNE = {
    "sampling": "random",
    "parameter_space": {"--lr": {"uniform": [0.1, 0.5]}},
    "primary_metric_name": "accuracy",
    "primary_metric_goal": "maximize",
    "max_total_runs": 20,
    "max_concurrent_runs": 4,
}


def found(folder: Path, changes: str, script: str = SCRIPT) -> list[Diagnostic]:
    """What is said of a manifest whose tune has these changes, which may be keys beside it too."""
    given = yaml.safe_load(changes) or {}
    tune = {key: value for key, value in {**TUNE, **given.pop("tune", {})}.items() if value != "-"}
    return [*said(folder, yaml.safe_dump({"tune": tune, **given}, sort_keys=False), script)]


def space(expression: str, sampling: str = "random") -> str:
    return f"tune: {{sampling: {sampling}, parameter_space: {{--lr: {expression}}}}}"


ERRORS = {
    "no search without a goal": ("tune: {primary_metric_goal: '-'}", "TFI201", "primary_metric_goal", ""),
    "a sampling that nobody has": ("tune: {sampling: randm}", "TFI206", "does not fit: 'randm'", "random"),
    "an empty space": ("tune: {parameter_space: {}}", "TFI202", "parameter_space", ""),
    "a name that is no flag": (
        "tune: {parameter_space: {'a b': {choice: [1]}}}",
        "TFI206",
        "'a b' is no name",
        "--learning-rate",
    ),
    "an expression that nobody has": (space("{logunifrom: [-9, -2]}"), "TFI203", "'logunifrom'", "loguniform"),
    "an expression that is no mapping": (space("0.1"), "TFI202", "is the number 0.1", "uniform"),
    "two expressions of one parameter": (
        space("{uniform: [0, 1], choice: [1]}"),
        "TFI930",
        "2 expressions",
        "keep one",
    ),
    "too few arguments": (space("{uniform: [0.1]}"), "TFI930", "it has 1 of these 2", "{uniform: [0, 1]}"),
    "too many arguments": (space("{normal: [0, 1, 2]}"), "TFI930", "it has 3 of these 2", "{normal: [0, 1]}"),
    "a text for a number": (space("{uniform: [a, 1]}"), "TFI202", "a number", ""),
    "bounds in the wrong order": (space("{uniform: [0.5, 0.1]}"), "TFI930", "min_value below its max_value", ""),
    "a step that no number has": (space("{qloguniform: [1, 9, 1.0e-320]}"), "TFI930", "1e-12 or more", ""),
    "no step": (space("{quniform: [1, 9, 0]}"), "TFI930", "q above 0", ""),
    "exp beyond all numbers": (space("{loguniform: [1, 1000]}"), "TFI930", "out of range", ""),
    "no options": (space("{choice: []}"), "TFI202", "choice", ""),
    "a grid of a range": (space("{uniform: [0, 1]}", "grid"), "TFI931", "grid sampling takes choice alone", "random"),
    "bayesian on a logarithm": (
        space("{loguniform: [-9.2, -2.3]}", "bayesian"),
        "TFI931",
        "not loguniform",
        "{uniform: [0.000101, 0.1003]}",
    ),
    "a flag under two names": (
        "tune: {parameter_space: {--lr: {uniform: [0, 1]}, lr: {uniform: [0, 1]}}}",
        "TFI933",
        "same flag as '--lr'",
        "keep one",
    ),
    "a bandit without slack": (
        "tune: {policy: bandit}",
        "TFI935",
        "exactly one of slack_factor",
        "{slack_factor: 0.1}",
    ),
    "a bandit with both": (
        "tune: {policy: {bandit: {slack_factor: 0.1, slack_amount: 1}}}",
        "TFI935",
        "exactly one",
        "slack_factor",
    ),
    "a truncation of nothing": ("tune: {policy: truncation_selection}", "TFI935", "between 1 and 99", "20"),
    "a truncation of all": (
        "tune: {policy: {truncation_selection: {truncation_percentage: 100}}}",
        "TFI205",
        "at most 99",
        "",
    ),
    "a policy that nobody has": ("tune: {policy: {hyperband: {}}}", "TFI203", "'hyperband'", ""),
    "a setting of another policy": (
        "tune: {policy: {median_stopping: {slack_factor: 1}}}",
        "TFI203",
        "'slack_factor'",
        "",
    ),
    "a pool that is held": ("on_failure: {hold: 30m}", "TFI942", "neither `exec` nor `up --on`", "remove it"),
    "six earlier tunes": ("tune: {resume_from: [a, b, c, d, e, f]}", "TFI938", "names 6 tunes", "keep 5"),
    "another metric that is shown": ("metrics: {primary: loss}", "TFI939", "another metric", "remove it"),
    "a flag that the script does not have": (
        "tune: {parameter_space: {--lrr: {uniform: [0, 1]}}}",
        "TFI511",
        "knows no --lrr",
        "--lr",
    ),
    "fractions for a whole number": (
        "tune: {parameter_space: {--size: {uniform: [1, 9]}}}",
        "TFI511",
        "invalid int value: '1.0'",
        "",
    ),
    "an option that the script does not take": (
        "tune: {parameter_space: {--mode: {choice: [a, b, c]}}}",
        "TFI511",
        "'c' is none of a, b",
        "",
    ),
    "a flag that takes no value": (
        "tune: {max_concurrent_runs: 2, parameter_space: {--bare: {choice: [true, false]}}}",
        "TFI511",
        "--bare takes no value",
        "a trial gives it as `--bare VALUE`",
    ),
    "more nodes than a scale set has": (
        "{tune: {max_total_runs: 2000, max_concurrent_runs: 600}, node_count: 2, distributed_backend: multi_worker}",
        "TFI411",
        "600 trials at a time with node_count 2 take 1,200 nodes",
        "",
    ),
}


@pytest.mark.parametrize("words", ERRORS)
def test_a_search_is_refused_at_its_line_with_the_way_out(tmp_path: Path, words: str) -> None:
    changes, code, message, hint = ERRORS[words]
    errors = [each for each in found(tmp_path, changes) if each.is_error]
    assert [each.code for each in errors] == [code], errors
    assert message in errors[0].message
    assert hint in (errors[0].hint or "")
    assert errors[0].position is not None


TOLD = {
    "nothing of a search that is well": ("{}", []),
    "nothing of a pool that is deleted": ("on_failure: delete", []),
    "nothing of HyperDrive's own names": (
        "tune: {sampling: RandomParameterSampling, policy: MedianStoppingPolicy, primary_metric_goal: MAXIMIZE}",
        [],
    ),
    "nothing of whole numbers in steps": ("tune: {parameter_space: {--size: {quniform: [8, 256, 8]}}}", []),
    "nothing of a name without dashes": ("tune: {parameter_space: {lr: {uniform: [0, 1]}}}", []),
    "bounds that look like no logarithms": (
        space("{loguniform: [0.0001, 0.1]}"),
        ["TFI932 warning: write [-9.21, -2.303] for 0.0001 to 0.1"],
    ),
    "a flag that script_params has too": ("script_params: {--lr: 1}", ["TFI934 notice: "]),
    "all trials at a time on many nodes": (
        "tune: {max_concurrent_runs: '-'}",
        ["TFI943 warning: max_concurrent_runs: 4 lives four at a time, one after the other on the same nodes"],
    ),
    "all trials at a time on few nodes": ("tune: {max_total_runs: 3, max_concurrent_runs: '-'}", ["TFI943 notice: "]),
    "more at a time than in all": ("tune: {max_concurrent_runs: 30}", ["TFI936 notice: "]),
    "a grid with fewer sets": (
        "tune: {sampling: grid, max_concurrent_runs: 2, parameter_space: {--lr: {choice: [1, 2]}}}",
        ["TFI936 notice: "],
    ),
    "few trials for bayesian sampling": (
        "tune: {sampling: bayesian, max_total_runs: 10}",
        ["TFI937 warning: 20 or more search better"],
    ),
    "many at a time for bayesian sampling": (
        "tune: {sampling: bayesian, max_total_runs: 100, max_concurrent_runs: 21}",
        ["TFI937 warning: 20 or fewer search better"],
    ),
    "a policy under bayesian sampling": (
        "tune: {sampling: bayesian, policy: median_stopping}",
        ["TFI944 notice: remove the policy to search as HyperDrive does, which takes none with bayesian sampling"],
    ),
    "a metric that the script does not name": (
        "tune: {primary_metric_name: acuracy}",
        ["TFI940 notice: did you mean 'accuracy'?"],
    ),
    "options that argparse's bool takes for true": (
        "tune: {max_total_runs: 2, max_concurrent_runs: 2, parameter_space: {--deep: {choice: [true, false]}}}",
        ["TFI514 warning: leave the flag out, or have the script compare the text"],
    ),
    "an option that looks like a secret": (
        "{tune: {max_total_runs: 2, max_concurrent_runs: 2,"
        " parameter_space: {--token: {choice: [hf_abcdefghijklmnopqrstuvwxyz01234567, x]}}}}",
        ["TFI661 warning: name a variable among `secrets`: it is read from your environment and never written"],
    ),
    "nothing of Keras's own prefix": ("tune: {primary_metric_name: val_accuracy}", []),
}


@pytest.mark.parametrize("words", TOLD)
def test_a_search_is_warned_of(tmp_path: Path, words: str) -> None:
    changes, expected = TOLD[words]
    assert [f"{each.code} {each.severity.value}: {each.hint or ''}" for each in found(tmp_path, changes)] == expected


INFINIBAND = "vm_size: Standard_ND96asr_v4, use_gpu: true"
MANY = "tune: {max_total_runs: 150, max_concurrent_runs: 150}"
PLACED = {
    "trials of one node need no InfiniBand between them": (f"{{{MANY}, {INFINIBAND}}}", []),
    "trials of two nodes are one placement group with all others": (
        f"{{{MANY}, {INFINIBAND}, node_count: 2, distributed_backend: multi_worker}}",
        ["TFI411"],
    ),
}


@pytest.mark.parametrize("words", PLACED)
def test_a_pool_is_one_placement_group_where_its_trials_take_it(tmp_path: Path, words: str) -> None:
    changes, codes = PLACED[words]
    assert [each.code for each in found(tmp_path, changes) if each.is_error] == codes


def test_a_name_that_only_reads_a_value_is_not_one_that_is_logged(tmp_path: Path) -> None:
    logged = '.log("val_acc", float(logs["val_accuracy"]))'
    script = SCRIPT.replace('.log("accuracy", given.lr)', logged).replace("given =", "logs = {}\ngiven =")
    told = found(tmp_path, "tune: {primary_metric_name: val_accuracy}", script)
    assert [(each.code, each.hint) for each in told] == [("TFI940", "did you mean 'val_acc'?")]


SILENT = {
    "a name that is read and handed on": (
        "from tfinfra import Run\nlogs = {}\nRun.get_context().log('loss', 1)\nprint('score', logs['score'])\n"
    ),
    "Keras's autologging": "class Own:\n    def autolog(self) -> None: ...\n",
    "names out of a dictionary": "from tfinfra import Run\nfor k, v in {}.items():\n    Run.get_context().log(k, v)\n",
}


@pytest.mark.parametrize("words", SILENT)
def test_a_metric_that_a_library_may_name_is_not_missed(tmp_path: Path, words: str) -> None:
    assert found(tmp_path, "tune: {primary_metric_name: score}", SILENT[words]) == []


NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(), st.sampled_from([0, 1, 2, 1.5, 1e308, 1e-320, True, "a", None, "1e-3"])
)
EXPRESSION = st.dictionaries(
    st.sampled_from([*EXPRESSIONS, "unifrom"]),
    st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3)),
    min_size=1,
    max_size=2,
)
SEARCH = st.fixed_dictionaries(
    {},
    optional={
        "sampling": st.sampled_from([*SAMPLINGS, "RandomParameterSampling", 1]),
        "parameter_space": st.dictionaries(st.sampled_from(["--lr", "lr", "--size", "--", ""]), EXPRESSION, max_size=3),
        "policy": st.one_of(
            st.sampled_from([*POLICIES, "BanditPolicy", None]),
            st.dictionaries(
                st.sampled_from(POLICIES),
                st.dictionaries(
                    st.sampled_from(["slack_factor", "truncation_percentage", "delay_evaluation"]), NUMBERS
                ),
                max_size=1,
            ),
        ),
        "max_total_runs": st.one_of(st.integers(1, 5000), NUMBERS),
        "max_concurrent_runs": NUMBERS,
    },
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEARCH)
def test_no_search_is_beyond_a_diagnostic(tmp_path: Path, tune: dict[str, object]) -> None:
    for each in said(tmp_path, yaml.safe_dump({"tune": {**TUNE, **tune}}), SCRIPT):
        assert each.message
