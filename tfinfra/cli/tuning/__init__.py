"""A tune and its trials: the verb (`tune.py`), the rows of the live table (`tune_rows.py`), its trials as a table
(`trials.py`)."""
