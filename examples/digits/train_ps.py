"""Between-graph replication as TensorFlow 1 scripts do it: tf.train.ClusterSpec from TF_CONFIG, variables on the
parameter server, every worker on its share of the digits."""

import argparse
import json
import os

import numpy as np
import tensorflow as tf
from digits import batches, load

tf1 = tf.compat.v1
tf1.disable_eager_execution()

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=1500)
args = parser.parse_args()

config = json.loads(os.environ["TF_CONFIG"])
job, index = config["task"]["type"], config["task"]["index"]
cluster = tf.train.ClusterSpec(config["cluster"])
server = tf.distribute.Server(cluster, job_name=job, task_index=index)
if job == "ps":
    server.join()  # never returns: the run ends it when worker 0 is done

leader = index == 0
(x, y), (x_test, y_test) = load()
share = slice(index, None, cluster.num_tasks("worker"))

with tf1.device(tf1.train.replica_device_setter(worker_device=f"/job:worker/task:{index}", cluster=cluster)):
    step = tf1.train.get_or_create_global_step()
    images = tf1.placeholder(tf.float32, [None, 64])
    labels = tf1.placeholder(tf.int64, [None])
    w1 = tf1.get_variable("w1", [64, 64])
    b1 = tf1.get_variable("b1", [64], initializer=tf1.zeros_initializer())
    w2 = tf1.get_variable("w2", [64, 10])
    b2 = tf1.get_variable("b2", [10], initializer=tf1.zeros_initializer())
    logits = tf.nn.relu(images @ w1 + b1) @ w2 + b2
    loss = tf1.losses.sparse_softmax_cross_entropy(labels, logits)
    train = tf1.train.AdamOptimizer(0.005).minimize(loss, global_step=step)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))

# A worker talks to the parameter server alone, and need not wait for the other workers to be there.
settings = tf1.ConfigProto(device_filters=["/job:ps", f"/job:worker/task:{index}"])
manager = tf1.train.SessionManager(ready_op=tf1.report_uninitialized_variables(), recovery_wait_secs=1)
if leader:
    session = manager.prepare_session(server.target, init_op=tf1.global_variables_initializer(), config=settings)
else:
    session = manager.wait_for_session(server.target, config=settings, max_wait_secs=600)

data, done, own = batches(x[share], y[share], 32, seed=index), 0, 0
with session:
    while done < args.steps:
        a, b = next(data)
        _, done = session.run([train, step], {images: a, labels: b})
        own += 1
    print(f"worker {index} took {own} of {done} steps")
    if leader:
        print(f"test accuracy: {session.run(accuracy, {images: x_test, labels: y_test}):.3f}")
        os.makedirs("outputs", exist_ok=True)
        np.savez("outputs/model.npz", **session.run({"w1": w1, "b1": b1, "w2": w2, "b2": b2}))
