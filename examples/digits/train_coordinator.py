"""tf.distribute.ParameterServerStrategy: the chief drives, workers and the parameter server only serve."""

import argparse
import os

import tensorflow as tf
from digits import load

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=12)
args = parser.parse_args()

resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
if resolver.task_type in ("worker", "ps"):
    server = tf.distribute.Server(
        resolver.cluster_spec(), job_name=resolver.task_type, task_index=resolver.task_id, protocol="grpc"
    )
    server.join()  # never returns: the run ends it when the chief is done

strategy = tf.distribute.ParameterServerStrategy(resolver)
(x, y), (x_test, y_test) = load()
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).repeat().batch(32)
with strategy.scope():
    model = tf.keras.Sequential(
        [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
    )
    model.compile(
        tf.keras.optimizers.Adam(0.005),
        tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=len(x) // 32,
    )
model.fit(data, epochs=args.epochs, steps_per_epoch=len(x) // 32, verbose=2)

trained = tf.keras.models.clone_model(model)  # outside the scope: the chief evaluates and saves without the cluster
trained.set_weights(model.get_weights())
trained.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
print(f"test accuracy: {trained.evaluate(x_test, y_test, verbose=0)[1]:.3f}")
os.makedirs("outputs", exist_ok=True)
trained.save("outputs/model.keras")
