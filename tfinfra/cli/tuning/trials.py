"""The trials of a tune as a table, for `runs --of`."""

from __future__ import annotations

from tfinfra.cli.tables import show_table
from tfinfra.cli.tuning.tune_rows import TRIAL_COLORS
from tfinfra.lifecycle.watch.trial_lines import value_shown
from tfinfra.lifecycle.watch.tune_state import TuneState
from tfinfra.text.wording import spell_seconds

BEST = "*"


def show_trials(state: TuneState, now: float, most: int) -> int:
    """The trials on stdout, the best first, at most so many (0: all); how many are not shown. `now` in Unix seconds."""
    ranked = state.ranked
    shown = ranked[:most] if most else ranked
    names = list(dict.fromkeys(name for trial in shown for name in trial.parameters))
    rows = [
        (
            trial.trial,
            BEST if trial.number == state.best else "",
            trial.state,
            "-" if trial.best is None else f"{trial.best:.6g}",
            "-" if (seconds := trial.seconds(now)) is None else spell_seconds(seconds),
            *(value_shown(trial.parameters[name]) if name in trial.parameters else "-" for name in names),
        )
        for trial in shown
    ]
    head = ("TRIAL", "BEST", "STATE", state.metric, "TOOK", *names)
    paint = {"STATE": lambda cell: TRIAL_COLORS.get(cell, ""), "BEST": lambda _: "bold green"}
    show_table(head, rows, paint, spare=("TOOK", *reversed(names)))
    return len(ranked) - len(shown)
