"""The verbs on what a run's tasks log: as text, CSV, document or plot (`metrics.py`), and TensorBoard
(`tensorboard.py`)."""
