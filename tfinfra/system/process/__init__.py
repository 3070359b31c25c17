"""This process and its children: standard streams, signals, inherited variables, what the system refuses."""
