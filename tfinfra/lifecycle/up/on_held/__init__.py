"""`up --on RUN`: a run on the nodes that another keeps. Read launch_on_held.py first."""
