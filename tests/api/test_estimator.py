"""The estimator's arguments: in their order, as attributes, changed before a run."""

from __future__ import annotations

import copy
import pickle

import pytest

from tfinfra import TensorFlow


def test_arguments_by_position_have_the_estimators_order() -> None:
    estimator = TensorFlow("src", "gpus", None, None, "train.py", {"--lr": 0.1}, 2, 4, 1, 1, "mpi")
    assert estimator.arguments == {
        "source_directory": "src",
        "compute_target": "gpus",
        "entry_script": "train.py",
        "script_params": {"--lr": 0.1},
        "node_count": 2,
        "process_count_per_node": 4,
        "worker_count": 1,
        "parameter_server_count": 1,
        "distributed_backend": "mpi",
    }


def test_every_argument_is_an_attribute_with_its_default() -> None:
    estimator = TensorFlow(entry_script="train.py", node_count=2)
    assert (estimator.node_count, estimator.entry_script, estimator.source_directory) == (2, "train.py", ".")
    assert (estimator.framework_version, estimator.use_gpu, estimator.distributed_backend) == ("2.15.1", False, None)
    assert (estimator.on_failure, estimator.vm_size, estimator.compute_target) == (None, None, "local")
    assert {"node_count", "pip_packages", "limits"} <= set(dir(estimator))
    assert repr(estimator) == "TensorFlow(source_directory='.', entry_script='train.py', node_count=2)"


def test_an_attribute_changes_the_argument() -> None:
    estimator = TensorFlow(entry_script="train.py", worker_count=3)
    estimator.node_count = 4
    estimator.worker_count = None
    estimator.script_params["--lr"] = 0.1
    estimator.pip_packages.append("pandas==2.2.2")
    assert estimator.arguments == {
        "source_directory": ".",
        "entry_script": "train.py",
        "node_count": 4,
        "script_params": {"--lr": 0.1},
        "pip_packages": ["pandas==2.2.2"],
    }


WRONG = {
    "a misspelt argument": ("node_cout", "did you mean 'node_count'"),
    "one that is gone": ("run_config", "est.node_count"),
    "one that never was": ("colour", "dir()"),
}


@pytest.mark.parametrize(("name", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_argument_cannot_be_set(name: str, words: str) -> None:
    with pytest.raises(AttributeError) as raised:
        setattr(TensorFlow(), name, 2)
    assert words in str(raised.value)


def test_a_copy_has_arguments_of_its_own() -> None:
    first = TensorFlow(entry_script="train.py", node_count=2)
    second, third = copy.copy(first), pickle.loads(pickle.dumps(first))
    second.node_count = 3
    third.node_count = 4
    assert (first.node_count, second.node_count, third.node_count) == (2, 3, 4)


def test_supported_versions_are_those_of_the_catalog() -> None:
    assert "2.15.1" in TensorFlow.get_supported_versions()
    assert TensorFlow.DEFAULT_VERSION == "2.15.1"
