"""One process, plain Keras; MLflow's autolog tells the metrics of each epoch, and tfinfra's Run the last one."""

import mlflow
import tensorflow as tf
from digits import load

from tfinfra import Run

mlflow.tensorflow.autolog(log_models=False)
(x, y), (x_test, y_test) = load()
model = tf.keras.Sequential(
    [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
)
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(
    x,
    y,
    batch_size=32,
    epochs=20,
    validation_data=(x_test, y_test),
    verbose=2,
    callbacks=[tf.keras.callbacks.TensorBoard("logs")],
)

accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy: {accuracy:.3f}")
Run.get_context().log("test_accuracy", accuracy)
model.save("outputs/model.keras")
