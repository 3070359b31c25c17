"""A training script that says when: `first` as its first act, `begin` and `end` around a fixed number of steps.

`work.py --backend single|mpi|ps --steps N`. Its moments are Unix seconds, one line each on standard output.
"""

import time

print("first", time.time(), flush=True)

# mypy: ignore-errors
# A script as TensorFlow's users write it: untyped, and its packages are in the training environment alone.

import argparse  # noqa: E402  the first line comes first
import json  # noqa: E402
import os  # noqa: E402

WARM_UP = 20
WIDTH = 512
BATCH = 256


def say(moment):
    print(moment, time.time(), flush=True)


def timed(step, steps):
    """Warms up, then runs the steps that count."""
    for _ in range(WARM_UP):
        step()
    say("begin")
    for _ in range(steps):
        step()
    say("end")


def model(tf):
    """Variables and loss of two dense layers on random numbers."""
    x, y = tf.random.normal([BATCH, WIDTH], seed=1), tf.random.normal([BATCH, WIDTH], seed=2)
    weights = [tf.Variable(tf.random.normal([WIDTH, WIDTH], stddev=0.02, seed=n)) for n in (3, 4)]
    return weights, lambda: tf.reduce_mean(tf.square(tf.nn.relu(x @ weights[0]) @ weights[1] - y))


def train_eagerly(steps, average):
    """`average(gradients)` makes one gradient of all ranks'."""
    import tensorflow as tf

    weights, loss = model(tf)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss()
        for weight, gradient in zip(weights, average(tape.gradient(value, weights)), strict=True):
            weight.assign_sub(0.01 * gradient)
        return value

    timed(lambda: step().numpy(), steps)


def single(steps):
    train_eagerly(steps, lambda gradients: gradients)


def mpi(steps):
    import horovod.tensorflow as hvd

    hvd.init()
    train_eagerly(steps, lambda gradients: [hvd.allreduce(g) for g in gradients])


def ps(steps):
    """Between-graph replication: variables on the parameter server, every worker trains."""
    import tensorflow as tf

    config = json.loads(os.environ["TF_CONFIG"])
    kind, index = config["task"]["type"], config["task"]["index"]
    cluster = tf.train.ClusterSpec(config["cluster"])
    server = tf.distribute.Server(cluster, job_name=kind, task_index=index)
    if kind == "ps":
        server.join()
    v1 = tf.compat.v1
    v1.disable_v2_behavior()
    with v1.device(v1.train.replica_device_setter(cluster=cluster, worker_device=f"/job:worker/task:{index}")):
        weights, loss = model(v1)
        update = v1.train.GradientDescentOptimizer(0.01).minimize(loss(), var_list=weights)
        present = v1.Variable(0, use_resource=False)
        arrive = v1.assign_add(present, 1)
    ready, start = v1.report_uninitialized_variables(), v1.global_variables_initializer()
    manager = v1.train.SessionManager(ready_op=ready, recovery_wait_secs=1)
    leads, target = index == 0, server.target
    session = manager.prepare_session(target, start) if leads else manager.wait_for_session(target)
    session.run(arrive)
    while session.run(present) < len(config["cluster"]["worker"]):
        time.sleep(0.01)
    timed(lambda: session.run(update), steps)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", choices=["single", "mpi", "ps"], required=True)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    {"single": single, "mpi": mpi, "ps": ps}[arguments.backend](arguments.steps)
