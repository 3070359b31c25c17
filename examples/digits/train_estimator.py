"""tf.estimator.train_and_evaluate: TensorFlow itself reads TF_CONFIG (chief, worker, ps)."""

import argparse
import json
import os

import tensorflow as tf
from digits import load

tf1 = tf.compat.v1
tf1.logging.set_verbosity(tf1.logging.ERROR)

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=2000)
args = parser.parse_args()

(x, y), (x_test, y_test) = load()
task = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {"type": "chief", "index": 0})


def train_input():
    return tf.data.Dataset.from_tensor_slices(({"x": x}, y)).shuffle(len(x)).repeat().batch(32)


def test_input():
    return tf.data.Dataset.from_tensor_slices(({"x": x_test}, y_test)).batch(360)


def serving_input():
    images = tf1.placeholder(tf.float32, [None, 64])
    return tf.estimator.export.ServingInputReceiver({"x": images}, images)


def model_fn(features, labels, mode):
    hidden = tf1.layers.dense(features["x"], 64, tf.nn.relu)
    logits = tf1.layers.dense(hidden, 10)
    digit = tf.argmax(logits, 1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        exported = {"serving_default": tf.estimator.export.PredictOutput({"digit": digit})}
        return tf.estimator.EstimatorSpec(mode, {"digit": digit}, export_outputs=exported)
    loss = tf1.losses.sparse_softmax_cross_entropy(labels, logits)
    train = tf1.train.AdamOptimizer(0.005).minimize(loss, tf1.train.get_global_step())
    metrics = {"accuracy": tf1.metrics.accuracy(labels, digit)}
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops=metrics)


# Checkpoints go where all tasks can write: the variables are written by the parameter server.
config = tf.estimator.RunConfig(
    model_dir=os.environ.get("TFINFRA_CHECKPOINTS", "outputs/checkpoints"),
    save_checkpoints_steps=args.steps,
    save_summary_steps=None,
)
model = tf.estimator.Estimator(model_fn, config=config)
tf.estimator.train_and_evaluate(
    model,
    tf.estimator.TrainSpec(train_input, max_steps=args.steps),
    tf.estimator.EvalSpec(test_input, steps=None, start_delay_secs=0, throttle_secs=1),
)
if task["type"] == "chief":
    print(f"test accuracy: {model.evaluate(test_input)['accuracy']:.3f}")
    model.export_saved_model("outputs/model", serving_input)
