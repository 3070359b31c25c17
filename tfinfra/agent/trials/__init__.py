"""A node of a pool: the trials of a tune that it lives one after the other (trials.py), each as a run of its own
(trial.py), and the pool's end (ending.py)."""
