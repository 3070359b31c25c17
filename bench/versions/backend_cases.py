"""A script for each backend and dialect that should train with every TensorFlow, by means that all of them have."""

from __future__ import annotations

from bench.versions.case import MPI, SERVERS, WORKERS, Case

SINGLE = """\
import tensorflow as tf
from helpers import data, tell

x, y = data(0)
model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, y, epochs=2, verbose=0)
model.save("model.keras")
tell(tf.keras.models.load_model("model.keras").get_weights())
"""
_HOROVOD = """\
import horovod.tensorflow as hvd
import tensorflow as tf
from helpers import data, tell

hvd.init()
tf.keras.utils.set_random_seed(hvd.rank())
x, y = data(hvd.rank())
model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.01)
model.set_weights(hvd.broadcast_object(model.get_weights(), root_rank=0))
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    gradients = [hvd.allreduce(g) for g in tape.gradient(loss, model.trainable_variables)]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
tell(model.get_weights())
"""
_MULTI_WORKER = """\
import tensorflow as tf
from helpers import data, tell

strategy = tf.distribute.MultiWorkerMirroredStrategy()
x, y = data(strategy.cluster_resolver.task_id)
with strategy.scope():
    weights = tf.Variable(tf.zeros([4, 1]))


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ weights - y) ** 2)
    gradient = tf.distribute.get_replica_context().all_reduce("mean", tape.gradient(loss, weights))
    weights.assign_sub(0.01 * gradient)


for _ in range(5):
    strategy.run(step)
tell([weights])
"""
_CLUSTER_SPEC = """\
import json
import os

import tensorflow.compat.v1 as tf
from helpers import data, tell

tf.disable_eager_execution()
config = json.loads(os.environ["TF_CONFIG"])
job, index = config["task"]["type"], config["task"]["index"]
cluster = tf.train.ClusterSpec(config["cluster"])
server = tf.train.Server(cluster, job_name=job, task_index=index)
if job == "ps":
    server.join()

x, y = data(0)
with tf.device(tf.train.replica_device_setter(worker_device=f"/job:worker/task:{index}", cluster=cluster)):
    step = tf.train.get_or_create_global_step()
    weights = tf.get_variable("weights", [4, 1], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean((x @ weights - y) ** 2)
    train = tf.train.GradientDescentOptimizer(0.01).minimize(loss, global_step=step)
stop = [tf.train.StopAtStepHook(last_step=50)]
alone = tf.ConfigProto(device_filters=["/job:ps", f"/job:worker/task:{index}"])  # workers do not wait for one another
with tf.train.MonitoredTrainingSession(server.target, index == 0, hooks=stop, config=alone) as session:
    while not session.should_stop():
        session.run(train)
tell([])
"""
SERVE = """\
resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
if resolver.task_type in ("worker", "ps"):
    tf.distribute.Server(resolver.cluster_spec(), job_name=resolver.task_type, task_index=resolver.task_id).join()
strategy = tf.distribute.ParameterServerStrategy(resolver)
"""
_COORDINATOR = f"""\
import tensorflow as tf
from helpers import data, tell

{SERVE}
with strategy.scope():
    weights = tf.Variable(tf.zeros([4, 1]))
x, y = data(0)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ weights - y) ** 2)
    weights.assign_sub(0.01 * tape.gradient(loss, weights))


coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
for _ in range(5):
    coordinator.schedule(step)
coordinator.join()
tell([weights])
"""
ESTIMATOR = """\
import os

import tensorflow as tf
from helpers import data, tell

x, y = data(0)


def batches():
    return tf.data.Dataset.from_tensor_slices(({"x": x}, y)).repeat().batch(16)


config = tf.estimator.RunConfig(model_dir=os.environ["TFINFRA_CHECKPOINTS"])
columns = [tf.feature_column.numeric_column("x", shape=[4])]
model = tf.estimator.LinearRegressor(columns, config=config)
training = tf.estimator.TrainSpec(batches, max_steps=50)
tf.estimator.train_and_evaluate(model, training, tf.estimator.EvalSpec(batches, steps=1, start_delay_secs=0))
tell([])
"""

BACKENDS = (
    Case("no backend", SINGLE),
    Case("mpi", _HOROVOD, MPI),
    Case("ps: cluster_spec", _CLUSTER_SPEC, {**SERVERS, "tf_config": "cluster_spec"}),
    Case("ps: coordinator", _COORDINATOR, {**SERVERS, "tf_config": "coordinator"}),
    Case("ps: estimator", ESTIMATOR, {**SERVERS, "tf_config": "estimator"}),
    Case("multi_worker", _MULTI_WORKER, WORKERS),
)
