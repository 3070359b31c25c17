"""Modules and names that Keras lost, against the Keras of framework_version: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

OLD, NEW = "framework_version: 2.15.1\n", "framework_version: '2.21'\n"
LEGACY = "pip_packages: [tf-keras]\nenvironment_variables: {TF_USE_LEGACY_KERAS: '1'}\n"
ERROR = ["error TFI531 train.py:1:1"]
LINE_2 = "error TFI531 train.py:2:1"
PREPROCESSING = "from tensorflow.keras.layers.experimental import preprocessing\n"
GENERATOR = "from keras.preprocessing.image import ImageDataGenerator\n"
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "a module of layers": ("from keras.layers.core import Dense, Dropout\n", OLD, ERROR),
    "the same with Keras 3": ("from keras.layers.core import Dense\n", NEW, ERROR),
    "the same with the last Keras that has it": (
        "from keras.layers.core import Dense\n",
        "framework_version: '2.12'\npython_version: '3.11'\n",
        [],
    ),
    "activations that are layers": ("from keras.layers.advanced_activations import PReLU\n", OLD, ERROR),
    "np_utils": ("from keras.utils import np_utils\n", OLD, ERROR),
    "np_utils by its whole name": ("import keras.utils.np_utils as u\n", NEW, ERROR),
    "what is in it": ("from keras.utils.np_utils import to_categorical\n", NEW, ERROR),
    "np_utils of tf.keras": ("from tensorflow.keras.utils import np_utils\n", OLD, ERROR),
    "what is in it, of tf.keras": ("from tensorflow.keras.utils.np_utils import to_categorical\n", NEW, ERROR),
    "a module of layers, of tf.keras": ("from tensorflow.keras.layers.core import Dense\n", OLD, ERROR),
    "the engine of tf.keras": ("from tensorflow.keras.engine import Layer\n", OLD, ERROR),
    "optimizers of tf.keras by their module": ("from tensorflow.keras.optimizers import adam_v2\n", OLD, ERROR),
    "several GPUs of tf.keras": ("from tensorflow.keras.utils import multi_gpu_model\n", OLD, ERROR),
    "what tf.keras has": (
        "from tensorflow.keras.applications.resnet50 import ResNet50\nfrom tensorflow.keras.datasets import mnist\n"
        "from tensorflow.keras.preprocessing.text import Tokenizer\n"
        "from tensorflow.keras.optimizers.legacy import Adam\n"
        "from tensorflow.keras.layers import Dense, Normalization\nfrom tensorflow.keras import backend as K\n",
        OLD,
        [],
    ),
    "the wrapper for scikit-learn": ("from keras.wrappers.scikit_learn import KerasClassifier\n", NEW, ERROR),
    "the same of tf.keras": ("from tensorflow.keras.wrappers.scikit_learn import KerasClassifier\n", NEW, ERROR),
    "the engine": ("from keras.engine.topology import Layer\n", OLD, ERROR),
    "preprocessing that was experimental": (PREPROCESSING, NEW, ERROR),
    "the same with Keras 2": (PREPROCESSING, OLD, []),
    "the same with tf-keras": (PREPROCESSING, NEW + LEGACY, []),
    "by attributes": (
        "import tensorflow as tf\ntf.keras.layers.experimental.preprocessing.Rescaling(1)\n",
        NEW,
        ["error TFI531 train.py:2:1"],
    ),
    "a generator of images": (GENERATOR, NEW, ERROR),
    "the same with Keras 2, again": (GENERATOR, OLD, []),
    "the generator of tf.keras": (GENERATOR.replace("keras", "tensorflow.keras", 1), NEW, []),
    "tf-keras in the place of keras": (f"import sys, tf_keras\nsys.modules['keras'] = tf_keras\n{GENERATOR}", NEW, []),
    "the session of TensorFlow 1": ("from keras import backend as K\nK.set_session(None)\n", OLD, [LINE_2]),
    "its like of tf.keras": ("import tensorflow as tf\ntf.keras.backend.get_session()\n", OLD, [LINE_2]),
    "the same of compat.v1": ("import tensorflow as tf\ntf.compat.v1.keras.backend.set_session(None)\n", OLD, []),
    "the same by compat.v1": ("import tensorflow.compat.v1 as tf\ntf.keras.backend.set_session(None)\n", OLD, []),
    "the same with the last Keras of keras that has it": (
        "from keras import backend as K\nK.set_session(None)\n",
        "framework_version: '2.12'\npython_version: '3.11'\n",
        [],
    ),
    "a layer of cuDNN": ("from tensorflow.keras.layers import CuDNNLSTM\n", OLD, ERROR),
    "in a function that nobody calls": (
        "print()\ndef f():\n    from keras.layers.core import Dense\n",
        OLD,
        ["warning TFI531 train.py:3:5"],
    ),
    "tried": ("try:\n    from keras.utils import np_utils\nexcept ImportError:\n    np_utils = None\n", NEW, []),
    "each part once": ("from keras.layers.core import Dense\nfrom keras.layers.core import Lambda\n", OLD, ERROR),
    "many names": (
        "from keras import backend as K\n"
        + "".join(
            f"K.{one}\n" for one in ["sum", "mean", "std", "var", "dot", "max", "min", "abs", "sin", "cos", "exp"]
        ),
        NEW,
        [f"error TFI531 train.py:{line}:1" for line in range(2, 12)],
    ),
    "names that all have": (
        "from keras.layers import Dense\nfrom keras.utils import to_categorical\nfrom keras import backend, models\n"
        "from tensorflow.keras.preprocessing.image import load_img\nfrom keras.optimizers import Adam\n",
        NEW,
        [],
    ),
}


@pytest.mark.parametrize(("script", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, manifest: str, expected: list[str]) -> None:
    more = "" if "pip_packages" in manifest or "tf_keras" not in script else "pip_packages: [tf-keras]\n"
    found = said_of(tmp_path, {"train.py": script}, manifest + more)
    assert in_short(tuple(one for one in found if one.code == "TFI531")) == expected, [d.message for d in found]
    assert all(d.hint for d in found)


@pytest.mark.parametrize(
    ("script", "hint"),
    [
        ("from keras.layers.core import Dense\n", "write keras.layers.Dense"),
        ("from keras.utils import np_utils\n", "write keras.utils"),
        ("from keras.utils.np_utils import to_categorical\n", "write keras.utils.to_categorical"),
        ("import keras.layers.advanced_activations\n", "write keras.layers"),
        (GENERATOR, "write tensorflow.keras.preprocessing.image.ImageDataGenerator"),
        (PREPROCESSING + "preprocessing.Rescaling(1)\n", "write tensorflow.keras.layers"),
        ("from keras.wrappers.scikit_learn import KerasClassifier\n", "write pip_packages: [scikeras]"),
        ("from tensorflow.keras.layers import CuDNNGRU\n", "write tensorflow.keras.layers.GRU"),
        (
            "import keras\nkeras.backend.get_session()\n",
            "write tf.compat.v1.keras.backend.get_session: TensorFlow before 2.16 has it there",
        ),
    ],
)
def test_the_way_out(tmp_path: Path, script: str, hint: str) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}, NEW) if d.code == "TFI531"]
    assert [d.hint for d in found] == [hint]


def test_a_module_of_ones_own_that_is_called_keras_is_another(tmp_path: Path) -> None:
    files = {
        "train.py": "from keras.layers.core import Dense\nDense()\n",
        "keras/layers/core.py": "class Dense: pass\n",
    }
    found = said_of(tmp_path, {**files, "keras/__init__.py": "", "keras/layers/__init__.py": ""}, OLD)
    assert "TFI531" not in [d.code for d in found]
