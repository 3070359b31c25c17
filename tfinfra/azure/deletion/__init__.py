"""What is in a run's group, whose it is, and how what is ours goes one by one where something else is in there too."""
