"""What a thing that can be done to a run will do and cost, in sentences, before anybody agrees to it."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.lifecycle.asking.extend import Extended
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.ui.run_seen import Seen

_NOTHING = "It costs nothing here."


def stop_terms(seen: Seen) -> Iterator[str]:
    """Of `tfinfra down`."""
    record, state = seen.record, seen.document["state"]
    if seen.found is not None and str(state["state"]) == "deleted":
        yield "Nothing of it is left in its cloud."
        return
    if seen.guests:
        yield f"Runs on its nodes are ended first: {', '.join(seen.guests)}."
    if seen.trials:
        yield "Its trials that are under way are ended, and no more are begun."
    if record is not None and is_alive(record.client):
        yield "The process that drives it is asked to end it: it stops the tasks and collects what they wrote."
    elif state["result"] is None:
        yield "Its tasks are stopped, and what they wrote is collected."
    if record is not None and record.on:
        yield f"Its outputs come home. The nodes stay: they are those of {record.on}."
        if record.trial is not None:
            yield "Its tune goes on with others."
        return
    if record is not None and record.fetched:
        yield "Its outputs are at home."
    else:
        yield "Its outputs come home first. Where they cannot, the group that holds them stays."
    if state["groups"]:
        yield f"Deleted, and verified to be gone: {', '.join(state['groups'])}."
    yield _saved(state["usd"], state["usd_per_hour"])
    yield "What is deleted cannot be brought back."


def _saved(usd: float, per_hour: float) -> str:
    if not usd and not per_hour:
        return _NOTHING
    saved = f", and {per_hour:.2f} USD an hour end with it" if per_hour else ""
    return f"It has cost {usd:.2f} USD so far at list price{saved}."


def extend_terms(terms: Extended) -> Iterator[str]:
    """Of `tfinfra extend`, as it would be now."""
    yield f"Its nodes are held until {terms.deadline}, instead of {terms.before}."
    if terms.deadline == terms.latest:
        yield "That is the latest time that its timer and nodes hold."
    yield f"That costs {terms.usd:.2f} USD at list price." if terms.usd else _NOTHING
    yield f"Outputs stay until {terms.keep_until}, as before."
