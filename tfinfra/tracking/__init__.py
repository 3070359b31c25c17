"""Other MLflow servers as a place where a run's points go: `sending.py` says what becomes of a point there, `server.py`
speaks MLflow's tracking REST, `on_the_way.py` says who could read a token. It travels in the bundle: nodes send on
while they train, the client afterwards."""
