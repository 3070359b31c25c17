"""A tune's trials in words: one line for each thing that happens to one."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tfinfra.lifecycle.watch.tune_state import OVER, TrialState, TuneState
from tfinfra.model.tuning import Scalar
from tfinfra.text.wording import count, spell_seconds
from tfinfra.tuning.arguments import flag, trial_arguments


class TrialNews:
    """Tells states of one tune apart: what `of` gives was not so in the state before."""

    def __init__(self) -> None:
        self._told: dict[int, str] = {}
        self._best: int | None = None

    def of(self, state: TuneState) -> Iterator[tuple[TrialState, str]]:
        """Each trial that has begun or ended since, with the line that says so."""
        for trial in state.trials:
            if trial.state in ("waiting", self._told.get(trial.number)):
                continue
            self._told[trial.number] = trial.state
            is_new_best = trial.number == state.best != self._best and trial.state in OVER
            if is_new_best:
                self._best = state.best
            is_earlier = 0 < trial.number <= state.earlier
            yield trial, trial_line(trial, state.metric, is_best=is_new_best, is_earlier=is_earlier)


def trial_line(trial: TrialState, metric: str, *, is_best: bool = False, is_earlier: bool = False) -> str:
    """ "trial 7 succeeded after 12 s: validation_acc 0.9531, the best so far"; "trial 7 of the tune before …" of one
    that this tune has not lived itself."""
    text = f"trial {trial.number}{' of the tune before' if is_earlier else ''} {trial.state}"
    if trial.state not in OVER:
        return f"{text}: {parameters_text(trial.parameters)}" if trial.parameters else text
    if trial.began is not None and trial.ended is not None:
        text += f" after {spell_seconds(trial.ended - trial.began)}"
    value = f"{metric} {trial.best:.4g}" if trial.best is not None else ""
    said = ", ".join(filter(None, (value, "the best so far" if is_best else "")))
    return text + (f": {said}" if said else "") + (f"; {trial.why}" if trial.why else "")


def parameters_text(parameters: Mapping[str, Scalar]) -> str:
    """ "--learning-rate 0.001235 --batch-size 32": numbers with as many digits as a person reads."""
    return " ".join(f"{flag(name)} {value_shown(value)}" for name, value in parameters.items())


def parameters_to_paste(parameters: Mapping[str, Scalar]) -> str:
    """The same whole, as the script got them, in words for a shell."""
    return shlex.join(trial_arguments((), dict(parameters)))


def value_shown(value: Scalar) -> str:
    """A parameter's value in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def counted(states: Iterable[str]) -> str:
    """ "4 running, 7 succeeded, 1 failed", of the states or of a Counter of them."""
    counts = Counter(states)
    return ", ".join(f"{counts[state]} {state}" for state in ("running", "waiting", *OVER) if counts[state])


def closing_lines_of(tune: Mapping[str, Any], best_folder: str, manifest: str = "MANIFEST") -> Iterator[str]:
    """What a person reads last of a tune, by its part of the run's document: the best trial, its parameters as words to
    paste, where its files are, and how to go on. `manifest` is the word of a shell that names the file."""
    run, trials = tune["tune"], tune["trials"]
    best = next((trial for trial in trials if trial["number"] == tune["best"]), None)
    if best is not None:
        value = f"{tune['metric']} {float(best['best']):.6g}"
        yield f"  the best of {count(len(trials), 'trial')} is trial {best['number']}: {value}"
        yield f"    {parameters_to_paste(best['parameters'])}"
        yield f"    its files: {best_folder}"
    if trials:
        yield f"  trials: {counted(trial['state'] for trial in trials)}; `tfinfra runs --of {run}` lists them"
    if any(_is_left(trial, trials) for trial in trials):
        goes_on = f"`tfinfra tune {manifest} --resume {run}` goes on with what is left"
        if best is None and any(trial["state"] == "succeeded" for trial in trials):
            yield f"  once the script logs {tune['metric']}, {goes_on}"
            yield f"  with another tune.primary_metric_name, `tfinfra tune {manifest}` begins a new search"
        else:
            yield f"  {goes_on}"


def _is_left(trial: Mapping[str, Any], trials: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the trial was cut off, and its parameters were given to no later one."""
    later = (each for each in trials if each["number"] > trial["number"])
    cut_off = trial["state"] in ("cancelled", "lost")
    return cut_off and all(each["parameters"] != trial["parameters"] for each in later)
