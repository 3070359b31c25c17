"""What `tfinfra init` writes: a manifest and a training script to begin with."""

from __future__ import annotations

import os
from pathlib import Path

from tfinfra.compiler.deploy.write import write_tree
from tfinfra.errors import UsageError

_MANIFEST = """\
# What to train and how it is distributed.
# `tfinfra plan train.yaml` shows what comes of it, `tfinfra up train.yaml` runs it.
entry_script: train.py
script_params:
  --epochs: 5
pip_packages: [scikit-learn==1.5.2]

# Two nodes with Horovod: a script that uses it, and
# node_count: 2
# distributed_backend: mpi

compute_target: local       # the cloud embedded in tfinfra: no account, no cost
# compute_target: {cloud: azure, location: eastus, vm_size: Standard_NC4as_T4_v3}
# use_gpu: true

limits:
  max_run_duration: 1h      # everything is deleted then, whatever happens
"""

_SCRIPT = '''\
"""Trains a small network on scikit-learn's handwritten digits and saves it to ./outputs."""

import argparse
import os

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=5)
args = parser.parse_args()

data = load_digits()
x, x_test, y, y_test = train_test_split(data.data / 16.0, data.target, test_size=0.2, random_state=0)
layers = [tf.keras.layers.Input((64,)), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)]
model = tf.keras.Sequential(layers)
loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(tf.keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
model.fit(x, y, epochs=args.epochs, verbose=2)
print(f"test accuracy: {model.evaluate(x_test, y_test, verbose=0)[1]:.3f}", flush=True)
os.makedirs("outputs", exist_ok=True)
model.save("outputs/model.keras")
'''

_FILES = {"train.yaml": _MANIFEST, "train.py": _SCRIPT}


def write_starter(folder: Path) -> list[Path]:
    """Writes the files into `folder`; their paths, the manifest's first. Raises UsageError where one exists."""
    paths = [folder / name for name in _FILES]
    existing = [str(path) for path in paths if os.path.lexists(path)]
    if existing:
        raise UsageError(f"{' and '.join(existing)} would be overwritten", "name an empty folder: tfinfra init FOLDER")
    write_tree(_FILES, folder)
    return paths
