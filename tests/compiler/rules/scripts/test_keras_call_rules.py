"""Calls that Keras 2 took and Keras 3 refuses: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

TF, MODEL = "import tensorflow as tf\n", "import keras\nm = keras.Sequential()\n"
OLD, NEW = "framework_version: 2.15.1\n", "framework_version: '2.21'\n"
LEGACY = "pip_packages: [tf-keras]\nenvironment_variables: {TF_USE_LEGACY_KERAS: '1'}\n"
LR = TF + "tf.keras.optimizers.Adam(lr=0.1)\n"
SECOND, THIRD = ["warning TFI534 train.py:2:1"], ["warning TFI534 train.py:3:1"]
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "an optimizer's lr": (LR, NEW, SECOND),
    "the same with Keras 2, which ignores it": (LR, OLD, SECOND),
    "the same with tf-keras": (LR, NEW + LEGACY, SECOND),
    "the same of the optimizers before Keras 2.11": (LR.replace("Adam", "legacy.Adam"), OLD, []),
    "the same of TensorFlow 1's Keras": (LR.replace("tf.keras", "tf.compat.v1.keras"), OLD, []),
    "a decay of the learning rate": (TF + "tf.keras.optimizers.SGD(0.1, decay=1e-6)\n", OLD, SECOND),
    "a learning rate for Keras 2": (TF + "tf.keras.optimizers.Adam(learning_rate=0.1)\n", OLD, []),
    "the same of the package keras": ("from keras.optimizers import SGD\nSGD(lr=0.1)\n", NEW, SECOND),
    "a learning rate": (TF + "tf.keras.optimizers.Adam(learning_rate=0.1)\n", NEW, []),
    "a checkpoint without an ending": (TF + "tf.keras.callbacks.ModelCheckpoint('outputs/m')\n", NEW, SECOND),
    "one of weights with another": (
        TF + "tf.keras.callbacks.ModelCheckpoint('outputs/m.h5', save_weights_only=True)\n",
        NEW,
        SECOND,
    ),
    "one with an ending": (TF + "tf.keras.callbacks.ModelCheckpoint('outputs/m-{epoch}.keras')\n", NEW, []),
    "one of weights with its own": (
        TF + "tf.keras.callbacks.ModelCheckpoint('outputs/m.weights.h5', save_weights_only=True)\n",
        NEW,
        [],
    ),
    "one whose name is computed": (TF + "tf.keras.callbacks.ModelCheckpoint(str(1))\n", NEW, []),
    "a checkpoint's period": (TF + "tf.keras.callbacks.ModelCheckpoint('outputs/m.h5', period=2)\n", NEW, SECOND),
    "fit_generator": (MODEL + "m.fit_generator(m)\n", NEW, THIRD),
    "the same with Keras 2, again": (MODEL + "m.fit_generator(m)\n", OLD, []),
    "fit's workers": (MODEL + "m.fit(m, workers=2)\n", NEW, THIRD),
    "save's format": (MODEL + "m.save('outputs/m', save_format='tf')\n", NEW, THIRD),
    "weights whose name ends otherwise": (MODEL + "m.save_weights('outputs/m.h5')\n", NEW, THIRD),
    "weights whose name ends well": (MODEL + "m.save_weights('outputs/m.weights.h5')\n", NEW, []),
    "the same with Keras 2, once more": (MODEL + "m.save_weights('outputs/m.h5')\nm.save('outputs/m')\n", OLD, []),
    "a model's folder": (MODEL + "m.save('outputs/m')\n", NEW, THIRD),
    "a model's file": (MODEL + "m.save('outputs/m.keras')\nm.save('outputs/m.h5')\n", NEW, []),
    "a file of another's": (MODEL + "open('x').save('outputs/m')\n", NEW, []),
    "predict_classes": (MODEL + "m.predict_classes(m)\n", NEW, THIRD),
    "predict_classes with Keras 2": (TF + "tf.keras.Sequential().predict_classes(1)\n", OLD, SECOND),
    "predict_proba of scikit-learn's": ("import other\nother.fit_generator(1).predict_proba(1)\n", OLD, []),
    "a script without a model of Keras": ("import other\nother.fit_generator(1)\n", NEW, []),
}


@pytest.mark.parametrize(("script", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, manifest: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": script, "other.py": "def fit_generator(x): pass\n"}, manifest)
    assert in_short(tuple(one for one in found if one.code == "TFI534")) == expected, [d.message for d in found]
