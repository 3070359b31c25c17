"""What is said where an MLflow server of the user's own did not take a run's metrics: they come home all the same."""

from __future__ import annotations

from tfinfra.model import Forwarded


def why_not_sent(found: Forwarded | None, *, over: bool) -> str | None:
    """The problem, None where there is none. `over`: the run has ended, and there was something to send."""
    if found is not None and found.problem is not None:
        return found.problem
    if over and (found is None or not found.ended):
        return "the node that sends them ended before all were sent"
    return None


def not_sent(uri: str, problem: str, run: str) -> str:
    """The line that says so of the server at `uri`."""
    again = f"`tfinfra metrics {run} --to {uri}` sends them later"
    return f"warning: the metrics could not be sent to {uri}: {problem}; {again}"
