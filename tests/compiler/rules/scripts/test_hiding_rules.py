"""One's own modules that hide what TensorFlow imports: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

TF, KERAS = "import tensorflow as tf\n", "import tensorflow as tf\ntf.keras.Sequential()\n"
ERROR = ["error TFI513 train.py:1:1"]
OWN = "def shuffle(): pass\n"
NEWER = "framework_version: 2.18.1\n"
Files = dict[str, str | bytes]
TABLE: dict[str, tuple[Files, str, list[str]]] = {
    "Python's own random": ({"train.py": TF, "random.py": OWN}, "", ERROR),
    "Python's own, as a package": ({"train.py": TF, "queue/__init__.py": OWN}, "", ERROR),
    "a package": ({"train.py": TF, "six.py": OWN}, "", ERROR),
    "a package's copy": ({"train.py": TF, "typing_extensions.py": "class Protocol: pass\n"}, "", []),
    "Keras": ({"train.py": TF, "keras.py": OWN}, "", ERROR),
    "Keras, with a newer TensorFlow": ({"train.py": KERAS, "keras.py": OWN}, NEWER, ERROR),
    "Keras, which a newer TensorFlow does not ask for": ({"train.py": TF, "keras.py": OWN}, NEWER, []),
    "TensorFlow itself": ({"train.py": f"{TF}tf.constant(1)\n", "tensorflow.py": OWN}, "", ERROR),
    "a package of one's own that is called so": (
        {"train.py": "import tensorflow.mine\n", "tensorflow/__init__.py": "", "tensorflow/mine.py": ""},
        "",
        [],
    ),
    "the script itself": (
        {"random.py": TF},
        "entry_script: random.py\n",
        ["error TFI513 random.py:1:1"],
    ),
    "Horovod": (
        {"train.py": "import horovod.tensorflow as hvd\nhvd.init()\n", "horovod.py": OWN},
        "distributed_backend: mpi\n",
        ERROR,
    ),
    "in a function": ({"train.py": f"def f():\n    {TF}", "random.py": OWN}, "", ["warning TFI513 train.py:2:5"]),
    "a folder without an __init__ hides nothing": ({"train.py": TF, "random/data.csv": b""}, "", []),
    "a module that Python has before it looks": ({"train.py": TF, "os.py": OWN, "sys.py": OWN}, "", []),
    "a script without TensorFlow": ({"train.py": "import random\n", "random.py": OWN}, "", []),
    "in another folder": ({"a/train.py": TF, "random.py": OWN}, "entry_script: a/train.py\n", []),
    "in the folder of a package that is run": (
        {"a/train.py": TF, "a/random.py": OWN, "a/__init__.py": ""},
        "entry_script: -m a.train\n",
        [],
    ),
    "beside a package that is run": (
        {"a/train.py": TF, "random.py": OWN},
        "entry_script: -m a.train\n",
        ERROR,
    ),
    "on PYTHONPATH": (
        {"train.py": TF, "lib/random.py": OWN},
        "environment_variables: {PYTHONPATH: lib}\n",
        ERROR,
    ),
    "where Python is told not to look": (
        {"train.py": TF, "random.py": OWN},
        "environment_variables: {PYTHONSAFEPATH: 1}\n",
        [],
    ),
    "a module that makes its names": ({"train.py": TF, "random.py": "def __getattr__(n): pass\n"}, "", []),
}


@pytest.mark.parametrize(("files", "manifest", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, files: Files, manifest: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, files, manifest) if d.code == "TFI513"]
    assert in_short(tuple(found)) == expected
    assert all(d.hint for d in found)
