"""MultiWorkerMirroredStrategy with Keras's fit: every worker holds the same weights; the first one saves them."""

import argparse
import hashlib
import os

import tensorflow as tf
from digits import load

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
args = parser.parse_args()

strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before TensorFlow does anything else
worker = strategy.cluster_resolver.task_id

(x, y), (x_test, y_test) = load()
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=1).batch(64, drop_remainder=True)

with strategy.scope():
    model = tf.keras.Sequential(
        [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
model.fit(data.with_options(options), epochs=args.epochs, verbose=2 if worker == 0 else 0)

weights = model.get_weights()
print(f"weight hash: {hashlib.sha256(b''.join(w.tobytes() for w in weights)).hexdigest()[:16]}")

alone = tf.keras.models.clone_model(model)  # outside of the strategy: evaluating and saving need no other worker
alone.set_weights(weights)
alone.compile(loss=loss, metrics=["accuracy"])
print(f"test accuracy: {alone.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
if worker == 0:
    os.makedirs("outputs", exist_ok=True)
    alone.save("outputs/model.keras")
