"""What is asked of the nodes of a run that lives: a command on them (execute.py), more time (extend.py)."""
