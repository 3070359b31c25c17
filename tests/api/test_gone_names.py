"""Names of Azure ML's SDK that tfinfra does not have: they say what to write, and are absent all the same."""

from __future__ import annotations

import copy
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tfinfra
from tfinfra import Experiment, Run, TensorFlow
from tfinfra.api.gone_names import INSTEAD, OF_ESTIMATOR, OF_EXPERIMENT, OF_RUN

WORDS = {
    "Workspace": "Experiment('name')",
    "AmlCompute": "compute_target='local'",
    "ComputeTarget": "compute_targets.yaml",
    "MpiConfiguration": "distributed_backend='mpi'",
    "Mpi": "process_count_per_node",
    "ParameterServer": "distributed_backend='ps'",
    "TensorflowConfiguration": "parameter_server_count",
    "Datastore": "inputs={'data'",
    "RunDetails": "wait_for_completion(show_output=True)",
    "HyperDriveRunConfig": "HyperDriveConfig(",
    "AutoMLConfig": "HyperDriveConfig(",
    "EarlyTerminationPolicy": "BanditPolicy",
    "Estimator": "TensorFlow(",
    "ScriptRunConfig": "TensorFlow(",
    "Environment": "pip_packages",
    "get_run": "Run('<run id>')",
    "Keras": "TensorFlow(…)",
    "DEFAULT_GPU_IMAGE": "without a container",
}


@pytest.mark.parametrize(("name", "words"), WORDS.items(), ids=WORDS.keys())
def test_an_import_says_what_to_write_instead(name: str, words: str) -> None:
    with pytest.raises(ImportError) as raised:
        exec(f"from tfinfra import TensorFlow, {name} as Other", {})
    assert str(raised.value).startswith(f"tfinfra has no '{name}': ")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "line",
    [
        "from tfinfra.train.dnn import TensorFlow",
        "from tfinfra.core import Workspace",
        "import tfinfra.core",
        "from tfinfra.widgets import RunDetails",
    ],
)
def test_a_module_that_is_gone_says_where_its_names_are(line: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"tfinfra has no module '\w+': write `from tfinfra import …`"):
        exec(line, {})


def test_a_module_that_never_was_is_pythons_own_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'tfinfra\.nonsense'"):
        exec("import tfinfra.nonsense", {})


@pytest.mark.parametrize("name", sorted(INSTEAD))
def test_a_name_that_is_gone_is_absent(name: str) -> None:
    assert not hasattr(tfinfra, name)
    assert getattr(tfinfra, name, None) is None
    assert name not in dir(tfinfra)


def test_an_unknown_name_is_pythons_own_error() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Nonsense'"):
        exec("from tfinfra import Nonsense", {})
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = tfinfra.Nonsense  # type: ignore[attr-defined]


def test_the_package_can_be_looked_through() -> None:
    found: dict[str, object] = {}
    exec("from tfinfra import *", found)
    assert {"Experiment", "Run", "TensorFlow"} <= found.keys()
    assert not INSTEAD.keys() & {name for name, _ in inspect.getmembers(tfinfra)}


def test_the_package_itself_loads_nothing() -> None:
    program = "import sys, tfinfra; print([name for name in sys.modules if name.startswith('tfinfra.')])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "['tfinfra.version']\n"


def test_a_node_has_the_package_without_its_python_face(tmp_path: Path) -> None:
    shutil.copytree(Path(tfinfra.__file__).parent, tmp_path / "tfinfra", ignore=shutil.ignore_patterns("api", "cli"))
    program = "from tfinfra import model, store; import tfinfra; print(hasattr(tfinfra, 'Workspace'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


METHODS = {
    "a value of a metric, outside of the script": (Run, "log", "run = Run.get_context() there"),
    "a model": (Run, "register_model", "run.outputs"),
    "a page in the portal": (Run, "get_portal_url", "tfinfra status"),
    "a file that is not the script's": (Run, "upload_file", "./outputs"),
    "the best of several": (Run, "get_best_run_by_primary_metric", "submit(HyperDriveConfig(…))"),
    "properties": (Run, "add_properties", "run.tag("),
    "an interactive run": (Experiment, "start_logging", "one script"),
    "a tag of all runs": (Experiment, "tag", "submit(est, tags="),
    "what becomes of the arguments": (TensorFlow, "run_config", "est.node_count"),
    "packages": (TensorFlow, "conda_dependencies", "est.pip_packages"),
}


@pytest.mark.parametrize(("kind", "name", "words"), METHODS.values(), ids=METHODS.keys())
def test_a_method_that_is_gone_says_what_to_write_instead(kind: type, name: str, words: str) -> None:
    made: dict[Any, Any] = {Run: Run("digits-abc123"), Experiment: Experiment("digits"), TensorFlow: TensorFlow()}
    for where in (kind, made[kind]):
        with pytest.raises(AttributeError) as raised:
            getattr(where, name)
        assert words in str(raised.value)
        assert raised.value.name is None, "Python would add a name that is spelt alike"
        assert not hasattr(where, name)
        assert name not in dir(where)


def test_no_class_has_what_it_says_to_be_gone() -> None:
    for kind, gone in ((Run, OF_RUN), (Experiment, OF_EXPERIMENT), (TensorFlow, OF_ESTIMATOR)):
        assert [name for name in gone if name in vars(kind)] == []


def test_an_attribute_that_never_was_is_pythons_own_error() -> None:
    with pytest.raises(AttributeError, match="'Run' has no attribute 'get_sttus'") as raised:
        _ = Run("digits-abc123").get_sttus  # type: ignore[attr-defined]
    assert raised.value.name == "get_sttus"
    assert copy.copy(Run("digits-abc123")).id == "digits-abc123"
