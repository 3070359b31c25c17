"""Names that ended with TensorFlow 1, wherever a script may come by: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of
from tfinfra.catalog.tensorflow1_names import replacement, without_replacement

TF, TF1 = "import tensorflow as tf\n", "import tensorflow.compat.v1 as tf\n"
ERROR = ["error TFI512 train.py:2:1"]
TABLE: dict[str, tuple[str, list[str]]] = {
    "a part of tf.contrib": (TF + "tf.contrib.layers.flatten(1)\n", ERROR),
    "the same through compat.v1": (TF1 + "tf.contrib.layers.flatten(1)\n", ERROR),
    "the same as an assigned name": (TF + "v1 = tf.compat.v1\nv1.contrib.slim.x\n", ["error TFI512 train.py:3:1"]),
    "imported from": ("from tensorflow.contrib import slim\n", ["error TFI512 train.py:1:1"]),
    "imported by its whole name": ("import tensorflow.contrib.slim as s\n", ["error TFI512 train.py:1:1"]),
    "the tutorials' data": (
        "from tensorflow.examples.tutorials.mnist import input_data\n",
        ["error TFI512 train.py:1:1"],
    ),
    "in a function that nobody calls": (
        TF + "def f():\n    tf.contrib.rnn.LSTMCell(1)\n",
        ["warning TFI512 train.py:3:5"],
    ),
    "in main, which is called": (
        TF + "def main():\n    tf.contrib.rnn.LSTMCell(1)\nif __name__ == '__main__':\n    main()\n",
        ["error TFI512 train.py:3:5"],
    ),
    "in main, which absl runs": (
        TF + "from absl import app\ndef main(_):\n    tf.contrib.rnn.LSTMCell(1)\napp.run(main)\n",
        ["error TFI512 train.py:4:5"],
    ),
    "behind a question for the version": (TF + "if tf.__version__[0] == '1':\n    tf.contrib.layers.flatten(1)\n", []),
    "tried": ("try:\n    from tensorflow.contrib import slim\nexcept ImportError:\n    slim = None\n", []),
    "tried, and given up": (
        "try:\n    from tensorflow.contrib import slim\nexcept ImportError as e:\n    raise SystemExit(1)\n",
        ["error TFI512 train.py:2:5"],
    ),
    "made by the script itself": (TF + "tf.contrib = object()\ntf.contrib.x\n", []),
    "each part once": (
        TF + "tf.contrib.slim.a\ntf.contrib.slim.b\ntf.contrib.rnn.c\n",
        [*ERROR, "error TFI512 train.py:4:1"],
    ),
    "TensorFlow 1, or TensorFlow where that fails": (
        "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf\ntf.Session()\n",
        [],
    ),
}


@pytest.mark.parametrize(("script", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, script: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": script})
    assert in_short(found) == expected
    assert all(d.hint for d in found)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Session", "tf.compat.v1.Session"),
        ("VERSION", "tf.__version__"),
        ("log1p", "tf.math.log1p"),
        ("train.batch", "tf.compat.v1.train.batch"),
    ],
)
def test_what_takes_a_names_place(name: str, place: str) -> None:
    assert replacement(f"tensorflow.{name}") == f"{place} replaces it"


@pytest.mark.parametrize("name", ["initializers.zeros", "losses.mean_squared_error", "math.log1p", "version.VERSION"])
def test_what_tensorflow_2_has(name: str) -> None:
    assert replacement(f"tensorflow.{name}") is None
    assert without_replacement(f"tensorflow.{name}") is None


def test_a_scripts_own_flags_are_no_names_of_tensorflows(tmp_path: Path) -> None:
    script = "import tensorflow as tf\nF = tf.app.flags.FLAGS\nprint(F.lr, F.hosts.split(','))\n"
    assert in_short(said_of(tmp_path, {"train.py": script})) == ["warning TFI504 train.py:2:1"]
