"""Scripts that choose an MLflow server themselves: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

MANIFEST = "pip_packages: [mlflow-skinny]\n"
TOLD = ["warning TFI538 train.py:2:1"]
TABLE: dict[str, tuple[str, list[str]]] = {
    "a server by its name": ("import mlflow\nmlflow.set_tracking_uri('https://team.example.com')\n", TOLD),
    "one that Azure ML names": ("import mlflow\nmlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())\nws = 1\n", TOLD),
    "under another name": ("from mlflow import set_tracking_uri as use\nuse('https://team.example.com')\n", TOLD),
    "the task's own": ("import mlflow, os\nmlflow.set_tracking_uri(os.environ['MLFLOW_TRACKING_URI'])\n", []),
    "a function of the script's own": ("def set_tracking_uri(uri): print(uri)\nset_tracking_uri('x')\n", []),
}


RUN = "from tfinfra import Run\nrun = Run.get_context()\n"
OF_A_RUN: dict[str, tuple[str, list[str]]] = {
    "what it has": (RUN + "run.log('a', 1)\nrun.tag('b')\nprint(run.id, run.parent)\n", []),
    "a model that is registered": (RUN + "run.register_model('m')\n", ["warning TFI539 train.py:3:1"]),
    "without a variable": ("from tfinfra import Run\nRun.get_context().wait()\n", ["warning TFI539 train.py:2:1"]),
    "the same twice": (RUN + "run.wait()\nrun.wait()\n", ["warning TFI539 train.py:3:1"]),
    "what it has not inside of a function": (RUN + "def f():\n    run.x()\n", ["warning TFI539 train.py:4:5"]),
    "a variable that holds something else too": (RUN + "import mlflow\nrun = mlflow.start_run()\nrun.info\n", []),
    "an argument of that name": (RUN + "def f(run):\n    run.info\n", []),
    "a run of another kind": ("from runs import Run\nrun = Run.get_context()\nrun.x()\n", []),
}


@pytest.mark.parametrize(("script", "expected"), OF_A_RUN.values(), ids=OF_A_RUN.keys())
def test_what_is_said_of_a_run(script: str, expected: list[str], tmp_path: Path) -> None:
    found = said_of(tmp_path, {"train.py": script, "runs.py": "class Run: ..."}, "")
    assert [line for line in in_short(found) if "TFI539" in line] == expected


@pytest.mark.parametrize(("script", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said_of(script: str, expected: list[str], tmp_path: Path) -> None:
    found = said_of(tmp_path, {"train.py": script}, MANIFEST)
    assert [line for line in in_short(found) if "TFI538" in line] == expected
