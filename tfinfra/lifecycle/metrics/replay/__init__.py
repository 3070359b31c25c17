"""A run's points into another MLflow, while it goes on or long afterwards: into a server, or into a database on this
machine by MLflow itself."""
