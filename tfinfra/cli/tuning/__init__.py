"""A tune and its trials: the rows of the live table (`tune_rows.py`)."""
