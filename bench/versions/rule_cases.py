"""What the rules say of versions: scripts that show the fault, and the same after each cure that a hint names."""

from __future__ import annotations

from bench.versions.backend_cases import ESTIMATOR, SERVE, SINGLE
from bench.versions.case import LEGACY, MPI, SERVERS, WORKERS, Case
from tfinfra.catalog.tensorflow1_names import replacements

_HVD = """\
import {hvd} as hvd
import tensorflow as tf
from helpers import data, tell

hvd.init()
tf.keras.utils.set_random_seed(1)
x, y = data(hvd.rank())
"""
_MODEL = "model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(1)])\n"
_DISTRIBUTED = 'model.compile(hvd.DistributedOptimizer(tf.keras.optimizers.SGD(0.01)), "mse")\n'
_FIT = "model.fit(x, y, batch_size=16, epochs=2, verbose=0{})\ntell(model.get_weights())\n"
_KERAS_HVD = _HVD.format(hvd="horovod.tensorflow.keras")
_TF_HVD = _HVD.format(hvd="horovod.tensorflow")
_KERAS_OPTIMIZER = _KERAS_HVD + _MODEL + _DISTRIBUTED + _FIT.format("")
_OWN_SEED = _KERAS_HVD.replace("seed(1)", "seed(hvd.rank())")


def _callback(text: str, *, rank: str = "hvd.rank()") -> str:
    """One callback of Horovod's, beside an optimizer that is not Horovod's."""
    head = _OWN_SEED.replace("data(hvd.rank())", f"data({rank})")
    return f'{head}{_MODEL}model.compile(tf.keras.optimizers.SGD(0.01), "mse")\n{_FIT.format(f", callbacks=[{text}]")}'


_BROADCAST = _callback("hvd.callbacks.BroadcastGlobalVariablesCallback(0)", rank="0").replace("SGD(0.01)", "SGD(0.0)")
_METRICS = _callback("hvd.callbacks.MetricAverageCallback()").replace("tell(model.get_weights())", "tell([])")
_WARMUP_TEXT = "hvd.callbacks.LearningRateWarmupCallback(0.01, warmup_epochs=1, steps_per_epoch=4)"
_WARMUP_SGD = _callback(_WARMUP_TEXT).replace("tell(model.get_weights())", "tell([])")
_WARMUP = _WARMUP_SGD.replace("SGD(", "Adam(")
_WARMUP_CURED = _WARMUP_SGD.replace("steps_per_epoch=4", "steps_per_epoch=4, momentum_correction=False")
_ALL_CALLBACKS = (
    f"{_OWN_SEED}{_MODEL}{_DISTRIBUTED.replace('SGD', 'Adam')}callbacks = [\n"
    "    hvd.callbacks.BroadcastGlobalVariablesCallback(0),\n"
    "    hvd.callbacks.MetricAverageCallback(),\n"
    "    hvd.callbacks.LearningRateWarmupCallback(0.01, warmup_epochs=1, steps_per_epoch=4),\n]\n"
    + _FIT.format(", callbacks=callbacks")
)
_ALONE = """\
import horovod.keras as hvd
import keras
from helpers import data, tell

hvd.init()
keras.utils.set_random_seed(1)
x, y = data(hvd.rank())
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
model.compile(hvd.DistributedOptimizer(keras.optimizers.SGD(0.01)), "mse")
model.fit(x, y, batch_size=16, epochs=2, verbose=0)
tell(model.get_weights())
"""
_LOOP = """\
optimizer = tf.keras.optimizers.SGD(0.01)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    tape = hvd.DistributedGradientTape(tape)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


for _ in range(5):
    step()
tell(model.get_weights())
"""
_TAPE = _TF_HVD + _MODEL + _LOOP
_VALUES = "[v.value for v in model.trainable_variables]"
_TAPE_OF_VALUES = _TAPE.replace("gradient(loss, model.trainable_variables)", f"gradient(loss, {_VALUES})")
_TAPE_OF_VARIABLES = (
    _TF_HVD
    + """\
weights = tf.Variable(tf.zeros([4, 1]))
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ weights - y) ** 2)
    tape = hvd.DistributedGradientTape(tape)
    weights.assign_sub(0.01 * tape.gradient(loss, [weights])[0])
tell([weights])
"""
)
_BROADCAST_VARIABLES = (
    _TF_HVD.replace("seed(1)", "seed(hvd.rank())")
    + _MODEL
    + "hvd.broadcast_variables(model.variables, root_rank=0)\ntell(model.get_weights())\n"
)
_BROADCAST_VALUES = _BROADCAST_VARIABLES.replace("(model.variables", "([v.value for v in model.variables]")
_V1_OPTIMIZER = """\
import horovod.tensorflow as hvd
import tensorflow.compat.v1 as tf
from helpers import data, tell

tf.disable_eager_execution()
hvd.init()
x, y = data(hvd.rank())
weights = tf.get_variable("weights", [4, 1], initializer=tf.zeros_initializer())
loss = tf.reduce_mean((x @ weights - y) ** 2)
train = hvd.DistributedOptimizer(tf.train.GradientDescentOptimizer(0.01)).minimize(loss)
broadcast = hvd.broadcast_global_variables(0)
with tf.train.MonitoredTrainingSession() as session:
    session.run(broadcast)
    for _ in range(5):
        session.run(train)
    learnt = session.run(weights)
tell([learnt])
"""
_HOOK = _V1_OPTIMIZER.replace("broadcast = hvd.broadcast_global_variables(0)\n", "")
_HOOK = _HOOK.replace("    session.run(broadcast)\n", "")
_HOOK = _HOOK.replace("Session()", "Session(hooks=[hvd.BroadcastGlobalVariablesHook(0)])")
_ELASTIC = f"""\
{_OWN_SEED}{_MODEL}model.compile(tf.keras.optimizers.SGD(0.01), "mse")
state = hvd.elastic.KerasState(model, epoch=0)
state.sync()
tell(model.get_weights())
"""
_LOAD = f"""\
{_KERAS_HVD}{_MODEL}optimizer = hvd.DistributedOptimizer(tf.keras.optimizers.SGD(0.01))
model.compile(optimizer, tf.keras.losses.MeanSquaredError())
model.fit(*data(9), batch_size=16, verbose=0)
model.save(f"model-{{hvd.rank()}}.h5")
model = hvd.load_model(f"model-{{hvd.rank()}}.h5")
{_FIT.format("")}"""
_BATCH_NORM = _TF_HVD + "layer = hvd.SyncBatchNormalization()\nlayer(x, training=True)\ntell([layer.moving_mean])\n"

_MIRRORED = """\
import tensorflow as tf
from helpers import data, tell

strategy = tf.distribute.MultiWorkerMirroredStrategy()
"""
_SCOPED = """\
with strategy.scope():
    model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(1)])
"""
_MIRRORED_FIT = (
    f"""\
{_MIRRORED}options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
batches = tf.data.Dataset.from_tensor_slices(data(0)).batch(16).with_options(options)
{_SCOPED}"""
    """\
    model.compile(tf.keras.optimizers.SGD(0.01), "mse")
model.fit(batches, epochs=2, verbose=0)
tell(model.get_weights())
"""
)
_LEGACY_FIRST = 'import os\n\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n'
_STEP = """\
    optimizer = tf.keras.optimizers.SGD(0.01)
    optimizer.build(model.trainable_variables)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))


"""
_MIRRORED_LOOP = (
    f"{_MIRRORED}x, y = data(strategy.cluster_resolver.task_id)\n{_SCOPED}{_STEP}"
    "for _ in range(5):\n    strategy.run(step)\ntell(model.get_weights())\n"
)
_MIRRORED_UTILS = f"""\
{_MIRRORED}tf.keras.utils.set_random_seed(1)
x, y = data(strategy.cluster_resolver.task_id)
with strategy.scope():
    weights = tf.Variable(tf.zeros([4, 1]))
loss = tf.keras.losses.MeanSquaredError(reduction="sum")


@tf.function
def step():
    with tf.GradientTape() as tape:
        error = loss(y, x @ weights)
    total = tf.distribute.get_replica_context().all_reduce("mean", tape.gradient(error, weights))
    weights.assign_sub(0.001 * total)


for _ in range(5):
    strategy.run(step)
tell([weights])
"""
_COORDINATED = f"import tensorflow as tf\nfrom helpers import data, tell\n\n{SERVE}"
_COORDINATOR_FIT = (
    f"{_COORDINATED}batches = tf.data.Dataset.from_tensor_slices(data(0)).repeat().batch(16)\n{_SCOPED}"
    """\
    model.compile(tf.keras.optimizers.SGD(0.01), "mse", steps_per_execution=4)
model.fit(batches, epochs=2, steps_per_epoch=4, verbose=0)
tell(model.get_weights())
"""
)
_COORDINATOR_LOOP = (
    f"{_COORDINATED}x, y = data(0)\n{_SCOPED}{_STEP}"
    """\
@tf.function
def work():
    strategy.run(step)


coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
for _ in range(5):
    coordinator.schedule(work)
coordinator.join()
tell(model.get_weights())
"""
)
_OLD_NAMES = """\
import tensorflow as tf
from helpers import tell

with tf.Graph().as_default():
    value = tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        tell([session.run(value * 2, {value: 1.0})])
"""
_ESTIMATOR_PACKAGE = ESTIMATOR.replace(
    "import tensorflow as tf", "import tensorflow as tf\nimport tensorflow_estimator"
)
_ESTIMATOR_PACKAGE = _ESTIMATOR_PACKAGE.replace("tf.estimator.", "tensorflow_estimator.estimator.")
_COORDINATOR = {**SERVERS, "tf_config": "coordinator"}
_TF_KERAS = {"pip_packages": ["tf-keras"]}
_LEGACY = {"TF_USE_LEGACY_KERAS": "1"}
_MPI_KERAS = {**MPI, **_TF_KERAS}
_LEGACY_OPTIMIZER = _LEGACY_FIRST + _KERAS_OPTIMIZER
_ALIAS = 'import sys\n\nimport tf_keras\n\nsys.modules["keras"] = tf_keras\n'
_ALIASED = _ALIAS + _ALONE
_V1_LAYERS = """\
import tensorflow.compat.v1 as tf
from helpers import data, tell

tf.disable_eager_execution()
x, y = data(0)
tf.set_random_seed(1)
loss = tf.losses.mean_squared_error(y, tf.layers.dense(x, 1))
train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(train)
tell([])
"""
_V1_CELL = """\
import tensorflow.compat.v1 as tf
from helpers import tell

tf.disable_eager_execution()
outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(2), tf.ones([1, 3, 4]), dtype=tf.float32)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    session.run(outputs)
tell([])
"""
_REPLACEMENTS = f"""\
from functools import reduce

import tensorflow as tf
from helpers import tell

NAMES = {sorted(name for name in replacements() if ".estimator." not in name)}
gone = []
for name in NAMES:
    try:
        reduce(getattr, name.split(".")[1:], tf)
    except AttributeError:
        gone.append(name)
if gone:
    raise AttributeError(" ".join(gone))
tell([])
"""


def _with(package: str, text: str) -> str:
    """The same with the package imported by its own name."""
    return text.replace("tf.keras.", "keras.").replace("import tensorflow", f"import {package}\nimport tensorflow", 1)


HOROVOD_RULES = (
    Case("DistributedOptimizer of horovod.tensorflow.keras, in fit", _KERAS_OPTIMIZER, MPI),
    Case(
        "DistributedOptimizer of horovod.tensorflow, in fit",
        _TF_HVD + _MODEL + _DISTRIBUTED + _FIT.format(""),
        MPI,
    ),
    Case("DistributedOptimizer of horovod.keras, in fit", _ALONE, MPI),
    Case("hvd.DistributedOptimizer in fit, with tf-keras", _KERAS_OPTIMIZER, {**MPI, **LEGACY}, keras=3),
    Case(
        "hvd.DistributedOptimizer in fit, the script sets TF_USE_LEGACY_KERAS", _LEGACY_OPTIMIZER, _MPI_KERAS, keras=3
    ),
    Case("DistributedOptimizer of horovod.keras, with tf-keras", _ALONE, {**MPI, **LEGACY}, keras=3),
    Case("DistributedOptimizer of horovod.keras, tf-keras in Keras's place", _ALIASED, _MPI_KERAS, keras=3),
    Case("hvd.DistributedOptimizer around a tf.compat.v1 optimizer", _V1_OPTIMIZER, MPI),
    Case("hvd.BroadcastGlobalVariablesHook", _HOOK, MPI),
    Case("hvd.DistributedGradientTape over a Keras model's variables", _TAPE, MPI),
    Case("hvd.DistributedGradientTape over their values", _TAPE_OF_VALUES, MPI, keras=3),
    Case(
        "hvd.DistributedGradientTape over a Keras model's variables, with tf-keras", _TAPE, {**MPI, **LEGACY}, keras=3
    ),
    Case("hvd.DistributedGradientTape over tf.Variables", _TAPE_OF_VARIABLES, MPI),
    Case("hvd.broadcast_variables over a Keras model's variables", _BROADCAST_VARIABLES, MPI),
    Case("hvd.broadcast_variables over their values", _BROADCAST_VALUES, MPI, keras=3),
    Case("hvd's BroadcastGlobalVariablesCallback", _BROADCAST, MPI),
    Case("hvd's MetricAverageCallback", _METRICS, MPI),
    Case("hvd's LearningRateWarmupCallback, with Adam", _WARMUP, MPI),
    Case("hvd's LearningRateWarmupCallback, with SGD", _WARMUP_SGD, MPI),
    Case("hvd's LearningRateWarmupCallback, no momentum_correction", _WARMUP_CURED, MPI),
    Case("hvd's LearningRateWarmupCallback, with legacy.SGD", _WARMUP_SGD.replace("SGD(", "legacy.SGD("), MPI, keras=2),
    Case("hvd's LearningRateWarmupCallback, with RMSprop", _WARMUP_SGD.replace("SGD(", "RMSprop("), MPI),
    Case("hvd's optimizer and callbacks together", _ALL_CALLBACKS, MPI),
    Case("hvd's optimizer and callbacks together, with tf-keras", _ALL_CALLBACKS, {**MPI, **LEGACY}, keras=3),
    Case(
        "hvd's optimizer and callbacks together, tf-keras in Keras's place",
        _ALIAS + _ALL_CALLBACKS,
        {**MPI, **LEGACY},
        keras=3,
    ),
    Case("hvd's BroadcastGlobalVariablesCallback, with tf-keras", _BROADCAST, {**MPI, **LEGACY}, keras=3),
    Case("hvd's MetricAverageCallback, with tf-keras", _METRICS, {**MPI, **LEGACY}, keras=3),
    Case("hvd.elastic.KerasState, with tf-keras", _ELASTIC, {**MPI, **LEGACY}, keras=3),
    Case("hvd.load_model, with tf-keras", _LOAD, {**MPI, **LEGACY}, keras=3),
    Case("hvd.SyncBatchNormalization, with tf-keras", _BATCH_NORM, {**MPI, **LEGACY}, keras=3),
    Case("hvd.elastic.KerasState", _ELASTIC, MPI),
    Case("hvd.load_model", _LOAD, MPI),
    Case("hvd.SyncBatchNormalization", _BATCH_NORM, MPI),
)
STRATEGY_RULES = (
    Case("fit under MultiWorkerMirroredStrategy", _MIRRORED_FIT, WORKERS),
    Case("fit under MultiWorkerMirroredStrategy, without a backend", _MIRRORED_FIT),
    Case("fit under MultiWorkerMirroredStrategy, with one worker", _MIRRORED_FIT, {**WORKERS, "node_count": 1}),
    Case("keras's fit under MultiWorkerMirroredStrategy", _with("keras", _MIRRORED_FIT), WORKERS, keras=3),
    Case("fit under MultiWorkerMirroredStrategy, with tf-keras", _MIRRORED_FIT, {**WORKERS, **LEGACY}, keras=3),
    Case(
        "fit under MultiWorkerMirroredStrategy, the script sets TF_USE_LEGACY_KERAS",
        _LEGACY_FIRST + _MIRRORED_FIT,
        {**WORKERS, **_TF_KERAS},
        keras=3,
    ),
    Case(
        "tf_keras's fit under MultiWorkerMirroredStrategy",
        _with("tf_keras as keras", _MIRRORED_FIT),
        {**WORKERS, **_TF_KERAS},
        keras=3,
    ),
    Case("a Keras model in a loop under MultiWorkerMirroredStrategy", _MIRRORED_LOOP, WORKERS),
    Case("Keras's losses and utilities under MultiWorkerMirroredStrategy", _MIRRORED_UTILS, WORKERS),
    Case("fit under ParameterServerStrategy", _COORDINATOR_FIT, _COORDINATOR),
    Case("fit under ParameterServerStrategy, with tf-keras", _COORDINATOR_FIT, {**_COORDINATOR, **LEGACY}, keras=3),
    Case("a Keras model in a loop under ParameterServerStrategy", _COORDINATOR_LOOP, _COORDINATOR),
    Case(
        "fit under MultiWorkerMirroredStrategy, the variable set after the import",
        _MIRRORED_FIT.replace("as tf\n", f"as tf\n{_LEGACY_FIRST}", 1),
        {**WORKERS, **_TF_KERAS},
        keras=3,
    ),
    Case("TF_USE_LEGACY_KERAS without the package tf-keras", SINGLE, {"environment_variables": _LEGACY}),
    Case("tf.compat.v1.keras", SINGLE.replace("w as", "w.compat.v1 as")),
    Case("tf.compat.v1.layers", _V1_LAYERS),
    Case("tf.compat.v1.nn.rnn_cell", _V1_CELL),
    Case("tf.compat.v1.layers, with tf-keras", _V1_LAYERS, LEGACY, keras=3),
    Case("tf.compat.v1.nn.rnn_cell, with tf-keras", _V1_CELL, LEGACY, keras=3),
    Case("what replaces names of TensorFlow 1", _REPLACEMENTS),
    Case("tf.estimator", ESTIMATOR, {**SERVERS, "tf_config": "auto"}),
    Case(
        "the package tensorflow-estimator",
        _ESTIMATOR_PACKAGE,
        {**SERVERS, "tf_config": "auto", "pip_packages": ["tensorflow-estimator"]},
        keras=3,
    ),
    Case("names of TensorFlow 1", _OLD_NAMES),
    Case(
        "names of TensorFlow 1 after `import tensorflow.compat.v1 as tf`", _OLD_NAMES.replace("w as", "w.compat.v1 as")
    ),
)
RULES = (*HOROVOD_RULES, *STRATEGY_RULES)
