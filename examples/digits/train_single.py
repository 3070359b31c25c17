"""One process, plain Keras."""

import argparse
import os

import tensorflow as tf
from digits import load

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--learning-rate", type=float, default=0.005)
args = parser.parse_args()

(x, y), (x_test, y_test) = load()
model = tf.keras.Sequential(
    [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
)
model.compile(
    tf.keras.optimizers.Adam(args.learning_rate),
    tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x, y, batch_size=32, epochs=args.epochs, verbose=2)

accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy: {accuracy:.3f}")
os.makedirs("outputs", exist_ok=True)
model.save("outputs/model.keras")
