"""What a run's tasks have logged as numbers, read and handed on: `run_points.py` finds the points, `series.py` puts
them in rows."""
