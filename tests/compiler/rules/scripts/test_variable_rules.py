"""Variables that a script asks for, and a TF_CONFIG that it sets: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

VARIABLE = ["error TFI533 train.py:2:1"]
WORKERS = "distributed_backend: multi_worker\nnode_count: 2\n"
VARIABLES: dict[str, tuple[str, str, list[str]]] = {
    "SageMaker's": ("os.environ['SM_MODEL_DIR']", "", VARIABLE),
    "Vertex AI's": ("os.environ['AIP_MODEL_DIR']", "", VARIABLE),
    "torchrun's": ("os.environ['LOCAL_RANK']", "", VARIABLE),
    "one that the manifest sets": ("os.environ['RANK']", "environment_variables: {RANK: 0}\n", []),
    "a secret": ("os.environ['KAGGLE_KEY']", "secrets: [KAGGLE_KEY]\n", []),
    "one of the script's own": ("os.environ['SMALL']", "", ["warning TFI537 train.py:2:1"]),
    "one of the script's own that the manifest sets": (
        "os.environ['SMALL']",
        "environment_variables: {SMALL: 1}\n",
        [],
    ),
    "one of the machine's": ("os.environ['HOME'], os.environ['LC_ALL']", "", []),
    "one that TensorFlow takes": ("os.environ['TF_CPP_MIN_LOG_LEVEL']", "", []),
    "one that another module sets": ("import settings\nos.environ['LARGE']", "", []),
    "TF_CONFIG of nobody": ("os.environ['TF_CONFIG']", "", ["error TFI537 train.py:2:1"]),
    "TF_CONFIG of a worker": ("os.environ['TF_CONFIG']", WORKERS, []),
    "tfinfra's": ("os.environ['TFINFRA_OUTPUTS']", "", []),
    "one with a default": ("os.environ.get('SM_MODEL_DIR', 'outputs')", "", []),
    "one that is asked for first": ("print('RANK' in os.environ and os.environ['RANK'])", "", []),
    "one that the script sets": ("os.environ['RANK'] = '0'\nos.environ['RANK']", "", []),
    "one that is tried": ("try:\n    os.environ['RANK']\nexcept KeyError:\n    pass", "", []),
}


@pytest.mark.parametrize(("line", "manifest", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_what_is_said_of_variables(tmp_path: Path, line: str, manifest: str, expected: list[str]) -> None:
    files = {"train.py": f"import os\n{line}\n", "settings.py": "import os\nos.environ['LARGE'] = '1'\n"}
    assert in_short(tuple(d for d in said_of(tmp_path, files, manifest) if d.code != "TFI506")) == expected


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SM_CHANNEL_TRAIN", "write os.environ['TFINFRA_INPUT_TRAIN'], with such a name in `inputs`"),
        ("AIP_CHECKPOINT_DIR", "write os.environ['TFINFRA_CHECKPOINTS']"),
        ("RANK", "write hvd.rank(), hvd.size() or hvd.local_rank()"),
        ("MASTER_ADDR", "write `environment_variables: {MASTER_ADDR: …}`, or leave it out"),
    ],
)
def test_what_takes_a_variables_place(tmp_path: Path, name: str, hint: str) -> None:
    (found,) = said_of(tmp_path, {"train.py": f"import os\nos.environ['{name}']\n"})
    assert found.hint == hint


TUTORIAL = "{'cluster': {'worker': ['localhost:1234', 'localhost:2345']}, 'task': {'type': 'worker', 'index': 0}}"
CONFIGS: dict[str, tuple[str, bool]] = {
    "a tutorial's": (f"os.environ['TF_CONFIG'] = json.dumps({TUTORIAL})", True),
    "a tutorial's by a name": (f"config = {TUTORIAL}\nos.environ['TF_CONFIG'] = json.dumps(config)", True),
    "a tutorial's with a task that is computed": (
        f"n = 0\nos.environ['TF_CONFIG'] = json.dumps({TUTORIAL.replace('0}', 'n}')})",
        True,
    ),
    "a text": (
        """os.environ['TF_CONFIG'] = '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"index": 0}}'""",
        True,
    ),
    "one of itself": ("c = json.dumps(c)\nos.environ['TF_CONFIG'] = c", False),
    "one address": ("os.environ['TF_CONFIG'] = json.dumps({'cluster': {'worker': ['localhost:1']}})", False),
    "the run's, changed": ("c = json.loads(os.environ['TF_CONFIG'])\nos.environ['TF_CONFIG'] = json.dumps(c)", False),
    "one that is set where there is none": (
        f"if 'TF_CONFIG' not in os.environ:\n    os.environ['TF_CONFIG'] = json.dumps({TUTORIAL})",
        False,
    ),
    "in a function that nobody calls": (f"def f():\n    os.environ['TF_CONFIG'] = json.dumps({TUTORIAL})", False),
}


@pytest.mark.parametrize(("line", "warned"), CONFIGS.values(), ids=CONFIGS)
def test_what_is_said_of_a_tf_config(tmp_path: Path, line: str, warned: bool) -> None:
    script = f"import json, os\nimport tensorflow as tf\ntf.distribute.MultiWorkerMirroredStrategy()\n{line}\n"
    found = said_of(tmp_path, {"train.py": script}, WORKERS)
    assert [(d.code, d.is_error) for d in found] == ([("TFI536", False)] if warned else [])
