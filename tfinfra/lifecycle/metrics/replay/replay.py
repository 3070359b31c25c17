"""Sends what a run has logged to an MLflow: at a URL by its REST, into a file of SQLite by MLflow's own client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tfinfra.errors import NotFeasible, Result, UsageError
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.metrics.replay.mlflow_client import MlflowClient
from tfinfra.lifecycle.metrics.run_points import leader_of, run_logged
from tfinfra.lifecycle.metrics.sieve import Sieve, Wanted
from tfinfra.lifecycle.watch.home_points import is_of_node
from tfinfra.model import Logged
from tfinfra.system.clock import right_now
from tfinfra.system.progress import Progress
from tfinfra.tracking.on_the_way import others_can_read
from tfinfra.tracking.sending import Sender, Tracker, TrackingError
from tfinfra.tracking.server import TrackingServer

TOKEN = "MLFLOW_TRACKING_TOKEN"  # noqa: S105  the name that MLflow's own clients read it from
_STATUS = {Result.SUCCEEDED: "FINISHED", Result.CANCELLED: "KILLED"}
_LONG = 60.0  # seconds for an answer: nobody waits for it but who asked


def replay(found: FoundRun, uri: str, wanted: Wanted, progress: Progress) -> int:
    """How many of the wanted points were sent, with the remarks. What is there already stays one. Raises UsageError for
    what is no such place, or of which there is nothing, NotFeasible where it does not take them."""
    name = found.record.name if found.record is not None else found.run.rpartition("-")[0]
    with _tracker(uri, progress) as tracker:
        sender = Sender(tracker, name, found.run, leader_of(found), is_of_node)
        sieve = Sieve(found.run, wanted, is_of_node, leader_of(found))
        try:
            sender.send(_told(sieve.logged(run_logged(found)), progress))
            record = found.record
            if sender.sent and record is not None and record.result is not None:
                sender.end(_STATUS.get(record.result, "FAILED"), record.times.get("ended") or right_now())
        except TrackingError as error:
            hint = "the same command goes on later: what is there already stays one" if error.away else None
            raise NotFeasible(f"{uri} did not take the metrics of {found.run}: {error}", hint=hint) from error
    if sender.left_out is not None:
        progress(f"warning: {sender.left_out}")
    return sender.sent


@contextmanager
def _tracker(uri: str, progress: Progress) -> Iterator[Tracker]:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https") and parts.hostname:
        if parts.username or parts.password:
            raise UsageError("the URL holds a password, which shells and logs keep", hint=f"set {TOKEN} instead")
        token = os.environ.get(TOKEN)
        if token and others_can_read(uri):
            raise UsageError(f"{TOKEN} would travel where others can read it", hint="write https://, or unset it")
        yield TrackingServer(uri, token, _LONG)
    elif parts.scheme == "sqlite" and uri.startswith("sqlite:///") and len(uri) > len("sqlite:///"):
        with MlflowClient(uri, progress) as client:
            yield client
    else:
        hint = "write https://mlflow.example.com, or sqlite:///runs.db for a file in this folder"
        raise UsageError(f"'{uri}' is no place for metrics", hint=hint)


def _told(logged: Iterator[Logged], progress: Progress) -> Iterator[Logged]:
    for number, each in enumerate(logged, 1):
        if number % 100_000 == 0:
            progress(f"{number} points")
        yield each
