"""The rows of the live view that show a tune's trials: what runs first, then the best, in as many as there is room
for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tfinfra.lifecycle.watch.trial_lines import counted, value_shown
from tfinfra.lifecycle.watch.tune_state import OVER, TrialState, TuneState
from tfinfra.text.cleaning import clean_line
from tfinfra.text.wording import shortened, spell_seconds

if TYPE_CHECKING:
    from rich.text import Text

TRIAL_COLORS = {"running": "cyan", "succeeded": "green", "terminated": "yellow", "limit": "yellow"}
TRIAL_COLORS |= dict.fromkeys(("failed", "error", "lost"), "red")
_LONGEST_NAME = 18
_LONGEST_VALUE = 24
_BEST = "*"


def tune_rows(state: TuneState, now: float, most: int) -> list[Text]:
    """At most `most` rows: a head, trials, and how many others there are. `now` in Unix seconds."""
    from rich.text import Text

    if most < 2 or not state.trials:
        return []
    shown = _chosen(state, most - 1)
    rest = state.states - Counter(trial.state for trial in shown)
    names = list(dict.fromkeys(name for trial in shown for name in trial.parameters))
    cells = [_cells(trial, state, names, now) for trial in shown]
    metric, *parameters = (shortened(clean_line(name.lstrip("-")), _LONGEST_NAME) for name in (state.metric, *names))
    head = ("", "TRIAL", "STATE", "TIME", metric, *parameters)
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    rows = [Text(_aligned(head, widths), "dim")]
    for trial, row in zip(shown, cells, strict=True):
        style = "bold green" if trial.number == state.best else TRIAL_COLORS.get(trial.state, "dim")
        rows.append(Text(_aligned(row, widths), style))
    return [*rows, Text(f"  and {rest.total()} more: {counted(rest)}", "dim")] if rest else rows


def _chosen(state: TuneState, room: int) -> list[TrialState]:
    """Those under way in their order, then the others from the best on; the best one is among them, whatever the
    room. Where some are left out a row is left for their number."""
    ended = (trial for trial in state.ranked if trial.state in OVER)
    ordered = [*state.going, *islice(ended, room)]
    if len(state.trials) <= room:
        return ordered
    best = state.best_trial
    shown = ordered[: room - 1]
    if best is not None and shown and best not in shown:
        shown = [*shown[:-1], best]
    return shown


def _cells(trial: TrialState, state: TuneState, names: Sequence[str], now: float) -> tuple[str, ...]:
    seconds = trial.seconds(now)
    value = trial.latest if trial.state not in OVER else trial.best
    parameters = (value_shown(trial.parameters[name]) if name in trial.parameters else "-" for name in names)
    return (
        _BEST if trial.number == state.best else "",
        str(trial.number),
        trial.state,
        spell_seconds(seconds) if seconds is not None else "-",
        f"{value:.4g}" if value is not None else "-",
        *(shortened(clean_line(parameter), _LONGEST_VALUE) for parameter in parameters),
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The mark and the state to the left, all else to the right."""
    mark, number, state, *others = cells
    _, wide_number, wide_state, *wide = widths
    columns = (f"{number:>{wide_number}}", f"{state:<{wide_state}}", *map(str.rjust, others, wide))
    return f"{mark or ' '} " + "  ".join(columns)
