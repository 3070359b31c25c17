"""One trial of a search: plain Keras with the parameters that it is given; each epoch's accuracy is a metric."""

import argparse

import tensorflow as tf
from digits import load

from tfinfra import Run

parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--hidden", type=int, default=64)
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args()

run = Run.get_context()
(x, y), (x_test, y_test) = load()
model = tf.keras.Sequential(
    [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(args.hidden, "relu"), tf.keras.layers.Dense(10)]
)
model.compile(
    tf.keras.optimizers.Adam(args.learning_rate),
    tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)


class Told(tf.keras.callbacks.Callback):
    """Logs what the search compares: each call is an interval of its policy."""

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002  Keras gives both
        run.log("validation_acc", logs["val_accuracy"])


model.fit(
    x,
    y,
    batch_size=args.batch_size,
    epochs=args.epochs,
    validation_data=(x_test, y_test),
    verbose=2,
    callbacks=[Told()],
)
model.save("outputs/model.keras")
