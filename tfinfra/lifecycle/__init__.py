"""The life of a run, after the compiler and before the user. Each folder imports only those below it:

up/         launch.py: from a manifest to a run under way; conductor.py: its phases in order, read it first
attach/     a run from outside: find it, list, sweep, status, logs, fetch
wiring.py   the effects as they really are
preflight.py
provision/  groups, store and nodes, one place after the other
data/       inputs, checkpoints and secrets on their way to the nodes
end/        stop, hold, collect and delete, however the run ended; the one teardown
run/        what all phases share: effects, waiting, interruption, signals
record/     what this machine and the run's store remember of a run, and its names
watch/      what the nodes say, out of the run's object store; how a run is shown
"""
