"""The life of a run, after the compiler and before the user: up → watch → collect → down, each phase an event.

up.py        the phases in order: read it first
ports.py     the effects that the phases need of other rooms, so that tests play them
ending.py    stop, hold, collect and delete, however the run ended
session.py   phases, waiting and interruption: what all phases share
watch.py     what the nodes say, out of the run's object store
collect.py   the run's outputs and logs, out of the store into ./runs/<run>/
down.py      the one teardown: groups deleted, verified, stacks dropped
record.py    what this machine remembers of a run
runs.py      which runs there are, and what is left of them
access.py    one run, wherever it is known; places.py says where to look, elsewhere.py what its store tells
overview.py  all runs; sweep.py ends many at once
settings.py  what a run tells its stacks and its nodes
"""
