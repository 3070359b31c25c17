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


@pytest.mark.parametrize(("script", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said_of(script: str, expected: list[str], tmp_path: Path) -> None:
    found = said_of(tmp_path, {"train.py": script}, MANIFEST)
    assert [line for line in in_short(found) if "TFI538" in line] == expected
