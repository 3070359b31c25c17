"""Stock horovod.tensorflow.keras: every rank trains on its share of the digits, rank 0 reports and saves."""

import argparse
import hashlib
import os

import horovod.tensorflow.keras as hvd
import tensorflow as tf
from digits import load

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--learning-rate", type=float, default=0.005)
args = parser.parse_args()

hvd.init()
gpus = tf.config.list_physical_devices("GPU")
for gpu in gpus:
    tf.config.experimental.set_memory_growth(gpu, True)
if gpus:
    tf.config.set_visible_devices(gpus[hvd.local_rank()], "GPU")
tf.keras.utils.set_random_seed(1 + hvd.rank())  # every rank starts from other weights: the broadcast makes them equal

(x, y), (x_test, y_test) = load()
steps = len(x) // hvd.size() // 32  # the same number on every rank, or the last all-reduce would wait for ever
x, y = x[hvd.rank() :: hvd.size()], y[hvd.rank() :: hvd.size()]
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).repeat().batch(32)

model = tf.keras.Sequential(
    [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
)
model.compile(
    hvd.DistributedOptimizer(tf.keras.optimizers.Adam(args.learning_rate * min(hvd.size(), 4))),
    tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(
    data,
    epochs=args.epochs,
    steps_per_epoch=steps,
    verbose=2 if hvd.rank() == 0 else 0,
    callbacks=[hvd.callbacks.BroadcastGlobalVariablesCallback(0), hvd.callbacks.MetricAverageCallback()],
)

weights = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()[:16]
print(f"rank {hvd.rank()} of {hvd.size()}: weight hash {weights}")
if hvd.rank() == 0:
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"test accuracy: {accuracy:.3f}")
    os.makedirs("outputs", exist_ok=True)
    model.save("outputs/model.keras")
