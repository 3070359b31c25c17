"""No rule knows of another: what one of them says, or that it is there at all, hides nothing that the others say."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.test_any_manifest import KEYS, VALUES
from tfinfra.compiler import pipeline, rules
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.compiler.rules import RULES
from tfinfra.errors import Diagnostic, TfinfraError
from tfinfra.manifest.document import error_at

WRONG: dict[str, Any] = {
    "distributed_backend": "ps",
    "tf_config": "cluster_spec",
    "process_count_per_node": 2,
    "node_count": 5,
    "worker_count": 1,
    "evaluator_count": 1,
    "environment_variables": {"TF_CONFIG": "{}"},
    "tags": {"tfinfra-run": "x"},
    "secrets": ["PATH", "A", "A"],
    "pip_packages": ["tensorflow", "-e ."],
    "source_builds": ["tensorflow"],
    "framework_version": "1.15",
    "max_run_duration_seconds": 60,
    "limits": {"max_run_duration": "0s", "max_cost_usd": 0.01},
    "on_failure": {"hold": "2h"},
    "setup_script": "none.sh",
    "vm_priority": "dedicated",
    "compute_target": {"cloud": "azure", "vm_size": "Standard_NC4as_T4_v3", "max_nodes": 2, "max_price": 1.0},
}
SCRIPTS = (
    "print()\n",
    "import horovod.tensorflow as hvd\n",
    "import tensorflow as tf\ntf.distribute.MultiWorkerMirroredStrategy()\ntf.train.ClusterSpec({})\n",
    "import tensorflow as tf\nimport keras\ntf.distribute.ParameterServerStrategy(None)\ntf.estimator.RunConfig()\n",
    "print 'two'\n",
)
ANNOTATIONS = {"facts": "Facts", "return": "Iterator[Diagnostic]"}
"""Of a rule, as written."""
SOME = st.dictionaries(st.sampled_from(sorted(WRONG)), st.just(None), max_size=8).map(
    lambda d: {k: WRONG[k] for k in d}
)
ANY = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2)


def findings(folder: Path, arguments: dict[str, Any], those: tuple[Rule, ...]) -> set[Diagnostic]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "RULES", those)
        try:
            return set(check_manifest(project_from_arguments(arguments, name="x", folder=folder)).diagnostics)
        except TfinfraError as error:
            return set(error.diagnostics)


def another(facts: Facts) -> Iterator[Diagnostic]:
    """A rule that somebody adds: everything is wrong."""
    for key in facts.document.data:
        yield error_at(facts.document, "TFI999", (key,), "no")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(wrong=SOME, odd=ANY, script=st.sampled_from(SCRIPTS), left_out=st.sampled_from(RULES))
def test_a_rule_more_or_less_hides_no_finding(
    tmp_path: Path, wrong: dict[str, Any], odd: dict[str, Any], script: str, left_out: Rule
) -> None:
    (tmp_path / "train.py").write_text(script)
    arguments = {"entry_script": "train.py", **wrong, **odd}
    all_of_them = findings(tmp_path, arguments, RULES)
    fewer = findings(tmp_path, arguments, tuple(rule for rule in RULES if rule is not left_out))
    assert fewer <= all_of_them
    more = findings(tmp_path, arguments, (*RULES, another))
    assert {found for found in more if found.code != "TFI999"} == all_of_them


def test_a_manifest_that_is_wrong_everywhere_says_so_in_one_go(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    found = findings(tmp_path, {"entry_script": "train.py", **WRONG}, RULES)
    told = {diagnostic.code for diagnostic in found if diagnostic.is_error}
    assert told == {
        *("TFI205", "TFI209", "TFI301", "TFI303", "TFI305", "TFI306", "TFI311", "TFI315", "TFI317"),
        *("TFI318", "TFI320", "TFI406", "TFI407", "TFI630", "TFI675", "TFI706", "TFI720", "TFI721"),
    }


def test_every_rule_that_is_written_is_asked() -> None:
    written = []
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        found = importlib.import_module(module.name)
        functions = (value for name, value in vars(found).items() if not name.startswith("_") and callable(value))
        own = [value for value in functions if getattr(value, "__module__", "") == found.__name__]
        written += [value for value in own if getattr(value, "__annotations__", {}) == ANNOTATIONS]
        assert found.RULES, module.name
        assert all(rule.__doc__ for rule in found.RULES), module.name
    assert set(written) == set(RULES)
    assert len(written) == len(RULES)
