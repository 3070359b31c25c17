"""What a training script has of tfinfra: `from tfinfra import Run`, on the nodes and outside of a run.

Each task finds a copy of this room at the end of its Python's search path, whatever Python and packages its environment
has. So it imports the standard library alone, and runs on every Python that a manifest may name.
"""

METRICS = "TFINFRA_METRICS"
"""The variable that names the file for a task's points."""
