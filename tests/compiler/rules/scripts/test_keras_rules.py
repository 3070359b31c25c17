"""What is said of Keras 3, by a sentence: what `python -m bench versions` has run, and how scripts write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import checked, codes, said
from tfinfra.errors import Severity

KERAS_3 = "framework_version: '2.21'\n"
MPI = f"{KERAS_3}distributed_backend: mpi\n"
LEGACY = "pip_packages: [tf-keras]\nenvironment_variables: {TF_USE_LEGACY_KERAS: 1}\n"
MULTI = f"{KERAS_3}distributed_backend: multi_worker\nnode_count: 2\n"
HVD = "import horovod.tensorflow as hvd\nimport tensorflow as tf\n"
MODEL = "model = tf.keras.Sequential([tf.keras.layers.Dense(1)])\n"
NAMES = "\nx = self = thing = model = loss = None\n"
"""What the scripts here take for defined."""
TAPE = "with tf.GradientTape() as tape:\n    loss = model(x)\ntape = hvd.DistributedGradientTape(tape)\n"
WORKERS = "import tensorflow as tf\nstrategy = tf.distribute.MultiWorkerMirroredStrategy()\n"

TABLE: dict[str, tuple[str, str, list[str]]] = {
    "an optimizer by a name of its own": (
        MPI,
        f"{HVD}opt = tf.keras.optimizers.Adam(0.1)\nopt = hvd.DistributedOptimizer(opt)\n",
        ["TFI502"],
    ),
    "an optimizer by one branch or the other": (
        MPI,
        f"{HVD}adam, sgd = tf.keras.optimizers.Adam, 1\n"
        "opt = hvd.DistributedOptimizer(tf.keras.optimizers.Adam() if sgd else tf.keras.optimizers.SGD())\n",
        ["TFI502"],
    ),
    "an optimizer of TensorFlow 1 by a name of its own": (
        MPI,
        f"{HVD}tf1 = tf.compat.v1\nopt = tf1.train.AdamOptimizer(0.1)\nopt = hvd.DistributedOptimizer(opt)\n",
        [],
    ),
    "an optimizer that comes from elsewhere, in a script without Keras": (
        MPI,
        f"{HVD}def wrap(opt):\n    return hvd.DistributedOptimizer(opt)\n",
        [],
    ),
    "an optimizer that comes from elsewhere, in a script with a model of Keras 3": (
        MPI,
        f"{HVD}{MODEL}def wrap(opt):\n    return hvd.DistributedOptimizer(opt)\n",
        ["TFI502"],
    ),
    "an optimizer of TensorFlow 1 that an object holds, beside a model of Keras 3": (
        MPI,
        f"{HVD}{MODEL}self.opt = tf.compat.v1.train.AdamOptimizer(0.1)\nopt = hvd.DistributedOptimizer(self.opt)\n",
        [],
    ),
    "scikit-learn's fit is none of a model's": (
        f"{MULTI}pip_packages: [scikit-learn]\n",
        f"from sklearn.preprocessing import StandardScaler\n{WORKERS}{MODEL}s = StandardScaler()\ns.fit(x)\n"
        "StandardScaler().fit(x)\n",
        [],
    ),
    "a model that comes from elsewhere": (
        MULTI,
        f"{WORKERS}class Net(tf.keras.Model):\n    pass\ndef train(net):\n    net.fit(x)\ntrain(Net())\n",
        ["TFI507"],
    ),
    "Horovod by its package": (
        MPI,
        "from horovod import tensorflow as hvd\nfrom tensorflow.keras.optimizers import Adam\n"
        "opt = hvd.DistributedOptimizer(optimizer=Adam(0.1))\n",
        ["TFI502"],
    ),
    "a tape by `with`": (
        MPI,
        f"{HVD}{MODEL}with hvd.DistributedGradientTape(tf.GradientTape()) as tape:\n    pass\n"
        "tape.gradient(0, model.trainable_variables)\n",
        ["TFI518"],
    ),
    "an optimizer of the package tf_keras": (
        f"{MPI}pip_packages: [tf-keras]\n",
        f"{HVD}import tf_keras\nopt = hvd.DistributedOptimizer(tf_keras.optimizers.Adam())\n",
        [],
    ),
    "a TensorFlow that is refused is not called Keras 3": (
        "distributed_backend: mpi\nframework_version: '1.13'\n",
        f"{HVD}opt = hvd.DistributedOptimizer(tf.keras.optimizers.Adam())\n",
        ["TFI407"],
    ),
    "a TensorFlow newer than the catalog is": (
        "distributed_backend: mpi\nframework_version: '2.22'\n",
        f"{HVD}opt = hvd.DistributedOptimizer(tf.keras.optimizers.Adam())\n",
        ["TFI415", "TFI502"],
    ),
    "each wrapper has its line": (
        MPI,
        f"{HVD}a = hvd.DistributedOptimizer(tf.keras.optimizers.Adam())\n"
        "b = hvd.DistributedOptimizer(tf.keras.optimizers.SGD())\n",
        ["TFI502", "TFI502"],
    ),
    "a tape that is made and asked in one line": (
        MPI,
        f"{HVD}{MODEL}g = hvd.DistributedGradientTape(tf.GradientTape()).gradient(0, model.trainable_weights)\n",
        ["TFI518"],
    ),
    "variables by a name of their own": (
        MPI,
        f"{HVD}{MODEL}weights = model.trainable_variables + [tf.Variable(0.0)]\n{TAPE}tape.gradient(loss, weights)\n",
        ["TFI518"],
    ),
    "variables in a list": (MPI, f"{HVD}{MODEL}{TAPE}tape.gradient(loss, [*model.variables])\n", ["TFI518"]),
    "variables by keyword": (MPI, f"{HVD}{MODEL}{TAPE}tape.gradient(loss, sources=model.variables)\n", ["TFI518"]),
    "values by a name of their own": (
        MPI,
        f"{HVD}{MODEL}values = [v.value for v in model.trainable_variables]\n{TAPE}tape.gradient(loss, values)\n",
        [],
    ),
    "a tape that is not Horovod's": (
        MPI,
        f"{HVD}{MODEL}with tf.GradientTape() as plain:\n    pass\nplain.gradient(0, model.trainable_variables)\n",
        [],
    ),
    "variables of a tf.Module, in a script without Keras": (
        MPI,
        f"{HVD}model = tf.Module()\n{TAPE}tape.gradient(loss, model.trainable_variables)\n",
        [],
    ),
    "an optimizer's variables for the broadcast": (
        MPI,
        f"{HVD}{MODEL}hvd.broadcast_variables(model.optimizer.variables(), root_rank=0)\n",
        ["TFI518"],
    ),
    "Keras by `from tensorflow import keras`": (
        MPI,
        f"{HVD}from tensorflow import keras\nmodel = keras.Sequential()\n{TAPE}tape.gradient(0, model.variables)\n",
        ["TFI518"],
    ),
    "a callback by its own name": (
        f"{MPI}{LEGACY}",
        "from horovod.tensorflow.keras.callbacks import MetricAverageCallback\nMetricAverageCallback()\n",
        ["TFI519"],
    ),
    "Keras's datasets and losses train nothing by themselves": (
        MULTI,
        f"{WORKERS}x = tf.keras.datasets.mnist.load_data()\nloss = tf.keras.losses.MeanSquaredError()\nthing.fit(x)\n",
        [],
    ),
    "the variable for tf-keras in a dictionary": (
        f"{MULTI}pip_packages: [tf-keras]\n",
        f"import os\nos.environ.update({{'TF_USE_LEGACY_KERAS': '1'}})\n{WORKERS}{MODEL}model.fit()\n",
        [],
    ),
    "the variable for tf-keras, if need be": (
        f"{MULTI}pip_packages: [tf-keras]\n",
        f"from os import environ\nenviron.setdefault('TF_USE_LEGACY_KERAS', 'True')\n{WORKERS}{MODEL}model.fit()\n",
        [],
    ),
    "a value that TensorFlow takes for no": (
        f"{MULTI}pip_packages: [tf-keras]\nenvironment_variables: {{TF_USE_LEGACY_KERAS: 'TRUE'}}\n",
        f"{WORKERS}{MODEL}model.fit()\n",
        ["TFI507"],
    ),
    "the script takes back what the manifest sets": (
        f"{MULTI}{LEGACY}",
        f"import os\nos.environ['TF_USE_LEGACY_KERAS'] = '0'\n{WORKERS}{MODEL}model.fit()\n",
        ["TFI507"],
    ),
    "tf-keras with its version, from a conda channel": (
        f"{MULTI}conda_packages: [tf-keras=2.21]\nenvironment_variables: {{TF_USE_LEGACY_KERAS: 1}}\n",
        f"{WORKERS}{MODEL}model.fit()\n",
        [],
    ),
    "tf-keras by a package that needs it": (
        f"{MULTI}pip_packages: [tensorflow-hub]\nenvironment_variables: {{TF_USE_LEGACY_KERAS: 1}}\n",
        f"{WORKERS}{MODEL}model.fit()\n",
        [],
    ),
    "tf-keras that nobody installs, in a script without tf.keras": (
        "environment_variables: {TF_USE_LEGACY_KERAS: 1}\n",
        "import tensorflow as tf\nprint(tf.zeros(1))\n",
        [],
    ),
    "Horovod's hook where tf.estimator is gone": (MPI, f"{HVD}hvd.BroadcastGlobalVariablesHook(0)\n", ["TFI520"]),
    "layers of TensorFlow 1": (KERAS_3, "import tensorflow.compat.v1 as tf\ntf.layers.dense(0, 1)\n", ["TFI522"]),
    "layers of TensorFlow 1 by TensorFlow 1's own import": (
        KERAS_3,
        "import tensorflow as tf\ntf.layers.dense(0, 1)\ntf.nn.rnn_cell.LSTMCell(1)\n",
        ["TFI522", "TFI522"],
    ),
    "layers of TensorFlow 1, with tf-keras": (
        f"{KERAS_3}{LEGACY}",
        "import tensorflow.compat.v1 as tf\ntf.layers.dense(0, 1)\n",
        [],
    ),
    "the warm-up of a momentum that is a number": (
        "distributed_backend: mpi\n",
        "import horovod.tensorflow.keras as hvd\nfrom tensorflow.keras.optimizers import SGD\nopt = SGD(0.1)\n"
        "hvd.callbacks.LearningRateWarmupCallback(0.1)\n",
        ["TFI523"],
    ),
    "the warm-up of the legacy optimizer's momentum": (
        "distributed_backend: mpi\n",
        "import horovod.tensorflow.keras as hvd\nimport tensorflow as tf\nopt = tf.keras.optimizers.legacy.SGD(0.1)\n"
        "hvd.callbacks.LearningRateWarmupCallback(0.1)\n",
        [],
    ),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_what_is_said_of_keras_3(sentence: str, tmp_path: Path) -> None:
    text, script, expected = TABLE[sentence]
    assert codes(tmp_path, text, script + NAMES) == expected


def test_a_hint_names_the_scripts_own_variables(tmp_path: Path) -> None:
    script = f"{HVD}net = tf.keras.Model()\n{TAPE}tape.gradient(loss, net.trainable_weights)\n"
    (found,) = checked(tmp_path, MPI, script + NAMES).diagnostics
    assert found.position is not None
    assert (found.position.line, found.position.length) == (7, len("net.trainable_weights"))
    assert found.hint == "give it their values: `[v.value for v in net.trainable_weights]`"


def test_the_first_of_many_old_names_has_the_line_that_brings_all_back_and_the_last_says_how_many_more(
    tmp_path: Path,
) -> None:
    names = ("Session", "placeholder", "get_variable", "global_variables", "ConfigProto", "GraphKeys", "assign")
    more = ("assign_add", "variable_scope", "get_collection", "AUTO_REUSE", "py_func")
    script = "import tensorflow as tf\n" + "".join(f"tf.{name}\n" for name in (*names, *more, *names))
    found = checked(tmp_path, "", script).diagnostics
    assert [d.code for d in found] == ["TFI504"] * 10
    assert str(found[0].hint).endswith("; `import tensorflow.compat.v1 as tf` brings all of them back")
    assert found[-1].message.endswith(", and there are 2 more")


@pytest.mark.parametrize(
    ("line", "severity"),
    {
        "hvd.BroadcastGlobalVariablesHook(0)": Severity.ERROR,
        "tf.estimator.RunConfig()": Severity.ERROR,
        "if hasattr(tf, 'estimator'): tf.estimator.RunConfig()": Severity.WARNING,
        "def later(): tf.estimator.RunConfig()": Severity.WARNING,
    }.items(),
)
def test_what_ends_the_script_whatever_happens_is_an_error(line: str, severity: Severity, tmp_path: Path) -> None:
    found = said(tmp_path, MPI, f"{HVD}{line}\n")
    assert [d.severity for d in found] == [severity]


def test_names_that_are_given_to_one_another_again_and_again_cost_no_time(tmp_path: Path) -> None:
    lines = ["a = b", "b = c", "c = d", "d = e", "e = a"] * 60
    lines += [f"x{i} = x{j}" for i in range(40) for j in range(40) if i != j]
    lines += ["hvd.DistributedOptimizer(a)", "a.fit(1)", "x1.fit(1)", "hvd.broadcast_variables(model.variables, 0)\n"]
    assert codes(tmp_path, MPI, HVD + MODEL + "\n".join(lines)) == ["TFI502", "TFI518"]
