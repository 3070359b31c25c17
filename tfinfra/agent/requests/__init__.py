"""What the run's client asks of a node that lives: taken where it is signed (desk.py), answered (answers.py), and its
commands run (commands.py)."""
