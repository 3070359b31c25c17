"""Runs as the values that templates show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.lifecycle.watch.plain_view import as_last_time
from tfinfra.model.trials import trial_id
from tfinfra.reporting.spelling import moment
from tfinfra.text.wording import count, spell_seconds
from tfinfra.ui.run_seen import Seen
from tfinfra.ui.runs_table import Row

_TRIALS = 500
"""Links to trials on a tune's page, to the newest."""
_UNDER_WAY = ("provisioning", "training")


def together(trouble: str, at: float | None) -> str:
    """What keeps the newest away, and from when what is shown is."""
    if not trouble:
        return ""
    since = f"what is shown is of {moment(at)}" if at is not None else "what is shown is what this machine recorded"
    return f"{trouble[:1].upper()}{trouble[1:]}; {since}."


def row_values(row: Row, metric: str, now: float) -> dict[str, Any]:
    """A row of the table."""
    status = row.status
    return {
        "status": status,
        "on": row.on,
        "trials": count(row.trials, "trial") if row.trials else "",
        "unwatched": str(status.state) in _UNDER_WAY and not status.watched,
        "took": status.took(now),
        "cost": _cost(status.usd, status.max_cost_usd),
        "metric": metric,
    }


def _cost(usd: float, most: float | None) -> str:
    return f"{usd:.2f}" + (f" of {most:.2f}" if most is not None else "") + " USD"


def run_values(seen: Seen, now: float) -> dict[str, Any]:
    """The head of a run's page."""
    document, state = seen.document, seen.document["state"]
    waiting = document.get("waiting")
    wrong = [odd for odd in document.get("unreadable", ()) if odd not in state["message"]]
    record = seen.record
    return {
        "run": seen.run,
        "state": state,
        "waiting": waiting["text"] if waiting else "",
        "message": "\n".join((*filter(None, [state["message"]]), *wrong)),
        "hint": document.get("hint") or "",
        "facts": list(facts_of(seen, now)),
        "tasks": seen.tasks,
        "trials": [(number, trial_id(seen.run, number)) for number in seen.trials[-_TRIALS:]],
        "more_trials": max(0, len(seen.trials) - _TRIALS),
        "can_stop": bool(state["groups"]) or str(state["state"]) in ("starting", "provisioning"),
        "can_extend": str(state["state"]) == "held" and record is not None and record.latest is not None,
    }


def facts_of(seen: Seen, now: float) -> Iterator[tuple[str, str]]:
    """What its report does not say while it goes on, each with its name."""
    document, state = seen.document, seen.document["state"]
    if not state["ended"]:
        yield from _phase(document, now)
        if seen.metric is not None:
            yield "Metric", seen.metric_text
    if state["usd_per_hour"]:
        yield "Costs now", f"{state['usd_per_hour']:.2f} USD an hour"
    if state["groups"]:
        yield "Ends at the latest", state["deadline"]
        yield "Groups", ", ".join(state["groups"])
    if document.get("on"):
        yield "On the nodes of", document["on"]
    if seen.guests:
        yield "On its nodes", ", ".join(seen.guests)
    if state["results"]:
        yield "Results", state["results"]


def _phase(document: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    usual = document.get("usual_seconds", {})
    for phase in document.get("phases", ()):
        if phase["seconds"] is None and phase["began"] is not None:
            seconds = max(0.0, now - phase["began"])
            told = as_last_time(usual.get(phase["phase"]), seconds)
            yield f"Phase {phase['phase']}", spell_seconds(seconds) + (f", {told}" if told else "")
