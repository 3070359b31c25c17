"""What training says in numbers, on its way from a node's tasks to a file of points for each: MLflow's tracking API on
loopback (tracking_server.py), `from tfinfra import Run` (script_package.py), and the node's own figures
(node_figures.py). agent/node/log_shipping.py brings the files into the store."""
