#!/bin/sh
# What Open MPI starts on a node for each rank: a working directory, a log file and an exit status of its own. The
# node's agent set TFINFRA_NODE_* for its own prted (or mpirun), because the same command line goes to all nodes.
name=rank-$OMPI_COMM_WORLD_RANK
exec >>"$TFINFRA_NODE_LOGS/$name.log" 2>&1 </dev/null
leave() { printf '%s\n' "$2" >"$TFINFRA_NODE_RANKS/$name.$1.new" && mv "$TFINFRA_NODE_RANKS/$name.$1.new" "$TFINFRA_NODE_RANKS/$name.$1"; }
# A launcher that ends all ranks for one sends TERM first, to the script too. What ends after that is left without a
# record, and so known as ended from outside: its status may be the script's answer to TERM. Two things are known to be
# none: 137, which is KILL's, and any that the shell had seen before TERM came, which it ignores from then on, and mv
# with it. Where it hears of both at once it cannot tell which was first, and records 137 alone.
asked=
trap 'asked=yes' TERM
leave pid $$
export TFINFRA_METRICS="$TFINFRA_NODE_METRICS/$name.jsonl" MLFLOW_TRACKING_TOKEN="$name.$MLFLOW_TRACKING_TOKEN"
cd "$TFINFRA_NODE_WORK/$name" || { leave exit 111; exit 111; }
# shellcheck disable=SC2086  # a command prefix of several words, or none
$TFINFRA_NODE_DIE_WITH_PARENT "$TFINFRA_NODE_PYTHON" "$@"
status=$?
trap '' TERM
[ "$asked" ] && [ $status -ne 137 ] && exit $status
leave exit $status
exit $status
