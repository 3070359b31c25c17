"""What a training script has of tfinfra: `from tfinfra import Run`, on the nodes and outside of a run.

Each task finds a copy of this room by PYTHONPATH, behind the folders that the manifest names there and before the
packages of its environment: a `tfinfra` that is installed there, it hides. So it imports the
standard library alone, and runs on every Python that a manifest may name.
"""

METRICS = "TFINFRA_METRICS"
"""The variable that names the file for a task's points."""
