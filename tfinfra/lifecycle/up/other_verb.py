"""What belongs to `tfinfra tune`, and what to `tfinfra up`: whoever takes one for the other hears it before anything is
touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.errors import UsageError
from tfinfra.lifecycle.run.options import UpOptions


def refuse_other_verb(manifest: Mapping[str, Any], options: UpOptions) -> None:
    """Raises UsageError for a tune that was begun as a run, or the other way round, and for what no tune can do."""
    if not options.tune:
        if manifest.get("tune") is not None:
            raise UsageError("the manifest has a `tune`: it searches, and is no single run", hint="use `tfinfra tune`")
        return
    if manifest.get("tune") is None:
        hint = "`tfinfra up` runs it once; `tfinfra explain tune` says what a search is made of"
        raise UsageError("the manifest has no `tune`: there is nothing to search", hint=hint)
    wrong = {
        "--detach": (
            options.detach,
            "this client asks the nodes for each trial, so it stays until the last",
            "run it in tmux or screen; `tfinfra tune --resume RUN` goes on with a tune whose client died",
        ),
        "--keep": (options.keep, "its nodes are a pool of trials, and take no further runs", None),
        "--on": (options.on is not None, "a tune has a pool of its own", None),
    }
    for name, (given, why, way_out) in wrong.items():
        if given:
            raise UsageError(f"a tune takes no {name}: {why}", way_out)
